/** The checkout: set-up, bin/pantala, the lockfile and what the published package holds. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { absentPackages } from '../scripts/complete-lockfile.ts';

const manifest = readJson('package.json');
const lock = readJson('package-lock.json');

describe('setup', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-checkout-'));
    for (const name of ['scripts', 'node_modules']) mkdirSync(join(folder, name));
    copyFileSync('scripts/setup.mjs', join(folder, 'scripts/setup.mjs'));
    writeLockfile('package-lock.json', '1.0.0');
    writeNpm(`
      import { copyFileSync } from 'node:fs';
      copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
    `);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('installs what is missing, and the second time does nothing', () => {
    assert.match(setUp().stderr, /^pantala: installing with npm ci, as 1 packages are missing/);
    assert.equal(setUp().stderr, '');
  });

  it('installs again when the lockfile asks for another version', () => {
    writeLockfile('node_modules/.package-lock.json', '0.9.0');
    assert.match(setUp().stderr, /^pantala: installing/);
  });

  it('says what to do when npm fails', () => {
    writeNpm('process.exit(7);');
    const { status, stderr } = setUp();
    assert.equal(status, 1);
    assert.match(stderr, /npm ci failed.*npm config set proxy URL/);
  });

  it('removes a packaged Node that this machine cannot run', () => {
    const platform = process.platform === 'win32' ? 'win' : process.platform;
    const executable = process.platform === 'win32' ? 'node.exe' : 'node';
    const packaged = `node_modules/node-${platform}-${process.arch}/bin`;
    writeNpm(`
      import { mkdirSync, writeFileSync } from 'node:fs';
      mkdirSync('${packaged}', { recursive: true });
      writeFileSync('${packaged}/${executable}', 'for another C library', { mode: 0o755 });
    `);
    assert.equal(setUp().status, 0);
    assert.equal(existsSync(join(folder, packaged)), false);
  });

  it('keeps standard output for the command it runs', () => {
    writeNpm(`console.log('added 1 package');`);
    writeFileSync(join(folder, 'command.ts'), `console.log('25.5' satisfies string);`);
    assert.equal(setUp('command.ts').stdout, '25.5\n');
  });

  it('ends with the exit code of the command it runs', () => {
    writeFileSync(join(folder, 'command.ts'), 'process.exitCode = 13;');
    assert.equal(setUp('command.ts').status, 13);
  });

  it('hands a SIGTERM on to the command it runs', async () => {
    writeFileSync(join(folder, 'command.ts'), waitForSigterm('process.exit(14)'));
    assert.deepEqual(await terminate('command.ts'), [14, null]);
  });

  it('ends by the signal that ended the command it runs', async () => {
    const kill = `process.removeAllListeners('SIGTERM'); process.kill(process.pid, 'SIGTERM')`;
    writeFileSync(join(folder, 'command.ts'), waitForSigterm(kill));
    assert.deepEqual(await terminate('command.ts'), [null, 'SIGTERM']);
  });

  const noSigkill = process.platform === 'win32' ? 'Windows has no signals' : false;
  it('takes the command along when it is killed', { skip: noSigkill }, async () => {
    const setup = JSON.stringify(join(folder, 'scripts/setup.mjs'));
    const lines = [`import { endWithParent } from ${setup};`, 'endWithParent();'];
    writeFileSync(join(folder, 'command.ts'), [...lines, waitForSigterm('')].join('\n'));
    const child = spawn(
      process.execPath,
      [join(folder, 'scripts/setup.mjs'), 'command.ts'],
      options(),
    );
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    // Both hold it open.
    await once(child.stdout, 'close');
  });

  function setUp(...args: string[]) {
    return spawnSync(process.execPath, [join(folder, 'scripts/setup.mjs'), ...args], options());
  }

  async function terminate(...args: string[]) {
    const child = spawn(process.execPath, [join(folder, 'scripts/setup.mjs'), ...args], options());
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    return once(child, 'exit');
  }

  function options() {
    const env = { ...process.env, npm_execpath: join(folder, 'npm-cli.js') };
    return { cwd: folder, env, encoding: 'utf8' } as const;
  }

  function writeNpm(text: string): void {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'npm-cli.js'), text);
  }

  function writeLockfile(path: string, version: string): void {
    const packages = {
      '': { version: '0.1.0' },
      'node_modules/needed': { version },
      'node_modules/for-another-platform': { version, optional: true },
    };
    writeFileSync(join(folder, path), JSON.stringify({ packages }));
  }

  function waitForSigterm(then: string): string {
    return `process.on('SIGTERM', () => { ${then} }); setInterval(() => {}, 1e6); console.log('up');`;
  }
});

describe('bin/pantala', () => {
  it('runs a command from the sources and ends with its exit code', () => {
    const version = spawnSync(process.execPath, ['bin/pantala', '--version'], { encoding: 'utf8' });
    assert.equal(version.stdout, `pantala ${manifest.version}\n`);
    assert.equal(spawnSync(process.execPath, ['bin/pantala', 'no-command']).status, 1);
  });
});

describe('the lockfile', () => {
  it('names the packages of every platform', () => {
    const absent = absentPackages(lock.packages).map(([path]) => path);
    assert.deepEqual(absent, [], 'add them: node scripts/setup.mjs scripts/complete-lockfile.ts');
  });

  it('names no registry', () => {
    const entries: [string, { resolved?: string }][] = Object.entries(lock.packages);
    const bound = entries.filter(([, { resolved }]) => resolved?.includes('://'));
    assert.deepEqual(bound, [], '.npmrc has npm leave them out: npm install writes it anew');
  });
});

const noUsers = process.platform === 'win32' ? 'Windows has another way of permissions' : false;

describe('the package', () => {
  it('exports every file at the top of src, and nothing else', () => {
    const files = globSync('src/*.ts', { exclude: ['**/*.d.ts', '**/*.test.ts'] }).sort();
    const names = files.map((file) => basename(file, '.ts'));
    // What browsers get is made one file of: its types have the name.
    const paths = JSON.stringify(manifest.exports).replace('browser/pantala.js', '');
    const exported = [...new Set(paths.match(/(?<=\.\/dist\/)[\w-]+(?=\.(?:js|d\.ts))/g))];
    assert.deepEqual(exported.sort(), names.sort());
  });

  describe('keeps compiled code', { skip: noUsers }, () => {
    let home: string;
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'pantala-home-'));
      mkdirSync(join(home, 'bin'));
      copyFileSync('bin/pantala', join(home, 'bin', 'pantala'));
      mkdirSync(join(home, 'dist', 'cli'), { recursive: true });
      writeFileSync(join(home, 'dist', 'cli', 'main.js'), 'console.log("ran");');
    });
    afterEach(() => rmSync(home, { recursive: true }));

    function cached(env: Record<string, string> = { HOME: home }): string[] {
      const result = spawnSync(process.execPath, [join(home, 'bin', 'pantala')], {
        env: { PATH: process.env.PATH, ...env },
        encoding: 'utf8',
      });
      assert.deepEqual([result.stdout, result.stderr], ['ran\n', '']);
      return globSync('.cache/pantala/*', { cwd: home });
    }

    it('where only its user can write', () => {
      assert.equal(cached().length, 1);
      assert.equal(statSync(join(home, '.cache', 'pantala')).mode & 0o777, 0o700);
    });

    for (const [what, open] of [
      ['the folder', '.cache/pantala'],
      ['one above it', '.cache'],
    ] as const) {
      it(`nowhere when others can write to ${what}`, () => {
        mkdirSync(join(home, '.cache', 'pantala'), { recursive: true });
        chmodSync(join(home, open), 0o777);
        assert.deepEqual(cached(), []);
      });
    }

    it('nowhere without a home', () => {
      assert.deepEqual(cached({}), []);
      assert.deepEqual(cached({ HOME: join(home, 'none') }), []);
    });
  });

  it('runs from what it publishes, without the sources', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pantala-package-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const tsc = 'node_modules/typescript/bin/tsc';
    const build = [tsc, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')];
    const { stdout: complaints } = spawnSync(process.execPath, build, { encoding: 'utf8' });
    assert.equal(complaints, '');
    for (const name of [
      'package.json',
      ...manifest.files.filter((name: string) => name !== 'dist'),
    ]) {
      cpSync(name, join(folder, name), { recursive: true });
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'junction');
    const pantala = join(folder, 'bin/pantala');
    const help = spawnSync(process.execPath, [pantala, 'serve', '--help']);
    assert.equal(help.status, 0, help.stderr.toString());
    const configuration = join(folder, 'pantala.conf');
    const port = await freePort();
    writeFileSync(
      configuration,
      `listener ${port} 127.0.0.1\npersistence true\npersistence_location ${folder}/state\n`,
    );
    const broker = spawn(process.execPath, [pantala, 'serve', '-c', configuration]);
    await until(broker.stderr, / running$/m);
    broker.kill('SIGTERM');
    assert.deepEqual(await once(broker, 'exit'), [0, null]);
    assert.ok(existsSync(join(folder, 'state', 'pantala.mdb')), 'the thread of the store runs');
  });
});

async function until(output: Readable, pattern: RegExp): Promise<void> {
  let text = '';
  for await (const piece of output) {
    text += piece;
    if (pattern.test(text)) return;
  }
  assert.fail(`ended without ${pattern}: ${text}`);
}

async function freePort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
