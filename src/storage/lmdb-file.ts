/**
 * Reads the file of an LMDB database without LMDB, which crashes on a damaged one: `readLmdbFile`
 * says whether it can be given the file, `scavengeLmdbFile` finds what can still be found.
 *
 * The facts of the format are those of the npm package lmdb 3.5.6, its transactions on every page
 * and its rows of free pages included. There is the main database only, and no duplicate keys.
 */

import { closeSync, fstatSync, openSync } from 'node:fs';
import { compareNumbers, FreeList, freeKeySizes } from './lmdb-free-list.ts';
import { compareBytes } from './lmdb-keys.ts';
import { type LmdbMeta, type MetaReading, readMetas } from './lmdb-meta.ts';
import { headerFault, pageFlags, transactionOf } from './lmdb-page.ts';
import { PageBlock, PageFile, PageSet } from './lmdb-pages.ts';
import { DamageList, type LmdbReport } from './lmdb-report.ts';
import { scavengePages } from './lmdb-scavenge.ts';
import { TreeWalk, type VisitRecord } from './lmdb-tree.ts';

/**
 * The file may end before the last page that LMDB counts: a transaction can take new pages and give
 * them back, unwritten. It is nowhere near as many.
 */
const unwrittenPagesMax = 2 ** 20;

/** Which transaction is read: the last, or the one before it, whose pages are still there. */
export type FileVersion = 'newest' | 'previous';

export interface ReadOptions {
  /** By default, what is told of all others. */
  readonly misplaced?: VisitRecord;
  readonly version?: FileVersion;
}

/**
 * Reads all records of the main database in the order of their keys, and checks everything that
 * LMDB relies on. A damaged page costs what is on it and below it. `misplaced` is told of
 * records in a place where LMDB would not find them by their keys: the page is an old version of
 * the right one, or the key is wrong. One handed to `visit` under the same key, sooner or later, is
 * to be preferred. The views are valid during the call only. Nobody may write to the file in the
 * meantime.
 *
 * @throws what node:fs throws when the file can't be opened or read, never for what is in it
 */
export function readLmdbFile(
  path: string,
  visit: VisitRecord,
  { misplaced = visit, version = 'newest' }: ReadOptions = {},
): LmdbReport {
  return withFile(path, (descriptor, fileBytes) => {
    // LMDB makes a database of an empty file.
    if (fileBytes === 0) return emptyReport;
    const damage = new DamageList();
    const metas = readMetas(descriptor, fileBytes);
    const fileOf = (meta: LmdbMeta) => new PageFile(descriptor, fileBytes, meta.pageBytes);
    const meta =
      version === 'newest' ? chooseMeta(metas, damage, fileOf) : previousMeta(metas, damage);
    if (meta === undefined) return { ...emptyReport, damage: damage.toArray() };
    return readTrees(fileOf(meta), meta, damage, { visit, visitMisplaced: misplaced });
  });
}

/**
 * For a file none of whose meta pages can be used, or with a damaged root: looks at every page by
 * itself and hands over all records of what looks like a leaf page. Those of older transactions
 * come first, so that the last one counts; deleted records may come too. The damage is never empty.
 *
 * @throws what node:fs throws when the file can't be opened or read, never for what is in it
 */
export function scavengeLmdbFile(path: string, visit: VisitRecord): LmdbReport {
  return withFile(path, (descriptor, fileBytes) => {
    return scavengePages(descriptor, fileBytes, visit);
  });
}

const emptyReport: LmdbReport = {
  damage: [],
  records: 0,
  pages: 0,
  freePages: 0,
  pageBytes: 0,
  transaction: 0,
};

function withFile<T>(path: string, read: (descriptor: number, fileBytes: number) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return read(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

interface Visitors {
  readonly visit: VisitRecord;
  readonly visitMisplaced: VisitRecord;
}

function readTrees(
  file: PageFile,
  meta: LmdbMeta,
  damage: DamageList,
  visitors: Visitors,
): LmdbReport {
  const { lastPage } = meta;
  const pagesMax = file.pageCount + unwrittenPagesMax;
  if (lastPage >= pagesMax) {
    const message = `its last page is ${lastPage}, but the file has ${file.pageCount} pages`;
    damage.add(meta.page, message);
  }
  const pageCount = Math.min(lastPage + 1, pagesMax);
  const reachable = { ...meta, lastPage: pageCount - 1 };
  const used = new PageSet(pageCount);
  const shared = { file, meta: reachable, used, damage };
  const records = new TreeWalk({
    ...shared,
    ...visitors,
    tree: meta.mainTree,
    name: 'main tree',
    compare: compareBytes,
  }).run();

  const free = new FreeList(reachable, used, damage);
  const add: VisitRecord = (key, value) => free.add(key, value);
  new TreeWalk({
    ...shared,
    visit: add,
    visitMisplaced: add,
    tree: meta.freeTree,
    name: 'free tree',
    compare: compareNumbers,
    keySizes: freeKeySizes,
  }).run();
  return {
    damage: damage.toArray(),
    records,
    pages: pageCount,
    freePages: free.pages,
    pageBytes: meta.pageBytes,
    transaction: meta.transaction,
  };
}

function previousMeta(metas: readonly MetaReading[], damage: DamageList): LmdbMeta | undefined {
  const sound = metas.filter((meta) => typeof meta !== 'string');
  const [older, newer] = sound.sort((left, right) => left.transaction - right.transaction);
  if (newer?.transaction === older?.transaction + 1) return older;
  damage.add(undefined, 'there is no transaction before the last');
  return undefined;
}

/**
 * The meta page to read from: the newest one, as LMDB does it, unless its main tree is not there.
 * Then the one before it, whose pages LMDB does not overwrite until the next transaction.
 */
function chooseMeta(
  metas: readonly MetaReading[],
  damage: DamageList,
  fileOf: (meta: LmdbMeta) => PageFile,
): LmdbMeta | undefined {
  metas.forEach((meta, page) => {
    if (typeof meta === 'string') damage.add(page, `no meta page: ${meta}`);
  });
  const newestFirst = metas
    .filter((meta) => typeof meta !== 'string')
    .sort((left, right) => right.transaction - left.transaction);
  const [newest, other] = newestFirst;
  if (newest === undefined) return undefined;
  const fault = rootsFault(fileOf(newest), newest);
  if (fault === undefined) return newest;
  damage.add(newest.page, `transaction ${newest.transaction}: ${fault}`);
  if (other?.mainTree.root === undefined) return newest;
  if (rootsFault(fileOf(other), other) !== undefined) return newest;
  damage.add(other.page, `transaction ${other.transaction} is read instead`);
  return other;
}

/** Why the roots of the trees can't be those that the transaction has written. */
function rootsFault(file: PageFile, meta: LmdbMeta): string | undefined {
  const { transaction, mainTree, freeTree } = meta;
  const main = rootWriter(file, mainTree.root, transaction);
  const free = rootWriter(file, freeTree.root, transaction);
  if (typeof main === 'string') return `the root of the main tree, page ${mainTree.root}: ${main}`;
  // The free tree has no records to lose: its walk will say what is wrong with it.
  if (typeof free === 'string') return undefined;
  // Whatever a transaction changes, it writes at least one of the roots anew.
  const newest = Math.max(main ?? 0, free ?? 0);
  const isEmpty = main === undefined && free === undefined;
  if (newest === transaction || isEmpty) return undefined;
  return `the newest root is of transaction ${newest}`;
}

/** The transaction that wrote the root; a text when it is no root, undefined when there is none. */
function rootWriter(
  file: PageFile,
  root: number | undefined,
  transaction: number,
): number | string | undefined {
  if (root === undefined) return undefined;
  const block = new PageBlock(file.pageBytes);
  const isThere = root < file.pageCount && file.read(root, file.pageBytes, block);
  if (!isThere) return 'the file ends before it';
  const fault = headerFault(block, 0, root, transaction);
  if (fault !== undefined) return fault;
  if (block.halves[9] === pageFlags.overflow) return 'it is an overflow page';
  return transactionOf(block.words, 0);
}
