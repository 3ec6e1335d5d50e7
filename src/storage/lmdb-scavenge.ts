/** Finds records in an LMDB file whose trees can't be followed, by a look at every page. */

import { isFreeRecord } from './lmdb-free-list.ts';
import { pageBytesMax, pageBytesMin, readMetas } from './lmdb-meta.ts';
import {
  headerFault,
  NodeLayout,
  nodeAt,
  nodeCountOf,
  nodeHeaderBytes,
  pageFlags,
  transactionOf,
  valueBytesOf,
} from './lmdb-page.ts';
import { PageBlock, PageFile } from './lmdb-pages.ts';
import { DamageList, type LmdbReport } from './lmdb-report.ts';
import type { VisitRecord } from './lmdb-tree.ts';
import { OverflowReader } from './lmdb-value.ts';

/** So many pages at the start of a file tell how long its pages are. */
const samplePages = 1_000;

/** A page at a time would be twenty times as many calls. */
const blockBytes = 1_048_576;

/** See `scavengeLmdbFile`. */
export function scavengePages(
  descriptor: number,
  fileBytes: number,
  visit: VisitRecord,
): LmdbReport {
  const file = new PageFile(descriptor, fileBytes, findPageBytes(descriptor, fileBytes));
  const damage = new DamageList();
  damage.add(undefined, 'the trees were not followed: old and deleted records may be among these');
  const leaves = findLeaves(file);
  const pages = new LeafReader(file, leaves.transaction, damage);
  let records = 0;
  for (const page of leaves.pages) records += pages.visit(page, visit);
  return {
    damage: damage.toArray(),
    records,
    pages: file.pageCount,
    freePages: 0,
    pageBytes: file.pageBytes,
    transaction: leaves.transaction,
  };
}

/** What a meta page says, or else the size at which most pages are where they say that they are. */
function findPageBytes(descriptor: number, fileBytes: number): number {
  for (const meta of readMetas(descriptor, fileBytes)) {
    if (typeof meta !== 'string') return meta.pageBytes;
  }
  let best = { pageBytes: 4096, hits: 0 };
  for (let pageBytes = pageBytesMin; pageBytes <= pageBytesMax; pageBytes *= 2) {
    const file = new PageFile(descriptor, fileBytes, pageBytes);
    const block = new PageBlock(pageBytes);
    let hits = 0;
    for (let page = 1; page < Math.min(file.pageCount, samplePages); page += 1) {
      const isRead = file.read(page, pageBytes, block);
      if (isRead && headerFault(block, 0, page, Number.MAX_SAFE_INTEGER) === undefined) hits += 1;
    }
    if (hits > best.hits) best = { pageBytes, hits };
  }
  return best.pageBytes;
}

interface Leaves {
  /** Those of older transactions first. */
  readonly pages: Iterable<number>;
  /** The newest one that has written any. */
  readonly transaction: number;
}

function findLeaves(file: PageFile): Leaves {
  const { pageBytes, pageCount } = file;
  const block = new PageBlock(blockBytes);
  const blockPages = blockBytes / pageBytes;
  const layout = new NodeLayout(pageBytes);
  const pages: number[] = [];
  const writers: number[] = [];
  let transaction = 0;
  for (let first = 0; first < pageCount; first += blockPages) {
    const count = Math.min(blockPages, pageCount - first);
    if (!file.read(first, count * pageBytes, block)) break;
    for (let index = 0; index < count; index += 1) {
      const at = index * pageBytes;
      if (headerFault(block, at, first + index, Number.MAX_SAFE_INTEGER) !== undefined) continue;
      if (block.halves[at / 2 + 9] !== pageFlags.leaf) continue;
      if (layout.boundsFault(block.halves, at) !== undefined) continue;
      const writer = transactionOf(block.words, at);
      pages.push(first + index);
      writers.push(writer);
      transaction = Math.max(transaction, writer);
    }
  }
  const order = Uint32Array.from(pages, (_, index) => index);
  order.sort((left, right) => writers[left] - writers[right] || left - right);
  return { pages: order.map((index) => pages[index]), transaction };
}

/** Reads leaf pages, whatever tree they are or were of. */
class LeafReader {
  readonly #file: PageFile;
  readonly #transaction: number;
  readonly #damage: DamageList;
  readonly #layout: NodeLayout;
  readonly #overflow: OverflowReader;
  readonly #block: PageBlock;

  constructor(file: PageFile, transaction: number, damage: DamageList) {
    this.#file = file;
    this.#transaction = transaction;
    this.#damage = damage;
    this.#layout = new NodeLayout(file.pageBytes);
    this.#overflow = new OverflowReader(file);
    this.#block = new PageBlock(file.pageBytes);
  }

  /** Hands over the records of the page, unless it is one of the free tree; returns how many. */
  visit(page: number, visit: VisitRecord): number {
    const { halves } = this.#block;
    if (!this.#file.read(page, this.#file.pageBytes, this.#block)) return 0;
    const fault = this.#layout.nodesFault(halves, 0);
    if (fault !== undefined) this.#damage.add(page, fault);
    const sound = this.#layout.soundNodes(halves, 0);
    if (this.#isOfFreeTree(sound)) return 0;
    let records = 0;
    for (let index = 0; index < nodeCountOf(halves, 0); index += 1) {
      const value = sound[index] === 1 ? this.#value(index) : undefined;
      if (value === undefined) continue;
      records += 1;
      visit(this.#key(index), value);
    }
    return records;
  }

  #isOfFreeTree(sound: Uint8Array): boolean {
    const limits = { lastPage: 2 ** 32, transaction: this.#transaction };
    let records = 0;
    for (let index = 0; index < sound.length; index += 1) {
      const value = sound[index] === 1 ? this.#value(index) : undefined;
      if (value === undefined) continue;
      if (!isFreeRecord(this.#key(index), value, limits)) return false;
      records += 1;
    }
    return records > 0;
  }

  #key(index: number): Uint8Array {
    const { bytes, halves } = this.#block;
    const at = nodeAt(halves, 0, index) + nodeHeaderBytes;
    return bytes.subarray(at, at + halves[at / 2 - 1]);
  }

  /** Undefined when the value has pages of its own, and they are no longer what they were. */
  #value(index: number): Uint8Array | undefined {
    const { bytes, halves } = this.#block;
    const node = nodeAt(halves, 0, index);
    const at = node + nodeHeaderBytes + halves[node / 2 + 3];
    const byteLength = valueBytesOf(halves, node);
    if (halves[node / 2 + 2] === 0) return bytes.subarray(at, at + byteLength);
    if (this.#overflow.locate(this.#block, at, byteLength) !== undefined) return undefined;
    const value = this.#overflow.read();
    return typeof value === 'string' || this.#overflow.isOverwritten() ? undefined : value;
  }
}
