/** Tests the reading of mosquitto.conf: listeners, syntax, faults and included files. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StateSettings } from './config.ts';
import { type ConfigFiles, defaultConfig, loadConfig, parseConfig } from './config-file.ts';
import { findOption } from './options.ts';
import { faultsOf, parseLines, unserved } from './test-config.ts';
import { unservedOptions } from './unserved-options.ts';

const file = 'pantala.conf';

describe('listeners', () => {
  const wrong: Record<string, string> = {
    listener: "Empty 'listener port' value in configuration.",
    'listener mqtt': "'listener port' value not a number.",
    'listener 65536': "Invalid 'port' value (65536).",
    'listener -1': "Invalid 'port' value (-1).",
    'listener 0': 'A listener with port 0 must provide a Unix socket path.',
    'listener 1883 bad!address': "Invalid 'listener' address (bad!address).",
    port: "Empty 'port' value in configuration.",
    'port 0': "Invalid 'port' value (0).",
    bind_address: "Empty 'bind_address' value in configuration.",
  };
  for (const [line, message] of Object.entries(wrong)) {
    it(`refuse '${line}': ${message}`, () => {
      assert.deepEqual(
        faultsOf(() => parseLines(line)).map((fault) => fault.message),
        [message],
      );
    });
  }

  it('may be bound to an address or a host name', () => {
    for (const host of ['192.0.2.1', '::1', 'localhost', 'broker.example.org']) {
      assert.equal(parseLines(`listener 1883 ${host}`).listeners[0].host, host);
    }
    assert.equal(parseLines('listener 1883 # everywhere').listeners[0].host, undefined);
  });

  it('refuse anonymous clients unless told otherwise, and say so', () => {
    const config = parseLines('listener 1883');
    assert.equal(config.localOnly, false);
    assert.equal(config.listeners[0].access.allowAnonymous, false);
    assert.match(config.notes[0].text, /No client can connect on port 1883.*allow_anonymous true/);
  });

  it('are told of when two of them cannot both be opened', () => {
    const twins = (...lines: string[]) =>
      parseLines('allow_anonymous true', ...lines).notes.map(({ text }) => text);
    const [warning] = twins('listener 1999', 'listener 1999');
    assert.match(warning, /Two listeners have port 1999.*give the other another port, or remove/);
    assert.match(twins('listener 0 /run/s', 'listener 0 /run/s')[0], /the Unix socket \/run\/s/);
    assert.deepEqual(twins('listener 1999 ::1', 'listener 1999 127.0.0.1', 'listener 1998'), []);
    const domains = ['listener 1999', 'socket_domain ipv4', 'listener 1999', 'socket_domain ipv6'];
    assert.deepEqual(twins(...domains), []);
  });

  it('accept everyone with allow_anonymous true, wherever that stands', () => {
    const config = parseLines('listener 1883', 'allow_anonymous true', 'listener 1884');
    assert.deepEqual(
      config.listeners.map(({ access }) => access.allowAnonymous),
      [true, true],
    );
    assert.deepEqual(config.notes, []);
  });

  it('may each have their own say on anonymous clients', () => {
    const { listeners } = parseLines(
      'allow_anonymous true',
      'listener 1883',
      'listener_allow_anonymous false',
      'listener 1884',
    );
    assert.deepEqual(
      listeners.map(({ access }) => access.allowAnonymous),
      [false, true],
    );
  });

  it('include a default one, made by port and bind_address', () => {
    const { listeners, localOnly, notes } = parseLines(
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
    assert.match(notes[0].text, /'port' option is deprecated\. Use 'listener PORT'/);
    assert.match(notes[1].text, /'bind_address' option is deprecated/);
  });

  it('take the last of several ports for the default one', () => {
    const { listeners } = parseLines('port 1900', 'port 1901');
    assert.deepEqual(
      listeners.map(({ port }) => port),
      [1901],
    );
  });
});

describe('without a listener', () => {
  it('only this machine can connect, and anybody on it', () => {
    for (const config of [defaultConfig(), parseLines('')]) {
      assert.equal(config.localOnly, true);
      assert.deepEqual(
        config.listeners.map(({ port, host, access }) => [port, host, access.allowAnonymous]),
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
    const config = parseLines('max_connections 2', 'socket_domain ipv4', 'allow_anonymous false');
    assert.deepEqual(
      config.listeners.map(({ host, maxConnections, access }) => [
        host,
        maxConnections,
        access.allowAnonymous,
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

describe('state', () => {
  const check = (lines: readonly string[], state: Partial<StateSettings> | undefined) => {
    const { state: actual } = parseLines('listener 1883', 'allow_anonymous true', ...lines);
    const common = { directory: '.', file: 'pantala.mdb', durability: 'sync', isDefault: false };
    assert.deepEqual(actual, state === undefined ? undefined : { ...common, ...state });
  };
  const notesOf = (...lines: string[]) =>
    parseLines('listener 1883', 'allow_anonymous true', ...lines).notes;

  it('is in memory alone unless a file says otherwise', () => {
    check([], undefined);
    check(['persistence false'], undefined);
    check(['persistence_location /var/lib/pantala', 'persistence_file a.mdb'], undefined);
  });

  it('is kept in the working directory by default', () => {
    check(['persistence true'], {});
    check(['retained_persistence 1'], {});
  });

  it('is kept where the location says, with and without a slash at its end', () => {
    for (const location of ['/var/lib/pantala', '/var/lib/pantala/']) {
      const state = { directory: join('/', 'var', 'lib', 'pantala') };
      check(['persistence true', `persistence_location ${location}`], state);
    }
    check(['persistence_location state', 'persistence true'], { directory: 'state' });
  });

  it('is kept in the file that is named, which goes on from the location', () => {
    check(['persistence true', 'persistence_file a'], { file: 'a' });
    check(['persistence true', 'persistence_file a/b'], { directory: 'a', file: 'b' });
    check(['persistence true', 'persistence_file /a/b'], { directory: join('/', 'a'), file: 'b' });
    check(['persistence true', 'persistence_location /x/', 'persistence_file a/b'], {
      directory: join('/', 'x', 'a'),
      file: 'b',
    });
  });

  it('is as safe as the file says', () => {
    check(['persistence true', 'durability none'], { durability: 'none' });
  });

  it('has nothing to autosave, and the log says so once', () => {
    const autosave = ['autosave_interval 60', 'autosave_on_changes true'];
    assert.deepEqual(notesOf('persistence true', ...autosave), [
      {
        type: 'information',
        text: 'There is nothing to autosave: every change is stored as it happens.',
      },
    ]);
    assert.equal(notesOf('autosave_on_changes false', 'persistence true').length, 1);
    assert.deepEqual(notesOf(...autosave), []);
    assert.deepEqual(notesOf('persistence true'), []);
  });

  it('has no durability in memory, and the log warns of that', () => {
    const warning = "Warning: 'durability' has no effect without 'persistence true'.";
    assert.deepEqual(notesOf('durability sync'), [{ type: 'warning', text: warning }]);
    assert.deepEqual(notesOf('durability sync', 'persistence true'), []);
  });

  it('is kept where the platform has a place for it when there is no file', () => {
    const { state } = defaultConfig([1884], { platform: 'linux', env: {}, home: '/home/ada' });
    assert.deepEqual(state, {
      directory: '/home/ada/.local/state/pantala/1884',
      file: 'pantala.mdb',
      durability: 'sync',
      isDefault: true,
    });
  });

  it('is in memory alone for a user without a home, and the log warns of that', () => {
    const { state, notes } = defaultConfig([], { platform: 'linux', env: {}, home: '' });
    assert.equal(state, undefined);
    assert.match(notes.at(-1)?.text ?? '', /^Warning: A restart will forget sessions/);
  });
});

describe('the syntax', () => {
  it('knows comments, empty lines, tabs, CRLF, a byte order mark and trailing spaces', () => {
    const config = parseConfig(
      '\u{feff}# comment\r\n\r\n   # indented\r\n' +
        '\tmax_keepalive\t 60  \r\nsys_interval 5 # often\r\n',
      file,
    );
    assert.equal(config.general.maxKeepalive, 60);
    assert.equal(config.general.sysInterval, 5);
  });

  it('keeps quotes in a value', () => {
    const [{ access }] = parseLines('auto_id_prefix "a"').listeners;
    assert.equal(access.autoIdPrefix, '"a"');
  });

  it('guesses what an unknown name was meant to be', () => {
    const faults = faultsOf(() => parseLines('max_qoss 1', 'constructor 1', '__proto__ 1'));
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
      const faults = faultsOf(() => parseLines(...names.map((name) => `${name} x`)));
      assert.deepEqual(
        faults.map(({ message }) => message),
        names.map(unserved),
      );
    });
  }

  it('passes over what is not served and is off', () => {
    parseLines('listener 1883', 'mptcp false', 'allow_anonymous true');
    const [fault, ...others] = faultsOf(() => parseLines('listener 1883', 'mptcp true'));
    assert.equal(fault.message, unserved('mptcp'));
    assert.deepEqual(others, []);
  });

  it('passes over what Mosquitto has given up', () => {
    const { notes } = parseLines('retry_interval 20');
    assert.equal(notes[0].text, "Warning: The 'retry_interval' option is no longer available.");
  });

  it('names the option whose value is missing, and not a part of it', () => {
    const [{ remedy }] = faultsOf(() => parseLines('listener'));
    assert.equal(remedy, "Write a value after 'listener' or remove the line.");
  });

  it('has no name both served and not served', () => {
    const both = unservedOptions.flatMap(({ options }) =>
      Object.keys(options).filter((name) => findOption(name)?.scope !== 'unserved'),
    );
    assert.deepEqual(both, []);
  });
});

describe('a ConfigError', () => {
  it('has every fault, with file, line and remedy', () => {
    assert.throws(() => parseLines('max_qos 9', 'fine_option', 'tls_engine pkcs11'), {
      name: 'ConfigError',
      message: [
        "Error: 'max_qos' must be between 0 and 2 inclusive.",
        'Error found at pantala.conf:1. Write a number from 0 to 2.',
        "Error: Unknown configuration variable 'fine_option'.",
        'Error found at pantala.conf:2. See docs/configuration.md for all names.',
        `Error: ${unserved('tls_engine')}`,
        'Error found at pantala.conf:3. Write the private key to a PEM file and name that in ' +
          'keyfile. What is served stands in docs/configuration.md.',
      ].join('\n'),
    });
  });

  it('stops at a hundred faults', () => {
    assert.equal(faultsOf(() => parseLines('x\n'.repeat(1000))).length, 100);
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
    const without = filesWithout(files, '2.conf');
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
