/** Tests the links under Mosquitto's names, by running them. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { compat } from './compat.ts';
import { nameLinks } from './name-link.ts';
import { programNames } from './program-names.ts';
import { testIo } from './test-io.ts';

const program = join(import.meta.dirname, '../../bin/pantala');
const noLinks = process.platform === 'win32' ? 'Windows makes links for few' : false;

describe('pantala compat', { skip: noLinks }, () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pantala-compat-')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(...args: string[]) {
    const { io, stdout, stderr } = testIo({ PATH: `/usr/bin:${folder}` });
    const code = await compat.run(args, io);
    return { code, stdout: stdout.text, stderr: stderr.text };
  }

  it('makes a link for every name, and tells of each', async () => {
    const { code, stdout } = await run('install', folder);
    assert.equal(code, 0);
    const names = Object.keys(programNames);
    assert.deepEqual(readdirSync(folder).sort(), names.sort());
    for (const name of names) assert.match(stdout, new RegExp(`/${name} -> .*/bin/pantala$`, 'm'));
    for (const name of names) assert.equal(realpathSync(join(folder, name)), program);
  });

  it('makes them again without a word of complaint', async () => {
    await run('install', folder);
    assert.equal((await run('install', folder)).code, 0);
  });

  it('takes the place of a link to a pantala that is gone', async () => {
    const path = join(folder, 'mosquitto_pub');
    symlinkSync('/nowhere/bin/pantala', path);
    assert.equal((await run('install', folder)).code, 0);
    assert.equal(realpathSync(path), program);
  });

  it('changes nothing where something else stands', async () => {
    writeFileSync(join(folder, 'mosquitto_sub'), 'another program');
    const { code, stderr } = await run('install', folder);
    assert.equal(code, 1);
    assert.match(stderr, /mosquitto_sub' is there already, and no link to pantala\..*--force/s);
    assert.deepEqual(readdirSync(folder), ['mosquitto_sub']);
  });

  it('replaces it with --force, and says so', async () => {
    writeFileSync(join(folder, 'mosquitto_sub'), 'another program');
    const { code, stdout } = await run('install', folder, '--force');
    assert.equal(code, 0);
    assert.match(stdout, /mosquitto_sub -> .*, in the place of what was there$/m);
    assert.equal(lstatSync(join(folder, 'mosquitto_sub')).isSymbolicLink(), true);
  });

  it('replaces no folder, and leaves nothing of the attempt', async () => {
    mkdirSync(join(folder, 'mosquitto'));
    writeFileSync(join(folder, 'mosquitto', 'file'), '');
    const { code, stderr } = await run('install', folder, '--force');
    assert.equal(code, 1);
    assert.match(stderr, /^Error: E[A-Z]+:/);
    assert.deepEqual(readdirSync(folder), ['mosquitto']);
  });

  it('removes its links, and nothing else', async () => {
    await run('install', folder);
    rmSync(join(folder, 'mosquitto_pub'));
    writeFileSync(join(folder, 'mosquitto_pub'), 'another program');
    const { code, stdout, stderr } = await run('remove', folder);
    assert.equal(code, 0);
    assert.match(stdout, /mosquitto_sub is removed\.$/m);
    assert.match(stderr, /mosquitto_pub' is no link to pantala, and stays/);
    assert.deepEqual(readdirSync(folder), ['mosquitto_pub']);
  });

  it('warns when a shell will not find the links', async () => {
    const { io, stderr } = testIo({ PATH: '/usr/bin' });
    await compat.run(['install', folder], io);
    assert.match(stderr.text, /^Warning: '.*' is not on your PATH\.$/m);
  });

  it('warns when a shell will find others first', async () => {
    const first = join(folder, 'first');
    const second = join(folder, 'second');
    for (const each of [first, second]) mkdirSync(each);
    writeFileSync(join(first, 'mosquitto_pub'), '');
    const { io, stderr } = testIo({ PATH: `${first}:${second}` });
    await compat.run(['install', second], io);
    assert.match(stderr.text, /first\/mosquitto_pub' comes first on your PATH\.$/m);
  });

  for (const { args, error } of [
    { args: [], error: /install or remove/ },
    { args: ['install'], error: /Say where: pantala compat install DIR/ },
    { args: ['install', '/no/such'], error: /no directory '\/no\/such': make it first/ },
    { args: ['remove', '/tmp', '--force'], error: /goes with install only/ },
    { args: ['install', 'a', 'b'], error: /'b' is another/ },
    { args: ['install', '--wrong'], error: /Unknown option '--wrong'/ },
  ]) {
    it(`refuses '${args.join(' ')}'`, async () => {
      const { code, stderr } = await run(...args);
      assert.equal(code, 1);
      assert.match(stderr, error);
    });
  }

  describe('makes programs that act by their names', () => {
    const path = `${dirname(process.execPath)}:${process.env.PATH}`;

    function call(name: string, ...args: string[]) {
      const env = { ...process.env, PATH: `${folder}:${path}` };
      return spawnSync(join(folder, name), args, { encoding: 'utf8', env });
    }

    it('as links', async () => {
      await run('install', folder);
      assert.match(call('mosquitto_pub', '--help').stdout, /^Usage: mosquitto_pub /);
      assert.equal(call('mosquitto_pub', '--wrong').status, 1);
      assert.match(call('mosquitto', '-h').stdout, /^Usage: mosquitto /m);
    });

    it('as links to a link', () => {
      symlinkSync(program, join(folder, 'pantala'));
      symlinkSync('pantala', join(folder, 'mosquitto_sub'));
      assert.match(call('mosquitto_sub', '--help').stdout, /^Usage: mosquitto_sub /);
    });

    it('as copies, which run the pantala of the PATH', () => {
      symlinkSync(program, join(folder, 'pantala'));
      copyFileSync(program, join(folder, 'mosquitto_sub'));
      assert.match(call('mosquitto_sub', '--help').stdout, /^Usage: mosquitto_sub /);
    });

    it('as copies without a pantala, which say what to do', () => {
      copyFileSync(program, join(folder, 'mosquitto_sub'));
      const { status, stderr } = call('mosquitto_sub', '--help');
      assert.equal(status, 1);
      assert.match(stderr, /is a copy, and there is no pantala on the PATH/);
    });
  });
});

describe('on Windows, a link', () => {
  it('is a script that gives the name', (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'pantala-compat-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const linkOf = () => nameLinks(folder, 'win32').find(({ name }) => name === 'mosquitto_pub')!;
    assert.equal(linkOf().state, 'absent');
    linkOf().make();
    const script = readFileSync(join(folder, 'mosquitto_pub.cmd'), 'utf8');
    assert.match(script, /^@node ".*[\\/]bin[\\/]pantala" mosquitto_pub %\*\r$/m);
    assert.equal(linkOf().state, 'ours');
    linkOf().delete();
    assert.equal(existsSync(join(folder, 'mosquitto_pub.cmd')), false);
    writeFileSync(join(folder, 'mosquitto_pub.cmd'), '@echo another');
    assert.equal(linkOf().state, 'foreign');
  });
});
