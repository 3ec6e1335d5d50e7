/** Tests the options of the whole broker: value, default, and what is said of a wrong value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from './config.ts';
import type { generalOptions } from './general-options.ts';
import { faultsOf, parseLines } from './test-config.ts';
import { countCase, flagCase, type OptionCase, textCase } from './test-option.ts';

describe('a general option', () => {
  const cases: Record<
    Exclude<keyof typeof generalOptions, 'per_listener_settings'>,
    OptionCase<keyof Config['general']>
  > = {
    allow_duplicate_messages: flagCase('allowDuplicateMessages', 'allow_duplicate_messages', false),
    check_retain_source: flagCase('checkRetainSource', 'check_retain_source', true),
    clientid_prefixes: textCase('clientidPrefixes', 'clientid_prefixes'),
    enable_control_api: flagCase('enableControlApi', 'enable_control_api', false),
    global_max_clients: countCase('globalMaxClients', 'global_max_clients', { fallback: -1 }),
    global_max_connections: countCase('globalMaxConnections', 'global_max_connections', {
      fallback: -1,
    }),
    log_facility: countCase('logFacility', 'log_facility', {
      fallback: undefined,
      value: 7,
      wrong: { 'log_facility 8': "Invalid 'log_facility' value (8)." },
    }),
    memory_limit: countCase('memoryLimit', 'memory_limit', {
      fallback: 0,
      value: 10_000_000_000,
      wrong: { 'memory_limit -1': "Invalid 'memory_limit' value (-1)." },
    }),
    message_size_limit: countCase('messageSizeLimit', 'message_size_limit', {
      fallback: 0,
      wrong: { 'message_size_limit 268435456': "Invalid 'message_size_limit' value (268435456)." },
    }),
    packet_buffer_size: countCase('packetBufferSize', 'packet_buffer_size', {
      fallback: 4096,
      wrong: {
        'packet_buffer_size 0': 'Packet buffer size must be between 1 and 65535 inclusive.',
        'packet_buffer_size 65536': 'Packet buffer size must be between 1 and 65535 inclusive.',
      },
    }),
    packet_max_auth: countCase('packetMaxAuth', 'packet_max_auth', { fallback: 100_000 }),
    packet_max_connect: countCase('packetMaxConnect', 'packet_max_connect', { fallback: 100_000 }),
    packet_max_simple: countCase('packetMaxSimple', 'packet_max_simple', { fallback: 10_000 }),
    packet_max_sub: countCase('packetMaxSub', 'packet_max_sub', { fallback: 100_000 }),
    retain_expiry_interval: countCase('retainExpiryInterval', 'retain_expiry_interval', {
      fallback: undefined,
      wrong: { 'retain_expiry_interval 0': 'retain_expiry_interval must be >= 1.' },
    }),
    user: textCase('user', 'user'),
    websockets_log_level: countCase('websocketsLogLevel', 'websockets_log_level', { fallback: 0 }),
    autosave_interval: countCase('autosaveInterval', 'autosave_interval', { fallback: 1800 }),
    autosave_on_changes: flagCase('autosaveOnChanges', 'autosave_on_changes', false),
    connection_messages: flagCase('connectionMessages', 'connection_messages', true),
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
    log_timestamp: flagCase('logTimestamp', 'log_timestamp', true),
    log_timestamp_format: {
      line: 'log_timestamp_format %Y-%m-%dT%H:%M:%S',
      setting: 'logTimestampFormat',
      value: '%Y-%m-%dT%H:%M:%S',
      default: undefined,
      wrong: { log_timestamp_format: "Empty 'log_timestamp_format' value in configuration." },
    },
    max_inflight_bytes: countCase('maxInflightBytes', 'max_inflight_bytes', { fallback: 0 }),
    max_inflight_messages: countCase('maxInflightMessages', 'max_inflight_messages', {
      fallback: 20,
      wrong: { 'max_inflight_messages 65536': "'max_inflight_messages' must be <= 65535." },
    }),
    max_keepalive: countCase('maxKeepalive', 'max_keepalive', {
      fallback: 0,
      wrong: {
        'max_keepalive -1': "Invalid 'max_keepalive' value (-1).",
        'max_keepalive 65536': "Invalid 'max_keepalive' value (65536).",
      },
    }),
    max_packet_size: countCase('maxPacketSize', 'max_packet_size', {
      fallback: 2_000_000,
      wrong: { 'max_packet_size 19': "'max_packet_size' must be >= 20." },
    }),
    max_queued_bytes: countCase('maxQueuedBytes', 'max_queued_bytes', { fallback: 0 }),
    max_queued_messages: countCase('maxQueuedMessages', 'max_queued_messages', { fallback: 1000 }),
    persistence: flagCase('persistence', 'persistence', false),
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
    queue_qos0_messages: flagCase('queueQos0Messages', 'queue_qos0_messages', false),
    retain_available: flagCase('retainAvailable', 'retain_available', true),
    set_tcp_nodelay: flagCase('setTcpNodelay', 'set_tcp_nodelay', false),
    sys_interval: countCase('sysInterval', 'sys_interval', {
      fallback: 10,
      wrong: {
        'sys_interval -1': "Invalid 'sys_interval' value (-1).",
        'sys_interval 65536': "Invalid 'sys_interval' value (65536).",
      },
    }),
    upgrade_outgoing_qos: flagCase('upgradeOutgoingQos', 'upgrade_outgoing_qos', false),
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

  it('is capped where Mosquitto caps it', () => {
    const { general } = parseLines('retain_expiry_interval 10000001');
    assert.equal(general.retainExpiryInterval, 10_000_000);
  });

  it('answers to its old name', () => {
    assert.equal(parseLines('websockets_headers_size 9').general.packetBufferSize, 9);
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
