/** Tests the reading of mosquitto.conf: every served option, and every way to get one wrong. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, ConfigError, type ConfigFault, type ListenerConfig } from './config.ts';
import { type ConfigFiles, defaultConfig, loadConfig, parseConfig } from './config-file.ts';
import { allLogTypes, defaultLogTypes } from './log-type.ts';
import { generalOptions, listenerOptions, structureOptions } from './options.ts';
import { unservedOptions } from './unserved-options.ts';
import { version } from './version.ts';

const file = 'pantala.conf';

function parse(...lines: string[]): Config {
  return parseConfig(lines.join('\n'), file);
}

function faultsOf(act: () => Config): readonly ConfigFault[] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  assert.fail('the configuration was accepted');
}

/** One listener, and the lines below it. */
function listenerOf(...lines: string[]): ListenerConfig {
  return parse('listener 1883', ...lines).listeners[0];
}

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
    connection_messages: flag('connectionMessages', 'connection_messages', true),
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
    persistence: {
      line: 'persistence false',
      setting: 'persistence',
      value: false,
      default: false,
      wrong: { 'persistence true': unserved('persistence true') },
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
      assert.equal(parse(line).general[setting], value);
      assert.equal(parse('').general[setting], fallback);
    });
    for (const [text, message] of Object.entries(wrong)) {
      it(`${name} refuses '${text}': ${message}`, () => {
        assert.deepEqual(
          faultsOf(() => parse(text)).map((fault) => fault.message),
          [message],
        );
      });
    }
  }

  it('takes a negative size as no limit', () => {
    const { general } = parse('max_queued_bytes -5', 'max_inflight_messages -1');
    assert.equal(general.maxQueuedBytes, 0);
    assert.equal(general.maxInflightMessages, 0);
  });

  it('counts durations in seconds', () => {
    const seconds = { '1s': 1, '1h': 3600, '1d': 86_400, '1w': 604_800, '1m': 2_592_000 };
    for (const [text, value] of Object.entries({ ...seconds, '1y': 31_536_000 })) {
      const { general } = parse(`persistent_client_expiration ${text}`);
      assert.equal(general.persistentClientExpiration, value);
    }
  });

  it('with a text may be given once', () => {
    assert.deepEqual(
      faultsOf(() => parse('pid_file a', 'pid_file b')).map(({ line, message }) => [line, message]),
      [[2, "Duplicate 'pid_file' value in configuration."]],
    );
  });

  it('with a flag may be given again: the last one counts', () => {
    assert.equal(
      parse('retain_available false', 'retain_available 1').general.retainAvailable,
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
        const faults = faultsOf(() => parse('listener 1883', text));
        assert.deepEqual(
          faults.map((fault) => [fault.line, fault.message]),
          [[2, message]],
        );
      });
    }
  }

  it('applies to the listener above it', () => {
    const { listeners } = parse(
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
      const [fault] = faultsOf(() => parse(`${name} 1`));
      assert.equal(fault.message, `The '${name}' option requires a listener to be defined first.`);
    });
  }

  it('is not blamed for the listener above it', () => {
    const faults = faultsOf(() => parse('listener 99999', 'max_topic_alias 1'));
    assert.deepEqual(
      faults.map(({ line }) => line),
      [1],
    );
  });
});

describe('listeners', () => {
  const wrong: Record<string, string> = {
    listener: "Empty 'listener port' value in configuration.",
    'listener mqtt': "'listener port' value not a number.",
    'listener 65536': "Invalid 'port' value (65536).",
    'listener -1': "Invalid 'port' value (-1).",
    'listener 0': 'A listener with port 0 must provide a Unix socket path.',
    'listener 0 /run/pantala.sock': unserved('listener 0 PATH'),
    'listener 1883 bad!address': "Invalid 'listener' address (bad!address).",
    port: "Empty 'port' value in configuration.",
    'port 0': "Invalid 'port' value (0).",
    bind_address: "Empty 'bind_address' value in configuration.",
  };
  for (const [line, message] of Object.entries(wrong)) {
    it(`refuse '${line}': ${message}`, () => {
      assert.deepEqual(
        faultsOf(() => parse(line)).map((fault) => fault.message),
        [message],
      );
    });
  }

  it('may be bound to an address or a host name', () => {
    for (const host of ['192.0.2.1', '::1', 'localhost', 'broker.example.org']) {
      assert.equal(parse(`listener 1883 ${host}`).listeners[0].host, host);
    }
    assert.equal(parse('listener 1883 # everywhere').listeners[0].host, undefined);
  });

  it('refuse anonymous clients unless told otherwise, and say so', () => {
    const config = parse('listener 1883');
    assert.equal(config.localOnly, false);
    assert.equal(config.listeners[0].allowAnonymous, false);
    assert.match(config.notes[0].text, /No client can connect on port 1883.*allow_anonymous true/);
  });

  it('accept everyone with allow_anonymous true, wherever that stands', () => {
    const config = parse('listener 1883', 'allow_anonymous true', 'listener 1884');
    assert.deepEqual(
      config.listeners.map(({ allowAnonymous }) => allowAnonymous),
      [true, true],
    );
    assert.deepEqual(config.notes, []);
  });

  it('may each have their own say on anonymous clients', () => {
    const { listeners } = parse(
      'allow_anonymous true',
      'listener 1883',
      'listener_allow_anonymous false',
      'listener 1884',
    );
    assert.deepEqual(
      listeners.map(({ allowAnonymous }) => allowAnonymous),
      [false, true],
    );
  });

  it('include a default one, made by port and bind_address', () => {
    const { listeners, localOnly, notes } = parse(
      'port 1999',
      'bind_address 192.0.2.7',
      'max_qos 1',
      'listener 1884',
    );
    assert.equal(localOnly, false);
    assert.deepEqual(
      listeners.map(({ port, host, maxQos }) => [port, host, maxQos]),
      [
        [1999, '192.0.2.7', 1],
        [1884, undefined, 2],
      ],
    );
    assert.match(notes[0].text, /'port' option is deprecated/);
    assert.match(notes[1].text, /'bind_address' option is deprecated/);
  });

  it('take the last of several ports for the default one', () => {
    const { listeners } = parse('port 1900', 'port 1901');
    assert.deepEqual(
      listeners.map(({ port }) => port),
      [1901],
    );
  });
});

describe('without a listener', () => {
  it('only this machine can connect, and anybody on it', () => {
    for (const config of [defaultConfig(), parse('')]) {
      assert.equal(config.localOnly, true);
      assert.deepEqual(
        config.listeners.map(({ port, host, allowAnonymous }) => [port, host, allowAnonymous]),
        [
          [1883, '127.0.0.1', true],
          [1883, '::1', true],
        ],
      );
      assert.match(config.notes[0].text, /^Starting in local only mode\./);
    }
  });

  it('the ports of the command line are opened', () => {
    const config = parseConfig('', file, { ports: [2000, 2001] });
    assert.deepEqual(
      config.listeners.map(({ port, host }) => `${host} ${port}`),
      ['127.0.0.1 2000', '::1 2000', '127.0.0.1 2001', '::1 2001'],
    );
  });

  it('listener options still count', () => {
    const config = parse('max_connections 2', 'socket_domain ipv4', 'allow_anonymous false');
    assert.deepEqual(
      config.listeners.map(({ host, maxConnections, allowAnonymous }) => [
        host,
        maxConnections,
        allowAnonymous,
      ]),
      [['127.0.0.1', 2, false]],
    );
  });

  it('but with one the ports of the command line are ignored, and the log says so', () => {
    const config = parseConfig('listener 1883\nallow_anonymous true', file, { ports: [2000] });
    assert.deepEqual(
      config.listeners.map(({ port }) => port),
      [1883],
    );
    assert.match(config.notes[0].text, /-p is ignored/);
  });
});

describe('log_dest', () => {
  it('is stderr by default', () => {
    const { stderr, stdout, topic, file: logFile } = parse('').log;
    assert.deepEqual([stderr, stdout, topic, logFile], [true, false, false, undefined]);
  });

  it('adds up', () => {
    const { log } = parse('log_dest stdout', 'log_dest topic', 'log_dest file /var/log/a b.log');
    assert.deepEqual(
      [log.stderr, log.stdout, log.topic, log.file],
      [false, true, true, '/var/log/a b.log'],
    );
  });

  it('none forgets those before it', () => {
    const { log } = parse('log_dest stdout', 'log_dest none');
    assert.deepEqual([log.stderr, log.stdout], [false, false]);
  });

  const wrong: Record<string, string> = {
    log_dest: "Empty 'log_dest' value in configuration.",
    'log_dest printer': "Invalid 'log_dest' value (printer).",
    'log_dest file': 'Empty "log_dest file" value in configuration.',
    'log_dest file a\nlog_dest file b': 'Duplicate "log_dest file" value.',
    'log_dest syslog': unserved('log_dest syslog'),
    'log_dest dlt': unserved('log_dest dlt'),
  };
  for (const [text, message] of Object.entries(wrong)) {
    it(`refuses ${JSON.stringify(text)}: ${message}`, () => {
      assert.equal(faultsOf(() => parse(text))[0].message, message);
    });
  }
});

describe('log_type', () => {
  it('is error, warning, notice and information by default', () => {
    assert.deepEqual(parse('').log.types, defaultLogTypes);
  });

  it('adds up', () => {
    const { types } = parse('log_type error', 'log_type subscribe').log;
    assert.deepEqual([...types], ['error', 'subscribe']);
  });

  it('all is every one, none is nothing', () => {
    assert.deepEqual(parse('log_type all').log.types, allLogTypes);
    assert.deepEqual([...parse('log_type error', 'log_type none').log.types], []);
  });

  it('refuses what it does not know', () => {
    const [fault] = faultsOf(() => parse('log_type gossip'));
    assert.equal(fault.message, "Invalid 'log_type' value (gossip).");
    assert.match(fault.remedy, /subscribe/);
  });
});

describe('the syntax', () => {
  it('knows comments, empty lines, tabs, CRLF, a byte order mark and trailing spaces', () => {
    const config = parseConfig(
      '\u{feff}# comment\r\n\r\n   # indented\r\n\tmax_keepalive\t 60  \r\nsys_interval 5 # often\r\n',
      file,
    );
    assert.equal(config.general.maxKeepalive, 60);
    assert.equal(config.general.sysInterval, 5);
  });

  it('keeps quotes in a value', () => {
    assert.equal(parse('auto_id_prefix "a"').general.autoIdPrefix, '"a"');
  });

  it('guesses what an unknown name was meant to be', () => {
    const faults = faultsOf(() => parse('max_qoss 1', 'constructor 1', '__proto__ 1'));
    assert.deepEqual(
      faults.map(({ message, remedy }) => `${message} ${remedy}`),
      [
        "Unknown configuration variable 'max_qoss'. Did you mean 'max_qos'?",
        "Unknown configuration variable 'constructor'. See docs/configuration.md for all names.",
        "Unknown configuration variable '__proto__'. See docs/configuration.md for all names.",
      ],
    );
  });

  for (const [title, names] of Object.entries(unservedByTitle())) {
    it(`knows, and does not serve yet: ${title}`, () => {
      const faults = faultsOf(() => parse(...names.map((name) => `${name} x`)));
      assert.deepEqual(
        faults.map(({ message }) => message),
        names.map(unserved),
      );
    });
  }

  it('passes over what Mosquitto has given up', () => {
    const { notes } = parse('retry_interval 20');
    assert.equal(notes[0].text, "Warning: The 'retry_interval' option is no longer available.");
  });

  it('has no name both served and not served', () => {
    const served = { ...generalOptions, ...listenerOptions, ...structureOptions };
    const both = unservedOptions.flatMap(({ options }) =>
      Object.keys(options).filter((name) => name in served),
    );
    assert.deepEqual(both, []);
  });
});

describe('a ConfigError', () => {
  it('has every fault, with file, line and remedy', () => {
    assert.throws(() => parse('max_qos 9', 'fine_option', 'cafile ca.pem'), {
      name: 'ConfigError',
      message: [
        "Error: 'max_qos' must be between 0 and 2 inclusive.",
        'Error found at pantala.conf:1. Write a number from 0 to 2.',
        "Error: Unknown configuration variable 'fine_option'.",
        'Error found at pantala.conf:2. See docs/configuration.md for all names.',
        `Error: ${unserved('cafile')}`,
        'Error found at pantala.conf:3. ' +
          'Remove the line, or see docs/configuration.md for what is served.',
      ].join('\n'),
    });
  });

  it('stops at a hundred faults', () => {
    assert.equal(faultsOf(() => parse('x\n'.repeat(1000))).length, 100);
  });
});

describe('files', () => {
  const disk = (contents: Record<string, string>): ConfigFiles => ({
    read(path) {
      if (path in contents) return contents[path];
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    list(directory) {
      const names = Object.keys(contents).filter((path) => path.startsWith(`${directory}/`));
      if (names.length > 0) return names.map((path) => path.slice(directory.length + 1));
      throw Object.assign(new Error('no such directory'), { code: 'ENOENT' });
    },
  });

  it('that cannot be opened are named', () => {
    const [fault] = faultsOf(() => loadConfig('nope.conf', { files: disk({}) }));
    assert.equal(fault.message, "Unable to open config file 'nope.conf'.");
    assert.equal(fault.line, undefined);
    assert.match(fault.remedy, /ENOENT/);
  });

  it('that are directories are named', () => {
    const [fault] = faultsOf(() => loadConfig('.'));
    assert.equal(fault.message, "Config file '.' is a directory.");
  });

  it('are included in alphabetical order, capitals first within a letter', () => {
    const names = ['b', 'A', '01', 'a', 'B', '00'].map((name) => [`conf.d/${name}.conf`, '']);
    const files = disk({
      main: 'include_dir conf.d',
      ...Object.fromEntries(names),
      'conf.d/c.conf.bak': 'nonsense',
    });
    const { notes } = loadConfig('main', { files });
    assert.deepEqual(
      notes.filter(({ text }) => text.startsWith('Loading')).map(({ text }) => text),
      ['00', '01', 'A', 'a', 'B', 'b'].map((name) => `Loading config file 'conf.d/${name}.conf'`),
    );
  });

  it('that are included count as if they stood in the main file', () => {
    const files = disk({ main: 'include_dir d', 'd/1.conf': 'sys_interval 1\nlistener 1999' });
    const config = loadConfig('main', { files });
    assert.equal(config.general.sysInterval, 1);
    assert.equal(config.listeners[0].port, 1999);
  });

  it('that are included do not see the listener around them, nor show theirs', () => {
    const files = disk({
      main: 'listener 1883\ninclude_dir d\nmax_qos 1',
      'd/1.conf': 'listener 1884\nmax_qos 0',
      'd/2.conf': 'max_topic_alias 1',
    });
    const [fault] = faultsOf(() => loadConfig('main', { files }));
    assert.equal(fault.file, 'd/2.conf');
    const without = { ...disk({}), ...filesWithout(files, '2.conf') };
    assert.deepEqual(
      loadConfig('main', { files: without }).listeners.map(({ port, maxQos }) => [port, maxQos]),
      [
        [1883, 1],
        [1884, 0],
      ],
    );
  });

  it('that are included may not include others', () => {
    const files = disk({ main: 'include_dir d', 'd/1.conf': '\ninclude_dir e' });
    const [fault] = faultsOf(() => loadConfig('main', { files }));
    assert.deepEqual(
      [fault.file, fault.line, fault.message],
      ['d/1.conf', 2, 'The include_dir option is only valid in the main configuration file.'],
    );
  });

  it('are included from a directory that exists', () => {
    const files = disk({ main: 'include_dir nowhere\ninclude_dir' });
    assert.deepEqual(
      faultsOf(() => loadConfig('main', { files })).map(({ message }) => message),
      ["Unable to open include_dir 'nowhere'.", "Empty 'include_dir' value in configuration."],
    );
  });
});

function unserved(name: string): string {
  return `Option '${name}' is not served yet by pantala ${version}.`;
}

function unservedByTitle(): Record<string, string[]> {
  return Object.fromEntries(
    unservedOptions.map(({ title, options }) => [
      title,
      Object.keys(options).map((name) => name.replace('*', 'something')),
    ]),
  );
}

function filesWithout(files: ConfigFiles, name: string): ConfigFiles {
  return { read: files.read, list: (dir) => files.list(dir).filter((entry) => entry !== name) };
}
