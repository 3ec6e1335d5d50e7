/** The store on disk, with its thread and the real LMDB. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  commit,
  hold,
  put,
  putDelivery,
  read,
  readAll,
  remove,
  storeContract,
} from '../../test/contract/store-contract.ts';
import { SmallDisk } from '../../test/harness/small-disk.ts';
import type { StoredRecord } from '../broker/ports.ts';
import { tables } from '../broker/state/keys.ts';
import { LmdbStore } from './lmdb-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-store-'));
let files = 0;

after(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, `${++files}.db`);
}

function opened(path = newPath(), syncs = false) {
  const store = new LmdbStore({ path, syncs });
  return { path, store, [Symbol.asyncDispose]: () => store.close() };
}

storeContract('on disk, waiting for it', async () => opened(newPath(), true));
storeContract('on disk', async () => opened());

/** Ends the thread of a store as a crash of it would. */
async function endThread(act: () => Promise<unknown>): Promise<void> {
  const { postMessage } = Worker.prototype;
  const ended: Promise<unknown>[] = [];
  Worker.prototype.postMessage = function (this: Worker) {
    ended.push(this.terminate());
  };
  try {
    await act();
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
  await Promise.all(ended);
}

describe('a store on disk', () => {
  for (const syncs of [true, false]) {
    const how = syncs ? 'that waits for the disk' : 'that does not wait for the disk';
    it(`has all that was committed when it is opened again: one ${how}`, async () => {
      const { path, store } = opened(newPath(), syncs);
      for (let number = 1; number <= 20; number++) await commit(store, put(tables.session, number));
      await commit(store, put(tables.retained, 1, 0, 100_000), remove(tables.session, 1));
      await store.close();
      await using again = opened(path, syncs);
      assert.equal((await readAll(again.store, tables.session)).length, 19);
      const [{ value }] = await read(again.store, tables.retained, [1], [1]);
      assert.equal(value.length, 100_000);
    });

    it(`has it also when its thread was ended: one ${how}`, async () => {
      const { path, store } = opened(newPath(), syncs);
      await commit(store, put(tables.session, 1), put(tables.message, 3), hold(3, 1));
      await commit(store, putDelivery(1, 1, 3));
      await endThread(() => commit(store, put(tables.session, 2)));
      await using again = opened(path, syncs);
      const [{ message }] = await read(again.store, tables.delivery, [1], [1, 1]);
      assert.equal(message?.length, 1);
    });
  }

  it('gives a fault when its thread ends, and begins another', async () => {
    await using own = opened();
    const { store } = own;
    await commit(store, put(tables.session, 1));
    await endThread(async () => {
      const fault = await commit(store, put(tables.session, 2));
      assert.equal(fault?.code, 'ESRCH');
    });
    assert.equal(await commit(store, put(tables.session, 3)), undefined);
    assert.deepEqual(await readAll(store, tables.session), ['1.0', '3.0']);
  });

  it('reads again when its thread ends meanwhile, as what is there is not gone', async () => {
    await using own = opened();
    const { store } = own;
    await commit(store, put(tables.session, 1));
    let found: Promise<readonly StoredRecord[]> | undefined;
    await endThread(async () => {
      found = read(store, tables.session, [1], [1]);
      await commit(store, put(tables.session, 2));
    });
    assert.equal((await found)?.length, 1);
  });

  it('bounds what one page takes in memory', async () => {
    await using own = opened();
    const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
    await commit(own.store, ...numbers.map((i) => put(tables.retained, i, 0, 100_000)));
    const page = await read(own.store, tables.retained, [0], [99]);
    assert.ok(page.length >= 1 && page.length < 10, `${page.length} records of 100,000 bytes`);
    assert.equal((await readAll(own.store, tables.retained)).length, 40);
  });

  it('goes on when it has written so much that its file is opened anew', async () => {
    await using own = opened();
    for (let round = 1; round <= 12; round++) {
      // Handed over together: nothing is under way when the file is closed.
      const done = commit(own.store, put(tables.retained, round, 0, 2_000_000));
      const found = read(own.store, tables.retained, [round], [round]);
      assert.deepEqual([await done, (await found).length], [undefined, 1]);
    }
    assert.equal((await readAll(own.store, tables.retained)).length, 12);
  });

  it('makes its file and the lock of LMDB, no more, and nothing keeps the process', async () => {
    const path = newPath();
    const script = join(folder, 'close.ts');
    const source = JSON.stringify(join(import.meta.dirname, 'lmdb-store.ts'));
    writeFileSync(
      script,
      `import { LmdbStore } from ${source};
      const store = new LmdbStore({ path: ${JSON.stringify(path)}, syncs: true });
      store.commit(new Uint8Array([1, 1, 9, 0, 0, 0, 1, 7]), async (fault) => {
        await store.close();
        await store.close();
        console.log(fault ?? 'closed');
      });`,
    );
    const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.deepEqual([stdout.trim(), status], ['closed', 0], stderr);
    const own = readdirSync(folder).filter((name) => join(folder, name).startsWith(path));
    assert.ok(own.length <= 2, own.join());
    assert.ok(statSync(path).size < 1_000_000);
  });

  it('makes a file that nobody else may read', async () => {
    await using own = opened();
    await commit(own.store, put(tables.session, 1));
    if (process.platform !== 'win32') assert.equal(statSync(own.path).mode & 0o777, 0o600);
  });

  it('is no larger after many changes than what is in it', async () => {
    await using own = opened();
    for (let round = 0; round < 50; round++) {
      await commit(own.store, put(tables.retained, 1, 0, 200_000));
    }
    assert.ok(statSync(own.path).size < 5_000_000);
  });
});

describe('a store on a disk that is full', () => {
  const skip = SmallDisk.missing();

  for (const syncs of [true, false]) {
    const how = syncs ? 'with' : 'without';
    it(`changes nothing, says ENOSPC, and goes on with room, ${how} syncs`, { skip }, async () => {
      using disk = new SmallDisk(2);
      {
        await using own = opened(join(disk.path, 'store.db'), syncs);
        const { store } = own;
        assert.equal(await commit(store, put(tables.session, 1)), undefined);
        disk.placeBallast(1);
        const large = [put(tables.session, 2), put(tables.retained, 1, 0, 1_500_000)];
        const fault = await commit(store, ...large, remove(tables.session, 1));
        assert.equal(fault?.code, 'ENOSPC');
        assert.deepEqual(await readAll(store, tables.session), ['1.0'], 'reading goes on');
        assert.deepEqual(await readAll(store, tables.retained), []);
        const again = await commit(store, ...large, remove(tables.session, 1));
        assert.equal(again?.code, 'ENOSPC');
        disk.makeRoom();
        const small = [put(tables.session, 2), put(tables.retained, 1, 0, 500_000)];
        assert.equal(await commit(store, ...small, remove(tables.session, 1)), undefined);
        assert.deepEqual(await readAll(store, tables.session), ['2.0']);
      }
    });
  }
});
