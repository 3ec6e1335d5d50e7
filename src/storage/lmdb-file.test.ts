/** The reader of LMDB files, on files by the real library: sound ones and damaged ones. */

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RootDatabase } from 'lmdb';
import { tryDamages } from '../../test/harness/lmdb-damage.ts';
import { openNatively, trialFolder, writeSamples } from '../../test/harness/lmdb-native.ts';
import { readLmdbFile, scavengeLmdbFile } from './lmdb-file.ts';
import type { LmdbReport } from './lmdb-report.ts';

const pageBytes = 4096;
const seed = 2;
const damagesPerRun = 40;

type Database = RootDatabase<Buffer, Buffer>;
type Entries = readonly (readonly [string, string])[];

const folder = trialFolder();
let nextFile = 0;

after(() => rmSync(folder, { recursive: true }));

interface Written {
  readonly path: string;
  /** What the library itself reads. */
  readonly entries: Entries;
}

async function write(fill: (database: Database) => void): Promise<Written> {
  nextFile += 1;
  const path = join(folder, `test-${nextFile}.mdb`);
  const database = openNatively(path);
  fill(database);
  const entries = [...database.getRange()].map(({ key, value }) => entryOf(key, value));
  await database.close();
  return { path, entries };
}

function read(path: string): { readonly report: LmdbReport; readonly entries: Entries } {
  const entries: (readonly [string, string])[] = [];
  const report = readLmdbFile(path, (key, value) => entries.push(entryOf(key, value)));
  return { report, entries };
}

function entryOf(key: Uint8Array, value: Uint8Array): readonly [string, string] {
  return [Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex')];
}

function keyOf(number: number, byteLength = 13): Buffer {
  const key = Buffer.alloc(byteLength, number);
  key.writeUInt32BE(Math.imul(number, 0x9e3779b1) >>> 0, byteLength - 4);
  return key;
}

/** Changes a file's bytes and returns what is then found in it. */
function readAfter(path: string, change: (bytes: Buffer) => Buffer | undefined) {
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes) ?? bytes);
  const found = read(path);
  assert.equal(found.report.records, found.entries.length);
  return found;
}

/** Where the meta page of the newest transaction begins. */
function newestMetaOf(bytes: Buffer): number {
  return bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(pageBytes + 152) ? 0 : pageBytes;
}

function mainRootOf(bytes: Buffer): number {
  return Number(bytes.readBigUInt64LE(newestMetaOf(bytes) + 136));
}

describe('a sound LMDB file', () => {
  const check = (name: string, fill: (database: Database) => void) =>
    it(`is read as the library reads it: ${name}`, async () => {
      const { path, entries } = await write(fill);
      const found = read(path);
      assert.deepEqual(found.report.damage, []);
      assert.deepEqual(found.entries, entries);
      assert.equal(found.report.records, entries.length);
    });

  check('just made', () => {});
  check('one record', (database) => database.putSync(keyOf(1), Buffer.from('value')));
  check('a value of no bytes', (database) => database.putSync(keyOf(1), Buffer.alloc(0)));
  check('all deleted again', (database) => {
    database.putSync(keyOf(1), Buffer.alloc(9_000));
    database.removeSync(keyOf(1));
  });
  check('a tree of three levels', (database) => {
    database.transactionSync(() => {
      for (let number = 0; number < 8_000; number += 1) {
        database.putSync(keyOf(number), Buffer.alloc(120, number));
      }
    });
  });
  check('keys of one byte to 64', (database) => {
    database.transactionSync(() => {
      for (let number = 0; number < 3_000; number += 1) {
        database.putSync(keyOf(number, 4 + (number % 61)), Buffer.alloc(number % 50, number));
      }
      database.putSync(Buffer.of(0), Buffer.of(1));
    });
  });
  check('values on pages of their own', (database) => {
    for (let number = 0; number < 60; number += 1) {
      database.putSync(keyOf(number), Buffer.alloc(number * 337, number));
    }
    database.putSync(keyOf(60), Buffer.alloc(1_000_000, 60));
  });
  check('many deletions, and a long list of free pages', (database) => {
    const reader = database.useReadTransaction();
    for (let number = 0; number < 4_000; number += 1) {
      database.putSync(keyOf(number), Buffer.alloc(number % 7 === 0 ? 5_000 : 200, number));
      if (number >= 40) database.removeSync(keyOf(number - 40));
    }
    reader.done();
  });

  it('tells how many pages are free', async () => {
    const { path } = await write((database) => {
      for (let number = 0; number < 20; number += 1)
        database.putSync(keyOf(0), Buffer.alloc(9_000));
    });
    const { report } = read(path);
    // Three for the value, two roots, two metas.
    assert.equal(report.pages - report.freePages, 7);
    assert.equal(report.transaction, 20);
    assert.equal(report.pageBytes, pageBytes);
  });
});

describe('a damaged LMDB file', () => {
  let sound: Written;

  before(async () => {
    sound = await write((database) => {
      for (let turn = 0; turn < 3; turn += 1) {
        database.transactionSync(() => {
          for (let number = 0; number < 300; number += 1) {
            database.putSync(keyOf(number), Buffer.alloc(120, number + turn));
          }
        });
      }
    });
  });

  function copy(): string {
    nextFile += 1;
    const path = join(folder, `copy-${nextFile}.mdb`);
    writeFileSync(path, readFileSync(sound.path));
    return path;
  }

  it('that is not there throws ENOENT', () => {
    assert.throws(() => read(join(folder, 'none.mdb')), { code: 'ENOENT' });
    assert.throws(() => scavengeLmdbFile(join(folder, 'none.mdb'), () => {}), { code: 'ENOENT' });
  });

  it('of no bytes is empty: the library makes a database of it', () => {
    const { report } = readAfter(copy(), () => Buffer.alloc(0));
    assert.deepEqual(report.damage, []);
  });

  it('shorter than its meta pages is reported, at every length', () => {
    for (const byteLength of [1, 23, 24, 191, 192, pageBytes, pageBytes + 100]) {
      const { report } = readAfter(copy(), (bytes) => bytes.subarray(0, byteLength));
      assert.notEqual(report.damage.length, 0, `${byteLength} bytes`);
      assert.equal(report.records, 0);
    }
  });

  it('loses the records of a bad leaf, and no others', () => {
    const { report, entries } = readAfter(copy(), (bytes) => {
      const root = mainRootOf(bytes) * pageBytes;
      const child = root + 24 + bytes.readUInt16LE(root + 26);
      bytes.fill(
        0,
        bytes.readUInt32LE(child) * pageBytes,
        (bytes.readUInt32LE(child) + 1) * pageBytes,
      );
    });
    assert.equal(report.damage.length, 1);
    const lost = sound.entries.length - entries.length;
    assert.ok(lost > 0 && lost < 40, `${lost} are lost`);
    const expected = new Set(sound.entries.map(([key, value]) => `${key} ${value}`));
    for (const [key, value] of entries) assert.ok(expected.has(`${key} ${value}`));
  });

  it('with one good meta page is read from that one, and it is reported', () => {
    const { report, entries } = readAfter(copy(), (bytes) => {
      bytes.fill(0, newestMetaOf(bytes), newestMetaOf(bytes) + pageBytes);
    });
    assert.equal(report.damage.length, 1);
    assert.equal(report.transaction, 2);
    assert.equal(entries.length, sound.entries.length);
  });

  it('whose newest root was never written is read as of the transaction before', () => {
    const { report, entries } = readAfter(copy(), (bytes) => {
      const root = mainRootOf(bytes) * pageBytes;
      bytes.fill(0, root, root + pageBytes);
    });
    assert.notEqual(report.damage.length, 0);
    assert.equal(report.transaction, 2);
    assert.equal(entries.length, sound.entries.length);
  });

  it('has records under wrong keys told apart from the others', () => {
    const path = copy();
    const bytes = readFileSync(path);
    const root = mainRootOf(bytes) * pageBytes;
    const [first, second] = [24, 26].map((at) => {
      return bytes.readUInt32LE(root + 24 + bytes.readUInt16LE(root + at)) * pageBytes;
    });
    const number = bytes.readUInt32LE(second);
    bytes.copyWithin(second, first, first + pageBytes);
    bytes.writeUInt32LE(number, second);
    writeFileSync(path, bytes);
    const inPlace: string[] = [];
    const misplaced: string[] = [];
    const report = readLmdbFile(path, (key, value) => inPlace.push(entryOf(key, value)[0]), {
      misplaced: (key, value) => misplaced.push(entryOf(key, value)[0]),
    });
    assert.equal(report.damage.length, 1);
    assert.deepEqual(misplaced, inPlace.slice(0, misplaced.length));
    assert.equal(report.records, inPlace.length + misplaced.length);
  });

  it('without any meta page or root gives its records to a scavenger, the newest last', () => {
    const path = copy();
    const bytes = readFileSync(path);
    const root = mainRootOf(bytes) * pageBytes;
    bytes.fill(0, root, root + pageBytes);
    bytes.fill(0, 0, 2 * pageBytes);
    writeFileSync(path, bytes);
    const found = new Map<string, string>();
    const report = scavengeLmdbFile(path, (key, value) => found.set(...entryOf(key, value)));
    assert.deepEqual(
      [...found].sort(),
      [...sound.entries].map(([key, value]) => [key, value]),
    );
    assert.equal(report.pageBytes, pageBytes);
    assert.notEqual(report.damage.length, 0);
  });

  it('never throws, keeps what is intact, and is known from one that the library can use', () => {
    const samples = writeSamples(folder);
    const tally = tryDamages(samples, seed, { count: damagesPerRun, folder });
    assert.ok(tally.damaged > 0 && tally.undamaged > 0, JSON.stringify(tally));
  });
});
