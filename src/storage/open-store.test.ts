/** A store on disk that is opened: new, again, damaged, or somebody else's. */

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { commit, put } from '../../test/contract/store-contract.ts';
import { readKey, tables } from '../broker/state/keys.ts';
import { ForeignFileError, type OpenStore, openStore } from './open-store.ts';
import { StoreInUseError } from './store-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-open-'));
const file = 'store.db';
let folders = 0;
const closings: (() => Promise<void>)[] = [];

after(async () => {
  // Those that a failed test has left open would keep the process.
  for (const close of closings) await close().catch(() => undefined);
  rmSync(folder, { recursive: true });
});

function newDirectory(): string {
  return join(folder, String(++folders));
}

type Salvaged = { readonly asidePath: string; readonly records: number };

/** The numbers of the retained messages that are loaded, and what was salvaged. */
async function open(directory: string) {
  const salvaged: Salvaged[] = [];
  const opened: OpenStore<number[]> = await openStore({
    directory,
    file,
    durability: 'sync',
    load: (records) => {
      const numbers: number[] = [];
      records((key) => numbers.push(readKey(key)!.first));
      return numbers;
    },
    salvaged: (_damage, outcome) => salvaged.push(outcome),
    damaged: () => assert.fail(),
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await opened.close();
    isClosed = true;
  };
  closings.push(close);
  return { ...opened, close, salvaged };
}

/** A directory with a store of so many records. */
async function filled(count: number): Promise<string> {
  const directory = newDirectory();
  const { store, close } = await open(directory);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  await commit(store, ...numbers.map((number) => put(tables.retained, number, 0, 1000)));
  await close();
  return directory;
}

async function numbersIn(directory: string): Promise<number[]> {
  const { loaded, salvaged, close } = await open(directory);
  await close();
  assert.deepEqual(salvaged, []);
  return loaded;
}

/** Spoils the middle of a value of the store. */
function damage(directory: string): void {
  const path = join(directory, file);
  const bytes = readFileSync(path);
  const sevens = Buffer.alloc(1000, 7);
  let at = bytes.indexOf(sevens);
  assert.notEqual(at, -1, 'there is a record of sevens');
  // LMDB may have left some where they are no more.
  for (; at !== -1; at = bytes.indexOf(sevens, at + 1)) bytes[at + 450] ^= 0x10;
  writeFileSync(path, bytes);
}

describe('a store', () => {
  it('is made where there is none, for nobody else to read', async () => {
    const directory = join(newDirectory(), 'below');
    const { loaded, isLocked, close } = await open(directory);
    await close();
    assert.deepEqual([loaded, isLocked], [[], true]);
    if (process.platform !== 'win32') assert.equal(statSync(directory).mode & 0o077, 0);
  });

  it('has what it had when it is opened again', async () => {
    const directory = await filled(50);
    assert.deepEqual(
      await numbersIn(directory),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });

  it('is opened by one at a time, and given up when it is closed', async () => {
    const directory = await filled(1);
    const first = await open(directory);
    await assert.rejects(open(directory), StoreInUseError);
    await first.close();
    assert.deepEqual(await numbersIn(directory), [1]);
  });

  it('is given up when what it has cannot be loaded', async () => {
    const directory = await filled(1);
    const load = () => {
      throw new Error('another layout');
    };
    const options = { directory, file, durability: 'sync', load } as const;
    const silent = { salvaged: () => assert.fail(), damaged: () => assert.fail() };
    await assert.rejects(openStore({ ...options, ...silent }), /another layout/);
    assert.deepEqual(await numbersIn(directory), [1]);
  });

  it("that is Mosquitto's is refused and left as it is", async () => {
    const directory = await filled(1);
    const path = join(directory, file);
    const foreign = Buffer.concat([
      Buffer.from('\0\xb5\0mosquitto db', 'latin1'),
      Buffer.alloc(99),
    ]);
    writeFileSync(path, foreign);
    await assert.rejects(open(directory), ForeignFileError);
    assert.deepEqual(readFileSync(path), foreign);
    await assert.rejects(open(directory), ForeignFileError, 'the lock was given back');
  });
});

describe('a damaged store', () => {
  it('is set aside, and what can be read of it goes on', async () => {
    const directory = await filled(20);
    damage(directory);
    const damagedBytes = readFileSync(join(directory, file));
    const { loaded, salvaged, store, close } = await open(directory);
    const expected = Array.from({ length: 20 }, (_, i) => i + 1).filter((i) => i !== 7);
    assert.deepEqual(loaded, expected);
    const [{ asidePath, records }, ...more] = salvaged;
    assert.deepEqual([records, more], [19, []]);
    assert.match(asidePath, /\.damaged-\d{4}-/);
    assert.deepEqual(readFileSync(asidePath), damagedBytes);
    assert.equal(await commit(store, put(tables.retained, 99)), undefined);
    await close();
    assert.deepEqual(await numbersIn(directory), [...expected, 99]);
  });

  it('twice within a second is set aside under two names', async () => {
    const directory = await filled(8);
    damage(directory);
    const aside = join(directory, 'copy');
    copyFileSync(join(directory, file), aside);
    await (await open(directory)).close();
    renameSync(aside, join(directory, file));
    await (await open(directory)).close();
    const names = readdirSync(directory).filter((name) => name.includes('.damaged-'));
    assert.equal(names.length, 2);
  });

  it('of which nothing can be read is set aside, and begins anew', async () => {
    const directory = await filled(3);
    writeFileSync(join(directory, file), Buffer.alloc(50_000, 0xa5));
    const { loaded, salvaged, close } = await open(directory);
    await close();
    assert.deepEqual([loaded, salvaged.length], [[], 1]);
    assert.deepEqual(await numbersIn(directory), []);
  });

  it('whose salvage was broken off before its end is salvaged again', async () => {
    const directory = await filled(8);
    damage(directory);
    writeFileSync(join(directory, `${file}.unfinished`), Buffer.alloc(5000, 1));
    writeFileSync(join(directory, `${file}.unfinished-lock`), Buffer.alloc(50, 1));
    const { loaded, close } = await open(directory);
    await close();
    assert.equal(loaded.length, 7);
    const left = readdirSync(directory).filter((name) => /unfinished|salvaged/.test(name));
    assert.deepEqual(left, []);
  });

  it('whose salvage was broken off between its two names has the new one', async () => {
    const directory = await filled(8);
    renameSync(join(directory, file), join(directory, `${file}.salvaged`));
    assert.equal((await numbersIn(directory)).length, 8);
    assert.equal(existsSync(join(directory, `${file}.salvaged`)), false);
  });

  it('that still has its name is salvaged once more, whatever lies beside it', async () => {
    const directory = await filled(8);
    const path = join(directory, file);
    damage(directory);
    writeFileSync(`${path}.salvaged`, Buffer.alloc(5000, 1));
    const { loaded, close } = await open(directory);
    await close();
    assert.equal(loaded.length, 7);
    assert.equal(existsSync(`${path}.salvaged`), false);
  });
});
