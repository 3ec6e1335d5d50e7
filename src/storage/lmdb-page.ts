/** What an LMDB page looks like, and what is wrong with one. */

import type { PageBlock } from './lmdb-pages.ts';

/*
 * A page:
 *
 *   0 page number u64 | 8 transaction that wrote it u64 | 16 unused u16 | 18 flags u16
 *   20 lower u16, upper u16, or for an overflow page: how many pages its value takes, u32
 *
 * Offsets count from the end of this header: up to `lower` those of the nodes, u16 each, in the
 * order of their keys; from `upper` to the end of the page the nodes themselves, in any order and
 * without a gap, each of an even size:
 *
 *   0 u32 | 4 u16 | 6 key size u16 | 8 key | value
 *
 * In a branch page the first 48 bits are the child's page. In a leaf page they are the size of the
 * value, and flags: 0, and the value follows; or 1, and there follows where its overflow pages are
 * (first page u64, transaction u64, how many pages u64). The value begins behind the header of the
 * first of them; the others have none.
 */
export const pageHeaderBytes = 24;
export const nodeHeaderBytes = 8;
export const pageFlags = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
const extentBytes = 24;

const offsetsAt = pageHeaderBytes / 2;
const keyBytesMost = 4026;

/** A reason not to believe a page's header; the transaction is the newest that there can be. */
export function headerFault(
  { words, halves }: PageBlock,
  at: number,
  page: number,
  transaction: number,
): string | undefined {
  const word = at / 4;
  const number = words[word] + words[word + 1] * 2 ** 32;
  if (number !== page) return `it says that it is page ${number}`;
  // LMDB would take it for one that it may still change in place.
  const writer = transactionOf(words, at);
  if (writer > transaction) return `its transaction ${writer} is above ${transaction}`;
  const flags = halves[at / 2 + 9];
  if (flags === pageFlags.leaf || flags === pageFlags.branch) return undefined;
  return flags === pageFlags.overflow ? undefined : `its flags are ${flags}`;
}

/** The transaction that wrote the page. */
export function transactionOf(words: Uint32Array, at: number): number {
  return words[at / 4 + 2] + words[at / 4 + 3] * 2 ** 32;
}

/** How many nodes a page says it has. */
export function nodeCountOf(halves: Uint16Array, at: number): number {
  return halves[at / 2 + 10] >>> 1;
}

/** Where a node begins in the block. */
export function nodeAt(halves: Uint16Array, at: number, index: number): number {
  return at + pageHeaderBytes + halves[at / 2 + offsetsAt + index];
}

/** The page that a node of a branch page leads to. */
export function childOf(halves: Uint16Array, node: number): number {
  const half = node / 2;
  return halves[half] + halves[half + 1] * 2 ** 16 + halves[half + 2] * 2 ** 32;
}

/** The size of a leaf node's value. */
export function valueBytesOf(halves: Uint16Array, node: number): number {
  const half = node / 2;
  return halves[half] + halves[half + 1] * 2 ** 16;
}

export interface KeySizes {
  readonly keyBytesMin: number;
  readonly keyBytesMax: number;
}

/** Checks that the nodes of a page lie as LMDB lays them. */
export class NodeLayout {
  /** What there is behind a page's header. */
  readonly #room: number;
  readonly #nodeBytesMax: number;
  readonly #keyBytesMin: number;
  readonly #keyBytesMax: number;
  // By half the offset: the size of the node that begins there. Zeros between two pages.
  readonly #sizes: Uint16Array;

  constructor(pageBytes: number, { keyBytesMin, keyBytesMax }: Partial<KeySizes> = {}) {
    this.#room = pageBytes - pageHeaderBytes;
    // Two of the largest fill a page: what is larger has its value on overflow pages. A key leaves
    // room for what LMDB writes of a tree in a tree, 48 bytes; its JavaScript side takes fewer.
    this.#nodeBytesMax = ((this.#room >> 1) & ~1) - 2;
    const keyBytesFitting = this.#nodeBytesMax - nodeHeaderBytes - 48;
    this.#keyBytesMin = keyBytesMin ?? 1;
    this.#keyBytesMax = keyBytesMax ?? Math.min(keyBytesFitting, keyBytesMost);
    this.#sizes = new Uint16Array(this.#room / 2 + 1);
  }

  /** Says what is wrong with the bounds of the page: then nothing on it can be read. */
  boundsFault(halves: Uint16Array, at: number): string | undefined {
    const lower = halves[at / 2 + 10];
    const upper = halves[at / 2 + 11];
    const sound =
      lower >= 2 && lower <= upper && upper <= this.#room && ((lower | upper) & 1) === 0;
    return sound ? undefined : `its free space is from ${lower} to ${upper} of ${this.#room}`;
  }

  /** Says what is wrong with the nodes of a page whose bounds are sound. */
  nodesFault(halves: Uint16Array, at: number): string | undefined {
    const count = nodeCountOf(halves, at);
    const misplaced = this.#enter(halves, at);
    // From node to node: they must be as many, and end where the page ends.
    let offset = halves[at / 2 + 11];
    let met = 0;
    for (; offset < this.#room && this.#sizes[offset >>> 1] !== 0; met += 1) {
      const size = this.#sizes[offset >>> 1];
      this.#sizes[offset >>> 1] = 0;
      offset += size;
    }
    if (misplaced === 0 && met === count && offset === this.#room) return undefined;
    this.#sizes.fill(0);
    if (misplaced > 0) return `${misplaced} of its ${count} nodes are no nodes`;
    return `its ${count} nodes overlap or leave gaps`;
  }

  /** For a page with a fault in its nodes: which of them fit to their neighbours, 1 or 0 each. */
  soundNodes(halves: Uint16Array, at: number): Uint8Array {
    const sound = new Uint8Array(nodeCountOf(halves, at));
    this.#enter(halves, at);
    for (let index = 0; index < sound.length; index += 1) {
      const offset = halves[at / 2 + offsetsAt + index];
      if (this.#fits(offset)) sound[index] = 1;
    }
    this.#sizes.fill(0);
    return sound;
  }

  /** Enters the nodes' sizes by their offsets, and returns how many it could not. */
  #enter(halves: Uint16Array, at: number): number {
    const count = nodeCountOf(halves, at);
    const upper = halves[at / 2 + 11];
    const isLeaf = halves[at / 2 + 9] === pageFlags.leaf;
    let misplaced = 0;
    for (let index = 0; index < count; index += 1) {
      const offset = halves[at / 2 + offsetsAt + index];
      let size = 0;
      if ((offset & 1) === 0 && offset >= upper && offset + nodeHeaderBytes <= this.#room) {
        const half = (at + pageHeaderBytes + offset) >>> 1;
        size = isLeaf
          ? this.#leafNodeBytes(halves, half)
          : this.#branchNodeBytes(halves, half, index);
      }
      if (size === 0 || offset + size > this.#room || this.#sizes[offset >>> 1] !== 0)
        misplaced += 1;
      else this.#sizes[offset >>> 1] = size;
    }
    return misplaced;
  }

  /** The size of a leaf page's node in the page; 0 when it is none. */
  #leafNodeBytes(halves: Uint16Array, half: number): number {
    const flags = halves[half + 2];
    const keyBytes = halves[half + 3];
    if (keyBytes < this.#keyBytesMin || keyBytes > this.#keyBytesMax || flags > 1) return 0;
    if (flags === 1) return (nodeHeaderBytes + keyBytes + extentBytes + 1) & ~1;
    const size = nodeHeaderBytes + keyBytes + valueBytesOf(halves, half * 2);
    return size > this.#nodeBytesMax ? 0 : (size + 1) & ~1;
  }

  /** The size of a branch page's node in the page; 0 when it is none. The first has any key. */
  #branchNodeBytes(halves: Uint16Array, half: number, index: number): number {
    const keyBytes = halves[half + 3];
    if (keyBytes > this.#keyBytesMax || (index > 0 && keyBytes < this.#keyBytesMin)) return 0;
    return (nodeHeaderBytes + keyBytes + 1) & ~1;
  }

  /** Another node or the end of the page follows, and none begins before. */
  #fits(offset: number): boolean {
    const size = this.#sizes[offset >>> 1];
    if (size === 0 || (offset & 1) !== 0) return false;
    for (let inside = offset + 2; inside < offset + size; inside += 2) {
      if (this.#sizes[inside >>> 1] !== 0) return false;
    }
    return offset + size === this.#room || this.#sizes[(offset + size) >>> 1] !== 0;
  }
}
