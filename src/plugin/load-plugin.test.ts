/** Plugins of a configuration: which are loaded, and what is said of those that are not. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Plugin } from './hooks.ts';
import { closePlugins, findPlugin, loadPlugin, reloadPlugins } from './load-plugin.ts';
import { PluginLoadError } from './plugin-load-error.ts';
import type { PluginOptions } from './plugin-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-plugin-'));
after(() => rmSync(folder, { recursive: true }));

const logged: string[] = [];
const broker = { publish() {}, log: (text: string) => logged.push(text) };

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function load(
  path: string,
  options: PluginOptions = {},
  deadlineSeconds?: number,
): Promise<Plugin> {
  return loadPlugin({ path, options, broker, deadlineSeconds });
}

async function remedyFor(path: string, options: PluginOptions = {}): Promise<string> {
  const error = await load(path, options, 0.05).then(
    () => assert.fail(`${path} was loaded`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PluginLoadError, String(error));
  assert.equal(error.message, `Unable to load plugin "${path}".`);
  return error.remedy;
}

const request = {
  clientId: 'c',
  userName: 'u',
  peer: 'p',
  version: 5,
  password: undefined,
  isVouchedFor: false,
} as const;

describe('a plugin file', () => {
  const allow = '{ authenticate: () => "allow" }';
  const forms: Readonly<Record<string, [string, string]>> = {
    'hooks in TypeScript': ['a.ts', `export const hooks: object = ${allow};`],
    'hooks in JavaScript': ['b.js', `export const hooks = ${allow};`],
    'a function that makes them': ['c.mjs', `export function createHooks() { return ${allow}; }`],
    'one that needs time': [
      'd.mts',
      `export const createHooks = async (): Promise<object> => (${allow});`,
    ],
    'hooks as the default export': ['e.mjs', `export default ${allow};`],
    'a function as the default export': ['f.mjs', `export default () => (${allow});`],
    'hooks of CommonJS': ['g.cjs', `exports.hooks = ${allow};`],
    'a function of CommonJS': ['h.cjs', `module.exports = { createHooks: () => (${allow}) };`],
    'an instance of a class': [
      'i.ts',
      'class Gate { readonly answer = "allow"; authenticate() { return this.answer; } }\n' +
        'export const hooks = new Gate();',
    ],
  };
  for (const [what, [name, text]] of Object.entries(forms)) {
    it(`may export ${what}`, async () => {
      const plugin = await load(write(name, text));
      assert.equal(plugin.name, name);
      const { authenticate } = { ...plugin.hooks };
      assert.equal(authenticate!(request), 'allow');
    });
  }

  it('is given its options and the broker', async () => {
    const path = write(
      'options.ts',
      `export function createHooks(options: Record<string, string>, broker: { log(text: string): void }) {
        broker.log(options.greeting);
        return ${allow};
      }`,
    );
    await load(path, { greeting: 'hello' });
    assert.deepEqual(logged, ['hello']);
  });

  it('is loaded once, however often it is configured', async () => {
    const path = write(
      'once.ts',
      `let count = 0;
      export const createHooks = () => ({ authenticate: () => String(++count) });`,
    );
    const [one, other] = [await load(path), await load(path)];
    assert.notEqual(one.hooks, other.hooks);
    assert.equal(one.hooks.authenticate!(request), '1');
    assert.equal(other.hooks.authenticate!(request), '2');
  });
});

describe('a plugin that is only looked for', () => {
  it('is not run', async () => {
    await findPlugin(write('broken.ts', 'throw new Error("run");'));
    await findPlugin('pantala:jwt');
  });

  it('is missed in the words of who would load it', async () => {
    for (const path of [join(folder, 'nowhere.ts'), folder, 'x.txt', 'pantala:nothing']) {
      const remedy = await remedyFor(path);
      await assert.rejects(findPlugin(path), { name: 'PluginLoadError', remedy });
    }
  });

  const cannotTry = process.platform === 'win32' ? 'Windows has other permissions' : false;
  it('has to be readable', { skip: cannotTry }, async () => {
    const path = write('locked.ts', '');
    chmodSync(path, 0);
    // Whom nothing is locked for.
    const isRoot = process.geteuid!() === 0;
    if (isRoot) process.seteuid!(nobody);
    try {
      const remedy = /^It cannot be read \(EACCES\): check who may read the file/;
      assert.match(await remedyFor(path), remedy);
      await assert.rejects(findPlugin(path), { name: 'PluginLoadError', remedy });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });
});

const nobody = 65_534;

describe('a plugin that cannot be loaded', () => {
  const files: Readonly<Record<string, [string, string, RegExp]>> = {
    'exports nothing of the kind': [
      'nothing.mjs',
      'export const x = 1;',
      /neither 'hooks' nor 'createHooks': write 'export const hooks/,
    ],
    throws: ['throws.mjs', 'throw new Error("no database");', /while it was loaded: no database/],
    'throws when it is started': [
      'start.mjs',
      'export const createHooks = () => { throw new Error("no key"); };',
      /while it was started: no key/,
    ],
    'never starts': [
      'never.mjs',
      'export const createHooks = () => new Promise(() => {});',
      /longer than 0.05 s/,
    ],
    'is no JavaScript': ['broken.mjs', 'export const hooks = {', /while it was loaded/],
    'has an enum': [
      'enum.ts',
      'enum Answer { Yes }\nexport const hooks = { authenticate: () => Answer.Yes };',
      /leaving out types, so use no enum/,
    ],
    'is no TypeScript': ['broken.ts', 'export const hooks: = 5;', /no valid TypeScript/],
    'imports what is not there': [
      'import.mjs',
      'import "no-such-package-here"; export const hooks = {};',
      /imports what is not there: install that next to/,
    ],
    'has hooks that are none': ['text.mjs', 'export const hooks = "x";', /no object/],
    'has a hook that is no function': [
      'value.mjs',
      'export const hooks = { authenticate: true };',
      /hook 'authenticate' is no function/,
    ],
    'has a hook whose name is spelled wrong': [
      'typo.mjs',
      'export const hooks = { authenticate: () => "allow", authorise: () => "deny" };',
      /There is no hook 'authorise': there are authenticate, /,
    ],
    'has no hook at all': ['empty.mjs', 'export const hooks = {};', /none of the hooks/],
  };
  for (const [what, [name, text, remedy]] of Object.entries(files)) {
    it(`as it ${what} is told of with a remedy`, async () => {
      assert.match(await remedyFor(write(name, text)), remedy);
    });
  }

  const paths: Readonly<Record<string, [string, RegExp]>> = {
    'is not there': [join(folder, 'missing.ts'), /no such file: check the name/],
    'is a folder': [folder, /ends in \.ts, \.js or \.mjs/],
    'is a library in C': [
      '/usr/lib/my_plugin.so',
      /Libraries in C cannot be loaded.*docs\/plugins/,
    ],
    'is a library for Windows': ['C:\\plugins\\my_plugin.dll', /Libraries in C cannot be loaded/],
    'is none of ours': ['pantala:ldap', /but pantala:jwt, pantala:http, pantala:sparkplug-aware/],
    'has a name from Object': ['pantala:constructor', /no such plugin here/],
  };
  for (const [what, [path, remedy]] of Object.entries(paths)) {
    it(`as it ${what} is told of with a remedy`, async () => {
      assert.match(await remedyFor(path), remedy);
    });
  }

  it('as it is TypeScript below node_modules is told of with a remedy', async () => {
    mkdirSync(join(folder, 'node_modules'));
    const path = write(join('node_modules', 'a.ts'), 'export const hooks = {};');
    assert.match(await remedyFor(path), /no TypeScript below node_modules/);
  });

  it('tells where a relative path has led', async () => {
    const remedy = await remedyFor('./missing.ts');
    assert.ok(remedy.includes(join(process.cwd(), 'missing.ts')), remedy);
  });

  it('as an option of ours is wrong says which', async () => {
    assert.match(await remedyFor('pantala:jwt', {}), /one of plugin_opt_jwks_file/);
  });
});

describe('a plugin of Mosquitto’s', () => {
  const paths = [
    '/usr/lib/mosquitto_sparkplug_aware.so',
    'C:\\Program Files\\Mosquitto\\mosquitto_sparkplug_aware.dll',
  ];
  for (const path of paths) {
    it(`is served by ours: ${path}`, async () => {
      const plugin = await load(path);
      assert.equal(plugin.name, 'pantala:sparkplug-aware');
      assert.equal(typeof plugin.hooks.publish, 'function');
    });
  }
});

describe('plugins', () => {
  for (const [hook, callEach] of Object.entries({ close: closePlugins, reload: reloadPlugins })) {
    it(`are told to ${hook}, also when one of them fails at it`, async () => {
      const done: string[] = [];
      const plugins: Plugin[] = [
        { name: 'one', hooks: { [hook]: () => assert.fail('oops') } },
        { name: 'two', hooks: { [hook]: async () => done.push('two') } },
        { name: 'three', hooks: {} },
      ];
      const failures: string[] = [];
      await callEach(plugins, ({ name }) => failures.push(name));
      assert.deepEqual([done, failures], [['two'], ['one']]);
    });
  }
});
