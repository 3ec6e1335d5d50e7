/** One owner at a time, and none that is dead. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { lockStore, StoreInUseError } from './store-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-lock-'));
let files = 0;

after(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, `${++files}.db`);
}

function isOwnedBy(processId: number | undefined) {
  return (error: unknown) => error instanceof StoreInUseError && error.owner === processId;
}

const owner = `
import { lockStore } from ${JSON.stringify(join(import.meta.dirname, 'store-lock.ts'))};
try {
  const lock = await lockStore(process.argv[1]);
  process.stdout.write(lock === undefined ? 'none' : 'locked');
} catch (error) {
  process.stdout.write(error.name === 'StoreInUseError' ? 'taken' : String(error));
}
process.stdin.resume();
`;

function start(path: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', owner, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function firstWord(child: ChildProcess): Promise<string> {
  const [said] = await once(child.stdout!, 'data');
  return String(said);
}

/** Another process that has the store. */
async function otherOwner(path: string): Promise<ChildProcess> {
  const child = start(path);
  assert.equal(await firstWord(child), 'locked');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('the lock of a store', () => {
  it('is for one at a time, also within a process', async () => {
    const path = newPath();
    const lock = await lockStore(path);
    await assert.rejects(lockStore(path), isOwnedBy(process.pid));
    await lock![Symbol.asyncDispose]();
    const next = await lockStore(path);
    assert.ok(next);
    await next[Symbol.asyncDispose]();
  });

  it('of another store is another', async () => {
    await using one = await lockStore(newPath());
    await using other = await lockStore(newPath());
    assert.ok(one && other);
  });

  it('names the process that has it', async () => {
    const path = newPath();
    const child = await otherOwner(path);
    try {
      await assert.rejects(lockStore(path), isOwnedBy(child.pid));
      await assert.rejects(lockStore(path), isOwnedBy(child.pid));
    } finally {
      await end(child);
    }
  });

  it('is free at once when its owner was killed', async () => {
    const path = newPath();
    await end(await otherOwner(path));
    assert.ok(existsSync(`${path}-owner`), 'its socket is still there');
    await using lock = await lockStore(path);
    assert.ok(lock);
    await assert.rejects(lockStore(path), isOwnedBy(process.pid));
  });

  it('is not free while its owner is stopped, though that does not answer', async () => {
    const path = newPath();
    const child = await otherOwner(path);
    try {
      child.kill('SIGSTOP');
      await assert.rejects(lockStore(path), isOwnedBy(undefined));
    } finally {
      await end(child);
    }
  });

  it('has one winner where two processes find a dead owner', async () => {
    const path = newPath();
    await end(await otherOwner(path));
    const children = [0, 1].map(() => start(path));
    try {
      const said = await Promise.all(children.map(firstWord));
      assert.deepEqual(said.sort(), ['locked', 'taken']);
    } finally {
      await Promise.all(children.map(end));
    }
  });

  it('has an owner that says nothing of use as well', async () => {
    const path = newPath();
    const server = createServer((socket) => socket.end('hello'));
    server.listen(`${path}-owner`);
    await once(server, 'listening');
    await assert.rejects(lockStore(path), isOwnedBy(undefined));
    server.close();
    await once(server, 'close');
  });

  it('can be had where the path is too long for a socket', async () => {
    const deep = join(folder, ...Array.from({ length: 10 }, () => 'x'.repeat(20)));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'store.db');
    await using lock = await lockStore(path);
    assert.ok(lock);
    await assert.rejects(lockStore(path), isOwnedBy(process.pid));
    await using other = await lockStore(join(deep, 'other.db'));
    assert.ok(other);
  });

  it('is none where no socket can be made, and a file in its place is left alone', async () => {
    assert.equal(await lockStore(join(folder, 'missing', 'store.db')), undefined);
    const path = newPath();
    writeFileSync(`${path}-owner`, 'a file');
    const outcome = await lockStore(path).catch((error: unknown) => error);
    if (outcome instanceof Error) assert.ok(outcome instanceof StoreInUseError);
    else await (outcome as AsyncDisposable | undefined)?.[Symbol.asyncDispose]();
  });
});
