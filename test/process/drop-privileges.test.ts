/** `user`: what a broker that root has started may still do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { Folder } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const isRoot = process.geteuid?.() === 0;
const skip = isRoot ? false : 'only root can become another user: run it as root, in a container';

const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

// Tells, as JSON, what the log would say, and who each thread of the process is then.
const script = `
  import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
  import { readFile } from 'node:fs/promises';
  import { Worker } from 'node:worker_threads';
  import { dropPrivileges } from ${source('server/drop-privileges.ts')};
  import { Changes } from ${source('broker/state/changes.ts')};
  import { tables } from ${source('broker/state/keys.ts')};
  import { openStore } from ${source('storage/open-store.ts')};
  const [options, directory] = process.argv.slice(2);
  const worker = new Worker('setInterval(() => undefined, 1000)', { eval: true });
  await new Promise((resolve) => worker.once('online', resolve));
  await readFile('/etc/hostname').catch(() => undefined); // starts libuv's own threads
  try {
    const said = dropPrivileges({ needs: { reads: [], writes: [], ports: [] }, ...JSON.parse(options), env: process.env }).map(({ text }) => text);
    if (directory) {
      const store = await openStore({
        directory, file: 'store', durability: 'sync', load: () => undefined, salvaged() {}, damaged() {},
      });
      const changes = new Changes();
      changes.beginPut(tables.received, 9, 1);
      changes.endPut();
      const fault = await new Promise((resolve) => store.store.commit(changes.view(), resolve));
      if (fault !== undefined) throw new Error(fault.message);
    }
    const threads = new Set();
    for (const thread of readdirSync('/proc/self/task')) {
      let status = '';
      try {
        status = readFileSync('/proc/self/task/' + thread + '/status', 'utf8');
      } catch {} // has ended meanwhile
      for (const [line] of status.matchAll(/^(?:Uid|Gid|Groups):.*/gm)) threads.add(line.trim().replaceAll(/\\s+/g, ' '));
    }
    let back = 'root again';
    try { process.setuid(0); } catch (error) { back = error.code; }
    console.log(JSON.stringify({ said, threads: [...threads], back }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, exitCode: error.exitCode }));
  }
  process.exit();
`;

interface Outcome {
  readonly said: readonly string[];
  readonly threads: readonly string[];
  readonly back: string;
  readonly error: string;
  readonly exitCode: number;
}

interface Start {
  readonly user?: string;
  readonly hasConfigFile?: boolean;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function start({ user, hasConfigFile = true, directory = '', env = {} }: Start): Outcome {
  const path = folder.file('start.ts');
  writeFileSync(path, script);
  const args = [path, JSON.stringify({ user, hasConfigFile }), directory];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });
  assert.ok(stdout !== '', stderr);
  return JSON.parse(stdout);
}

function idOf(option: '-u' | '-g', name: string): string | undefined {
  return spawnSync('id', [option, name], { encoding: 'utf8' }).stdout.trim() || undefined;
}

describe('a broker that root has started', { skip, timeout: 60_000 }, () => {
  it('becomes its user in every thread, for good', () => {
    const [uid, gid] = [idOf('-u', 'nobody'), idOf('-g', 'nobody')];
    const { said, threads, back } = start({ user: 'nobody' });
    assert.deepEqual(said, ['Info: running pantala as user: nobody.']);
    assert.deepEqual(threads.toSorted(), [
      `Gid: ${gid} ${gid} ${gid} ${gid}`,
      `Groups: ${gid}`,
      `Uid: ${uid} ${uid} ${uid} ${uid}`,
    ]);
    assert.equal(back, 'EPERM');
  });

  it('keeps its state as that user', () => {
    const directory = folder.file('state');
    mkdirSync(directory, { mode: 0o700 });
    const [uid, gid] = [Number(idOf('-u', 'nobody')), Number(idOf('-g', 'nobody'))];
    chownSync(directory, uid, gid);
    const { back, error } = start({ user: 'nobody', directory });
    assert.deepEqual({ back, error }, { back: 'EPERM', error: undefined });
    const owners = readdirSync(directory).map((name) => statSync(join(directory, name)).uid);
    assert.ok(owners.length > 0);
    assert.deepEqual(new Set(owners), new Set([uid]));
  });

  it('becomes mosquitto where no user is configured, or nobody where there is none', () => {
    const { said } = start({});
    const exists = idOf('-u', 'mosquitto') !== undefined;
    const warning =
      "Warning: Unable to drop privileges to 'mosquitto' because this user does not exist. Trying 'nobody' instead.";
    const who = exists ? 'mosquitto' : 'nobody';
    const info = `Info: running pantala as user: ${who}.`;
    assert.deepEqual(said, exists ? [info] : [warning, info]);
  });

  it('stays root, with a warning, where that is configured, and without a configuration', () => {
    for (const options of [{ user: 'root' }, { user: '' }, { hasConfigFile: false }]) {
      const { said, back } = start(options);
      assert.deepEqual(said, [
        'Info: running pantala as user: root.',
        'Warning: Pantala should not be run as root/administrator.',
      ]);
      assert.equal(back, 'root again');
    }
  });

  it('becomes what PUID and PGID say, even where another user is configured', () => {
    const { said, threads, back } = start({ user: 'nobody', env: { PUID: '12345', PGID: '678' } });
    assert.deepEqual(said, ['Info: running pantala as user id: 12345.']);
    assert.deepEqual(threads.toSorted(), [
      'Gid: 678 678 678 678',
      'Groups:',
      'Uid: 12345 12345 12345 12345',
    ]);
    assert.equal(back, 'EPERM');
  });

  it('keeps what Node has compiled, where only root may', () => {
    const cache = folder.file('cache');
    mkdirSync(cache, { mode: 0o700 });
    const { error } = start({ user: 'nobody', env: { NODE_COMPILE_CACHE: cache } });
    assert.equal(error, undefined);
    const names = readdirSync(cache, { recursive: true, withFileTypes: true });
    assert.ok(names.filter((each) => each.isFile()).length > 10);
  });

  it('does not start as somebody who does not exist, or is no number', () => {
    const missing = "Unable to drop privileges to 'no-such-user' because this user does not exist.";
    const wrong: [Start, string][] = [
      [{ user: 'no-such-user' }, missing],
      [{ env: { PUID: 'x' } }, "PUID not a valid ID 'x'."],
      [{ env: { PGID: '-1' } }, "PGID not a valid ID '-1'."],
      [{ env: { PUID: '2147483648' } }, 'PUID must not be more than 2147483647.'],
    ];
    for (const [options, message] of wrong) {
      const { error, exitCode } = start(options);
      assert.ok(error.startsWith(message), error);
      assert.equal(exitCode, 1);
    }
  });
});
