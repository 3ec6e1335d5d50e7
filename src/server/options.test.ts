/** Tests every served option: its value, its default, and what is said of a wrong value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config, ListenerConfig } from './config.ts';
import type { generalOptions, listenerOptions } from './options.ts';
import { faultsOf, parseLines, unserved } from './test-config.ts';

describe('a general option', () => {
  interface Case {
    readonly line: string;
    readonly setting: keyof Config['general'];
    readonly value: unknown;
    readonly default: unknown;
    readonly wrong: Readonly<Record<string, string>>;
  }
  const flag = (setting: keyof Config['general'], name: string, fallback: unknown) =>
    ({
      line: `${name} ${fallback === true ? 'false' : 'true'}`,
      setting,
      value: fallback !== true,
      default: fallback,
      wrong: {
        [name]: `Empty '${name}' value in configuration.`,
        [`${name} yes`]: `Invalid '${name}' value (yes).`,
      },
    }) satisfies Case;
  const count = (
    setting: keyof Config['general'],
    name: string,
    { fallback, wrong = {} }: { fallback: number; wrong?: Record<string, string> },
  ) =>
    ({
      line: `${name} 77`,
      setting,
      value: 77,
      default: fallback,
      wrong: {
        [name]: `Empty '${name}' value in configuration.`,
        [`${name} many`]: `'${name}' value not a number.`,
        [`${name} 99999999999`]: `'${name}' value out of range.`,
        ...wrong,
      },
    }) satisfies Case;

  const cases: Record<keyof typeof generalOptions, Case> = {
    allow_anonymous: flag('allowAnonymous', 'allow_anonymous', undefined),
    allow_zero_length_clientid: flag('allowZeroLengthClientid', 'allow_zero_length_clientid', true),
    auto_id_prefix: {
      line: 'auto_id_prefix device # 7',
      setting: 'autoIdPrefix',
      value: 'device # 7',
      default: 'auto-',
      wrong: {
        auto_id_prefix: "Empty 'auto_id_prefix' value in configuration.",
        'auto_id_prefix \u{fffd}': 'Malformed UTF-8 in configuration.',
      },
    },
    autosave_interval: count('autosaveInterval', 'autosave_interval', { fallback: 1800 }),
    autosave_on_changes: flag('autosaveOnChanges', 'autosave_on_changes', false),
    connection_messages: flag('connectionMessages', 'connection_messages', true),
    durability: {
      line: 'durability os',
      setting: 'durability',
      value: 'os',
      default: 'sync',
      wrong: {
        durability: "Empty 'durability' value in configuration.",
        'durability disk': "Invalid 'durability' value (disk).",
      },
    },
    log_timestamp: flag('logTimestamp', 'log_timestamp', true),
    log_timestamp_format: {
      line: 'log_timestamp_format %Y-%m-%dT%H:%M:%S',
      setting: 'logTimestampFormat',
      value: '%Y-%m-%dT%H:%M:%S',
      default: undefined,
      wrong: { log_timestamp_format: "Empty 'log_timestamp_format' value in configuration." },
    },
    max_inflight_bytes: count('maxInflightBytes', 'max_inflight_bytes', { fallback: 0 }),
    max_inflight_messages: count('maxInflightMessages', 'max_inflight_messages', {
      fallback: 20,
      wrong: { 'max_inflight_messages 65536': "'max_inflight_messages' must be <= 65535." },
    }),
    max_keepalive: count('maxKeepalive', 'max_keepalive', {
      fallback: 0,
      wrong: {
        'max_keepalive -1': "Invalid 'max_keepalive' value (-1).",
        'max_keepalive 65536': "Invalid 'max_keepalive' value (65536).",
      },
    }),
    max_packet_size: count('maxPacketSize', 'max_packet_size', {
      fallback: 2_000_000,
      wrong: { 'max_packet_size 19': "'max_packet_size' must be >= 20." },
    }),
    max_queued_bytes: count('maxQueuedBytes', 'max_queued_bytes', { fallback: 0 }),
    max_queued_messages: count('maxQueuedMessages', 'max_queued_messages', { fallback: 1000 }),
    per_listener_settings: {
      line: 'per_listener_settings false',
      setting: 'perListenerSettings',
      value: false,
      default: false,
      wrong: { 'per_listener_settings true': unserved('per_listener_settings true') },
    },
    persistence: flag('persistence', 'persistence', false),
    persistence_file: {
      line: 'persistence_file state 1.mdb',
      setting: 'persistenceFile',
      value: 'state 1.mdb',
      default: 'pantala.mdb',
      wrong: {
        persistence_file: "Empty 'persistence_file' value in configuration.",
        ...Object.fromEntries(
          ['.', '..', '/', 'state/..'].map((value) => [
            `persistence_file ${value}`,
            `Invalid 'persistence_file' value (${value}).`,
          ]),
        ),
      },
    },
    persistence_location: {
      line: 'persistence_location /var/lib/pantala/',
      setting: 'persistenceLocation',
      value: '/var/lib/pantala/',
      default: undefined,
      wrong: { persistence_location: "Empty 'persistence_location' value in configuration." },
    },
    persistent_client_expiration: {
      line: 'persistent_client_expiration 14d',
      setting: 'persistentClientExpiration',
      value: 14 * 86_400,
      default: undefined,
      wrong: {
        persistent_client_expiration:
          "Empty 'persistent_client_expiration' value in configuration.",
        ...Object.fromEntries(
          ['0d', '5', 'd', '-1d', '1.5h', '1x', '2m3', '99999999999y'].map((value) => [
            `persistent_client_expiration ${value}`,
            "Invalid 'persistent_client_expiration' duration in configuration.",
          ]),
        ),
      },
    },
    pid_file: {
      line: 'pid_file /run/pantala one.pid',
      setting: 'pidFile',
      value: '/run/pantala one.pid',
      default: undefined,
      wrong: { pid_file: "Empty 'pid_file' value in configuration." },
    },
    queue_qos0_messages: flag('queueQos0Messages', 'queue_qos0_messages', false),
    retain_available: flag('retainAvailable', 'retain_available', true),
    set_tcp_nodelay: flag('setTcpNodelay', 'set_tcp_nodelay', false),
    sys_interval: count('sysInterval', 'sys_interval', {
      fallback: 10,
      wrong: {
        'sys_interval -1': "Invalid 'sys_interval' value (-1).",
        'sys_interval 65536': "Invalid 'sys_interval' value (65536).",
      },
    }),
    upgrade_outgoing_qos: flag('upgradeOutgoingQos', 'upgrade_outgoing_qos', false),
  };

  for (const [name, { line, setting, value, default: fallback, wrong }] of Object.entries(cases)) {
    it(`${name} is read, and has Mosquitto's default`, () => {
      assert.equal(parseLines(line).general[setting], value);
      assert.equal(parseLines('').general[setting], fallback);
    });
    for (const [text, message] of Object.entries(wrong)) {
      it(`${name} refuses '${text}': ${message}`, () => {
        assert.deepEqual(
          faultsOf(() => parseLines(text)).map((fault) => fault.message),
          [message],
        );
      });
    }
  }

  it('answers to its old name', () => {
    assert.equal(parseLines('retained_persistence true').general.persistence, true);
  });

  it('takes a negative interval as none', () => {
    assert.equal(parseLines('autosave_interval -5').general.autosaveInterval, 0);
  });

  it('takes a negative size as no limit', () => {
    const { general } = parseLines('max_queued_bytes -5', 'max_inflight_messages -1');
    assert.equal(general.maxQueuedBytes, 0);
    assert.equal(general.maxInflightMessages, 0);
  });

  it('counts durations in seconds', () => {
    const seconds = { '1s': 1, '1h': 3600, '1d': 86_400, '1w': 604_800, '1m': 2_592_000 };
    for (const [text, value] of Object.entries({ ...seconds, '1y': 31_536_000 })) {
      const { general } = parseLines(`persistent_client_expiration ${text}`);
      assert.equal(general.persistentClientExpiration, value);
    }
  });

  it('with a text may be given once', () => {
    assert.deepEqual(
      faultsOf(() => parseLines('pid_file a', 'pid_file b')).map(({ line, message }) => [
        line,
        message,
      ]),
      [[2, "Duplicate 'pid_file' value in configuration."]],
    );
  });

  it('with a flag may be given again: the last one counts', () => {
    assert.equal(
      parseLines('retain_available false', 'retain_available 1').general.retainAvailable,
      true,
    );
  });
});

describe('a listener option', () => {
  const outOfRange = (name: string) => `Invalid '${name}' value in configuration.`;
  const cases: Record<
    keyof typeof listenerOptions,
    {
      readonly line: string;
      readonly setting: keyof ListenerConfig;
      readonly value: unknown;
      readonly default: unknown;
      readonly wrong: Readonly<Record<string, string>>;
    }
  > = {
    listener_allow_anonymous: {
      line: 'listener_allow_anonymous true',
      setting: 'allowAnonymous',
      value: true,
      default: false,
      wrong: { 'listener_allow_anonymous ?': "Invalid 'listener_allow_anonymous' value (?)." },
    },
    max_connections: {
      line: 'max_connections 5',
      setting: 'maxConnections',
      value: 5,
      default: -1,
      wrong: { 'max_connections few': "'max_connections' value not a number." },
    },
    max_qos: {
      line: 'max_qos 1',
      setting: 'maxQos',
      value: 1,
      default: 2,
      wrong: {
        'max_qos 3': "'max_qos' must be between 0 and 2 inclusive.",
        'max_qos -1': "'max_qos' must be between 0 and 2 inclusive.",
      },
    },
    max_topic_alias: {
      line: 'max_topic_alias 0',
      setting: 'maxTopicAlias',
      value: 0,
      default: 10,
      wrong: { 'max_topic_alias 65536': outOfRange('max_topic_alias') },
    },
    max_topic_alias_broker: {
      line: 'max_topic_alias_broker 65535',
      setting: 'maxTopicAliasBroker',
      value: 65_535,
      default: 10,
      wrong: { 'max_topic_alias_broker -1': outOfRange('max_topic_alias_broker') },
    },
    protocol: {
      line: 'protocol mqtt',
      setting: 'protocol',
      value: 'mqtt',
      default: 'mqtt',
      wrong: {
        'protocol websockets': unserved('protocol websockets'),
        'protocol smtp': "Invalid 'protocol' value (smtp).",
      },
    },
    socket_domain: {
      line: 'socket_domain ipv6',
      setting: 'socketDomain',
      value: 'ipv6',
      default: undefined,
      wrong: { 'socket_domain ipv5': "Invalid 'socket_domain' value 'ipv5' in configuration." },
    },
  };

  for (const [name, { line, setting, value, default: fallback, wrong }] of Object.entries(cases)) {
    it(`${name} is read, and has Mosquitto's default`, () => {
      assert.equal(listenerOf(line)[setting], value);
      assert.equal(listenerOf()[setting], fallback);
    });
    for (const [text, message] of Object.entries(wrong)) {
      it(`${name} refuses '${text}': ${message}`, () => {
        const faults = faultsOf(() => parseLines('listener 1883', text));
        assert.deepEqual(
          faults.map((fault) => [fault.line, fault.message]),
          [[2, message]],
        );
      });
    }
  }

  it('applies to the listener above it', () => {
    const { listeners } = parseLines(
      'listener 1883',
      'max_qos 0',
      'listener 1884 192.0.2.1',
      'max_connections 3',
    );
    assert.deepEqual(
      listeners.map(({ port, host, maxQos, maxConnections }) => [
        port,
        host,
        maxQos,
        maxConnections,
      ]),
      [
        [1883, undefined, 0, -1],
        [1884, '192.0.2.1', 2, 3],
      ],
    );
  });

  it('takes fewer than no connections as no limit', () => {
    assert.equal(listenerOf('max_connections -7').maxConnections, -1);
  });

  it('answers to its old name', () => {
    assert.equal(listenerOf('maximum_qos 1').maxQos, 1);
  });

  for (const name of ['max_topic_alias', 'max_topic_alias_broker', 'listener_allow_anonymous']) {
    it(`${name} requires a listener above it`, () => {
      const [fault] = faultsOf(() => parseLines(`${name} 1`));
      assert.equal(fault.message, `The '${name}' option requires a listener to be defined first.`);
    });
  }

  it('is not blamed for the listener above it', () => {
    const faults = faultsOf(() => parseLines('listener 99999', 'max_topic_alias 1'));
    assert.deepEqual(
      faults.map(({ line }) => line),
      [1],
    );
  });
});

/** One listener, and the lines below it. */
function listenerOf(...lines: string[]): ListenerConfig {
  return parseLines('listener 1883', ...lines).listeners[0];
}
