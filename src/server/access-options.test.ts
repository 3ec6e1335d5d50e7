/** Tests who may come in where, and which plugins are asked, as a configuration has it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessConfig } from './config.ts';
import type { AccessOptionName } from './options.ts';
import { faultsOf, parseLines } from './test-config.ts';
import { flagCase, type OptionCase, textCase } from './test-option.ts';

/** The access of each listener. */
function accessOf(...lines: string[]): AccessConfig[] {
  return parseLines(...lines).listeners.map(({ access }) => access);
}

describe('an option of access', () => {
  const cases: Record<AccessOptionName, OptionCase<keyof AccessConfig>> = {
    acl_file: textCase('aclFile', 'acl_file'),
    allow_anonymous: flagCase('allowAnonymous', 'allow_anonymous', false),
    allow_zero_length_clientid: flagCase(
      'allowZeroLengthClientid',
      'allow_zero_length_clientid',
      true,
    ),
    auto_id_prefix: textCase('autoIdPrefix', 'auto_id_prefix', { fallback: 'auto-' }),
    password_file: textCase('passwordFile', 'password_file'),
    psk_file: textCase('pskFile', 'psk_file'),
  };
  for (const [name, { line, setting, value, default: fallback, wrong }] of Object.entries(cases)) {
    it(`${name} counts for every listener, and has Mosquitto's default`, () => {
      const both = accessOf('listener 1883', line, 'listener 1884');
      assert.deepEqual(
        both.map((access) => access[setting]),
        [value, value],
      );
      assert.equal(accessOf('listener 1883')[0][setting], fallback);
    });
    it(`${name} counts for one listener after per_listener_settings true`, () => {
      const each = accessOf('per_listener_settings true', 'listener 1883', line, 'listener 1884');
      assert.deepEqual(
        each.map((access) => access[setting]),
        [value, fallback],
      );
    });
    it(`${name} needs a listener after per_listener_settings true`, () => {
      const [fault] = faultsOf(() => parseLines('per_listener_settings true', line));
      assert.equal(fault.message, `The '${name}' option requires a listener to be defined first.`);
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

  it('may be given again: the last one counts', () => {
    assert.equal(accessOf('listener 1', 'acl_file a', 'acl_file b')[0].aclFile, 'b');
  });

  it('names a file that may stand in quotes', () => {
    assert.equal(accessOf('listener 1', 'acl_file "a b"')[0].aclFile, 'a b');
  });

  it('has a prefix of at most 50 characters', () => {
    for (const name of ['auto_id_prefix', 'listener_auto_id_prefix']) {
      const [fault] = faultsOf(() => parseLines('listener 1', `${name} ${'x'.repeat(51)}`));
      assert.equal(fault.message, `'${name}' length must be <= 50.`);
    }
  });

  it('gives way to what a listener says for itself', () => {
    const [first, second] = accessOf(
      'auto_id_prefix all-',
      'allow_anonymous true',
      'listener 1883',
      'listener_auto_id_prefix one-',
      'listener_allow_anonymous false',
      'listener 1884',
    );
    assert.deepEqual([first.autoIdPrefix, first.allowAnonymous], ['one-', false]);
    assert.deepEqual([second.autoIdPrefix, second.allowAnonymous], ['all-', true]);
  });
});

describe('per_listener_settings', () => {
  it('must come before any option of access', () => {
    const [fault] = faultsOf(() => parseLines('acl_file a', 'per_listener_settings true'));
    assert.equal(
      fault.message,
      'per_listener_settings must be set before any other security settings.',
    );
  });

  it('stays true once it is', () => {
    const { general } = parseLines('per_listener_settings true', 'per_listener_settings false');
    assert.equal(general.perListenerSettings, true);
  });
});

describe('plugins', () => {
  const pathsOf = (...lines: string[]) =>
    accessOf(...lines).map(({ plugins }) => plugins.map(({ path }) => path));

  it('are asked by every listener, with the settings below them', () => {
    const [access, other] = accessOf(
      'plugin my.ts',
      'plugin_opt_url http://localhost/ # all of it',
      'auth_opt_size 3',
      'auth_plugin_deny_special_chars false',
      'listener 1883',
      'listener 1884',
    );
    assert.deepEqual(access.plugins, [
      {
        path: 'my.ts',
        options: { url: 'http://localhost/ # all of it', size: '3' },
        denySpecialChars: false,
        place: { file: 'pantala.conf', line: 1 },
      },
    ]);
    assert.equal(access.plugins[0], other.plugins[0], 'one plugin, not two');
  });

  it('belong to the listener above after per_listener_settings true, but for global ones', () => {
    const paths = pathsOf(
      'per_listener_settings true',
      'listener 1883',
      'plugin a.ts',
      'global_plugin g.ts',
      'listener 1884',
      'plugin b.ts',
    );
    assert.deepEqual(paths, [
      ['g.ts', 'a.ts'],
      ['g.ts', 'b.ts'],
    ]);
  });

  it('may be loaded by name, and used by some listeners', () => {
    const paths = pathsOf(
      'plugin_load one a.ts',
      'plugin_load two b.ts',
      'listener 1883',
      'plugin_use two',
      'listener 1884',
      'plugin_use one',
      'plugin_use two',
    );
    assert.deepEqual(paths, [['b.ts'], ['a.ts', 'b.ts']]);
  });

  it('of Mosquitto that read files are served by our own', () => {
    const [access] = accessOf(
      'listener 1883',
      'plugin /usr/lib/mosquitto_password_file.so',
      'plugin_opt_password_file /etc/pw',
      'plugin C:\\Mosquitto\\mosquitto_acl_file.dll',
      'plugin_opt_acl_file "/etc/a b"',
      'global_plugin /usr/lib/mosquitto_sparkplug_aware.so',
    );
    assert.equal(access.passwordFile, '/etc/pw');
    assert.equal(access.aclFile, '/etc/a b');
    assert.deepEqual(
      access.plugins.map(({ path }) => path),
      ['pantala:sparkplug-aware'],
    );
  });

  it('of Mosquitto that store state are served by our own store', () => {
    const lines = ['listener 1883', 'allow_anonymous true', 'persistence_location /data/'];
    const plugin = 'plugin /usr/lib/mosquitto_persist_sqlite.so';
    const { state } = parseLines(...lines, plugin);
    assert.deepEqual([state?.directory, state?.file], ['/data', 'pantala.mdb']);
    const named = parseLines(...lines, plugin, 'plugin_opt_db_file /x/y.sqlite3').state;
    assert.deepEqual([named?.directory, named?.file], ['/x', 'pantala.mdb']);
  });

  const wrong: Record<string, { message: string; isPlugin?: true; remedy: RegExp }> = {
    'plugin /usr/lib/my.so': {
      message: 'Unable to load plugin "/usr/lib/my.so".',
      isPlugin: true,
      remedy: /C libraries cannot be loaded.*docs\/plugins\.md/,
    },
    'plugin /usr/lib/mosquitto_dynamic_security.so': {
      message: 'Unable to load plugin "/usr/lib/mosquitto_dynamic_security.so".',
      isPlugin: true,
      remedy: /not served yet/,
    },
    'plugin mosquitto_password_file.so': {
      message: 'Unable to load plugin "mosquitto_password_file.so".',
      isPlugin: true,
      remedy: /plugin_opt_password_file FILE/,
    },
    plugin: { message: "Empty 'plugin' value in configuration.", remedy: /Write a value/ },
    'plugin_opt_x 1': {
      message:
        "The 'plugin_opt_x' option requires plugin/global_plugin/plugin_load to be defined first.",
      remedy: /plugin FILE/,
    },
    'plugin_use nobody': {
      message: "Plugin 'nobody' not previously loaded.",
      remedy: /plugin_load/,
    },
  };
  for (const [line, { message, isPlugin, remedy }] of Object.entries(wrong)) {
    it(`refuse '${line}'`, () => {
      const faults = faultsOf(() => parseLines('listener 1883', line));
      assert.deepEqual(
        faults.map((fault) => [fault.line, fault.message, fault.isPlugin]),
        [[2, message, isPlugin]],
      );
      assert.match(faults[0].remedy, remedy);
    });
  }

  // Mosquitto's tests look at the exit code, which is another where plugins alone are at fault.
  const options = ['plugin_opt_x 1', 'auth_plugin_deny_special_chars false'];
  for (const lines of [
    ['listener 1883', 'plugin /usr/lib/my.so', ...options],
    ['plugin_load a /usr/lib/my.so', ...options, 'listener 1883', 'plugin_use a', 'plugin_opt_y 2'],
  ]) {
    it(`say that '${lines[1]}' follows what is refused no more than once`, () => {
      const faults = faultsOf(() => parseLines(...lines));
      assert.deepEqual(
        faults.map(({ message, isPlugin }) => [message, isPlugin]),
        [['Unable to load plugin "/usr/lib/my.so".', true]],
      );
    });
  }

  const wrongOptions: Record<string, string> = {
    'plugin_opt_ 1': "Invalid 'plugin_opt_' config option.",
    'auth_opt_ 1': "Invalid 'auth_opt_' config option.",
    plugin_opt_x: "Empty 'x' value in configuration.",
  };
  for (const [line, message] of Object.entries(wrongOptions)) {
    it(`have '${line}' refused, whatever is to be said of the plugin`, () => {
      const faults = faultsOf(() => parseLines('listener 1883', 'plugin /usr/lib/my.so', line));
      assert.deepEqual(
        faults.map(({ message: text }) => text),
        ['Unable to load plugin "/usr/lib/my.so".', message],
      );
    });
  }

  it('and options may not name two password files', () => {
    const [fault] = faultsOf(() =>
      parseLines(
        'listener 1883',
        'password_file a',
        'plugin mosquitto_password_file.so',
        'plugin_opt_password_file b',
      ),
    );
    assert.equal(fault.message, "Duplicate 'password_file' value in configuration.");
  });
});
