/** The free tree of an LMDB file: the pages that it may write to again. */

import type { LmdbMeta } from './lmdb-meta.ts';
import { isLittleEndian, type PageSet } from './lmdb-pages.ts';
import type { DamageList } from './lmdb-report.ts';

/** Both the numbers of transactions, its keys, and the numbers of pages. */
const numberBytes = 8;

/** The free tree's keys all have 8 bytes. */
export const freeKeySizes = { keyBytesMin: numberBytes, keyBytesMax: numberBytes };

/**
 * Checks the records of the free tree. A key is the transaction that freed the pages. A value:
 *
 *   how many numbers follow u64 | each a page, or 0 for nothing, or minus the length of a row of
 *   pages, and then comes the first of them | what is behind the last of them means nothing
 */
export class FreeList {
  readonly #meta: LmdbMeta;
  readonly #used: PageSet;
  readonly #damage: DamageList;
  #pages = 0;

  constructor(meta: LmdbMeta, used: PageSet, damage: DamageList) {
    this.#meta = meta;
    this.#used = used;
    this.#damage = damage;
  }

  /** How many pages are free. */
  get pages(): number {
    return this.#pages;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    const transaction = numberAt(viewOf(key), 0);
    const fault =
      this.#transactionFault(transaction) ??
      rowsFault(viewOf(value), (first, length) => this.#free(first, length));
    if (fault === undefined) return;
    this.#damage.add(undefined, `the free pages of transaction ${transaction}: ${fault}`);
  }

  #transactionFault(transaction: number): string | undefined {
    const newest = this.#meta.transaction;
    if (transaction >= 1 && transaction <= newest) return undefined;
    return `that is none from 1 to ${newest}`;
  }

  #free(first: number, length: number): string | undefined {
    const last = first + length - 1;
    if (first < 2 || last > this.#meta.lastPage) {
      return `pages ${first} to ${last} are not from 2 to ${this.#meta.lastPage}`;
    }
    for (let page = first; page <= last; page += 1) {
      if (!this.#used.add(page)) return `page ${page} is in use, or free already`;
    }
    this.#pages += length;
    return undefined;
  }
}

/** Whether a record looks like one of the free tree: for who does not know what tree it is from. */
export function isFreeRecord(
  key: Uint8Array,
  value: Uint8Array,
  { lastPage, transaction }: Pick<LmdbMeta, 'lastPage' | 'transaction'>,
): boolean {
  if (key.length !== numberBytes || value.length < 2 * numberBytes) return false;
  const writer = numberAt(viewOf(key), 0);
  if (writer < 1 || writer > transaction) return false;
  const fault = rowsFault(viewOf(value), (first, length) => {
    return first >= 2 && first + length - 1 <= lastPage ? undefined : 'no pages';
  });
  return fault === undefined;
}

/** Goes through the rows of pages in a list; says what is wrong with it, or else with a row. */
function rowsFault(
  view: DataView,
  rowFault: (first: number, length: number) => string | undefined,
): string | undefined {
  const room = Math.floor(view.byteLength / numberBytes) - 1;
  if (view.byteLength % numberBytes !== 0 || room < 0) {
    return `a list does not have ${view.byteLength} bytes`;
  }
  const count = numberAt(view, 0);
  if (count < 0 || count > room) return `it has ${count} numbers, and room for ${room}`;
  for (let index = 1; index <= count; index += 1) {
    let number = numberAt(view, index);
    let length = 1;
    if (number === 0) continue;
    if (number < 0) {
      if (index === count) return 'a row of pages has no beginning';
      length = -number;
      index += 1;
      number = numberAt(view, index);
    }
    const fault = rowFault(number, length);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The order of the free tree: its keys are numbers. */
export function compareNumbers(
  left: Uint8Array,
  leftAt: number,
  _leftBytes: number,
  right: Uint8Array,
  rightAt: number,
): number {
  for (let index = 0; index < numberBytes; index += 1) {
    const place = isLittleEndian ? numberBytes - 1 - index : index;
    const order = left[leftAt + place] - right[rightAt + place];
    if (order !== 0) return order;
  }
  return 0;
}

/** A signed 64-bit number; rounded beyond 2^53, where no number is right anyway. */
function numberAt(view: DataView, index: number): number {
  const low = isLittleEndian ? 0 : 4;
  const at = index * numberBytes;
  const high = view.getInt32(at + 4 - low, isLittleEndian);
  return high * 2 ** 32 + view.getUint32(at + low, isLittleEndian);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
