/** The outbox in a file, with real files. */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { outboxStoreContract } from '../../test/contract/outbox-store-contract.ts';
import { SmallDisk } from '../../test/harness/small-disk.ts';
import type { OutboxStore } from '../client/ports.ts';
import { fileOutboxStore, OutboxDamageError } from './file-outbox.ts';
import { StoreInUseError } from './store-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-outbox-'));
let files = 0;

after(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, `${++files}.outbox`);
}

outboxStoreContract('in a file', async () => {
  const path = newPath();
  return { store: () => fileOutboxStore(path), [Symbol.asyncDispose]: async () => {} };
});

describe('an outbox in a file', () => {
  it('is nobody else’s to read, also when it is written anew', async () => {
    if (process.platform === 'win32') return;
    const path = newPath();
    await use(path, (store) => store.put(1, bytes('secret')));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    chmodSync(path, 0o644);
    await use(path, fillAndEmpty);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('leaves nothing but its file behind', async () => {
    const own = mkdtempSync(join(folder, 'alone-'));
    await use(join(own, 'a'), fillAndEmpty);
    assert.deepEqual(readdirSync(own), ['a']);
  });

  it('takes an empty file for a new outbox, and a leftover of a rewriting away', async () => {
    const path = newPath();
    writeFileSync(path, '');
    writeFileSync(`${path}.new`, 'half of it');
    await use(path, (store) => store.put(1, bytes('x')));
    assert.deepEqual(await contents(path), [[1, 'x']]);
  });

  it('has what was flushed, wherever the file is cut off behind it', async () => {
    const path = newPath();
    const store = fileOutboxStore(path);
    await store.load();
    const sizes: number[] = [];
    for (let round = 1; round <= 3; round++) {
      store.put(round, bytes(`value ${round}`));
      store.put(100, bytes(`round ${round}`));
      await store.flush();
      sizes.push(statSync(path).size);
    }
    await store.close();
    const whole = readFileSync(path);
    for (let size = sizes[0]; size <= whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const rounds = sizes.filter((each) => each <= size).length;
      const values = Array.from({ length: rounds }, (_, i) => [i + 1, `value ${i + 1}`]);
      assert.deepEqual(await contents(path), [...values, [100, `round ${rounds}`]]);
    }
  });

  it('goes on behind a torn end, and has none the next time', async () => {
    const path = newPath();
    await use(path, (store) => store.put(1, bytes('first')));
    const sound = statSync(path).size;
    await use(path, (store) => store.put(2, bytes('torn')));
    truncateSync(path, statSync(path).size - 1);
    await use(path, (store) => store.put(3, bytes('third')));
    assert.deepEqual(await contents(path), [
      [1, 'first'],
      [3, 'third'],
    ]);
    assert.ok(statSync(path).size > sound);
  });

  it('says where it is damaged, when that is not its end', async () => {
    const path = newPath();
    await use(path, (store) => store.put(1, bytes('first')));
    const at = statSync(path).size;
    await use(path, (store) => store.put(2, bytes('second')));
    await use(path, (store) => store.put(3, bytes('third')));
    const file = readFileSync(path);
    file[at + 20] ^= 1;
    writeFileSync(path, file);
    await assert.rejects(fileOutboxStore(path).load(), (error) => {
      assert.ok(error instanceof OutboxDamageError);
      assert.equal(error.at, at);
      assert.match(error.message, /batch 2 is broken, and batch 3 follows it; move it away/);
      return true;
    });
    assert.deepEqual(readFileSync(path), file, 'nothing was changed');
  });

  it('does not take what a message carries for a batch', async () => {
    const path = newPath();
    await use(path, (store) => store.put(1, bytes('first')));
    await use(path, (store) => store.put(2, bytes('second')));
    const carried = newPath();
    await use(carried, fillAndEmpty);
    await use(carried, (store) => store.put(3, readFileSync(path)));
    truncateSync(carried, statSync(carried).size - 1);
    assert.deepEqual(await contents(carried), []);
  });

  it('refuses a file that is something else, and leaves it alone', async () => {
    const path = newPath();
    writeFileSync(path, 'PNG, perhaps');
    await assert.rejects(fileOutboxStore(path).load(), OutboxDamageError);
    await assert.rejects(
      fileOutboxStore(path).load(),
      OutboxDamageError,
      'not because it is in use',
    );
    assert.equal(readFileSync(path, 'utf8'), 'PNG, perhaps');
    await assert.rejects(fileOutboxStore(join(folder, 'none', 'x')).load(), /ENOENT/);
  });

  it('tells who has it already', async () => {
    const path = newPath();
    const store = fileOutboxStore(path);
    await store.load();
    await assert.rejects(
      fileOutboxStore(path).load(),
      (error) => error instanceof StoreInUseError && error.owner === process.pid,
    );
    await store.close();
  });

  it('stays small, however much goes through it', async () => {
    const path = newPath();
    const store = fileOutboxStore(path);
    await store.load();
    let largest = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 10; i++) store.put(i, bytes(`${round} `.repeat(5000)));
      await store.flush();
      largest = Math.max(largest, statSync(path).size);
      for (let i = 0; i < 10; i++) store.remove(i);
    }
    await store.close();
    assert.ok(largest < 2 * 2 ** 20, `${largest} bytes`);
    assert.deepEqual(await contents(path), []);
  });

  it('syncs once for all who flush in the same moment', async () => {
    await using probe = await open(folder, 'r');
    const handle = Object.getPrototypeOf(probe);
    const { datasync } = handle;
    let syncs = 0;
    handle.datasync = function (this: unknown) {
      syncs++;
      return datasync.call(this);
    };
    try {
      const store = fileOutboxStore(newPath());
      await store.load();
      syncs = 0;
      const flushes = Array.from({ length: 100 }, (_, i) => {
        store.put(i, bytes('x'));
        return store.flush();
      });
      await Promise.all(flushes);
      assert.equal(syncs, 1);
      await store.flush();
      assert.equal(syncs, 1, 'and not at all where nothing has changed');
      await store.close();
    } finally {
      handle.datasync = datasync;
    }
  });

  it('loses nothing on a full disk, and writes it when there is room again', (t) => {
    const missing = SmallDisk.missing();
    return missing === undefined ? fullDisk() : t.skip(missing);
  });
});

async function fullDisk(): Promise<void> {
  using disk = new SmallDisk(2);
  const path = join(disk.path, 'outbox');
  const copy = newPath();
  const store = fileOutboxStore(path);
  await store.load();
  store.put(1, bytes('first'));
  await store.flush();
  const filler = join(disk.path, 'filler');
  assert.throws(() => {
    for (;;) appendFileSync(filler, new Uint8Array(4096));
  }, /ENOSPC/);
  store.put(2, new Uint8Array(100_000));
  await assert.rejects(store.flush(), /ENOSPC/);
  store.put(3, bytes('third'));
  await assert.rejects(store.flush(), /ENOSPC/);
  copyFileSync(path, copy);
  assert.deepEqual((await contents(copy))[0], [1, 'first']);
  rmSync(filler);
  await store.flush();
  await store.close();
  assert.deepEqual(
    (await contents(path)).map(([key, text]) => [key, text.length]),
    [
      [1, 5],
      [2, 100_000],
      [3, 5],
    ],
  );
}

/** More than a file keeps of what is over. */
function fillAndEmpty(store: OutboxStore): void {
  for (let key = 1; key <= 3; key++) store.put(key, new Uint8Array(600_000));
  for (let key = 1; key <= 3; key++) store.remove(key);
}

async function use(path: string, change: (store: OutboxStore) => void): Promise<void> {
  const store = fileOutboxStore(path);
  await store.load();
  change(store);
  await store.close();
}

async function contents(path: string): Promise<(readonly [number, string])[]> {
  const store = fileOutboxStore(path);
  const records = await store.load();
  await store.close();
  return records.map(({ key, value }) => [key, new TextDecoder().decode(value)] as const);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
