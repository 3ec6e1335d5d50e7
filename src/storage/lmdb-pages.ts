/** The pages of an LMDB file, as they are read: blocks of neighbours, and the set of those seen. */

import { readSync } from 'node:fs';
import { endianness } from 'node:os';

/** One system call takes no more than 2^31 - 1 bytes. */
const readBytesMax = 2 ** 30;

/** For what is not aligned: LMDB's files are in the byte order of their machine. */
export const isLittleEndian = endianness() === 'LE';

/** Room for pages that are read together, with its bytes, 16-bit and 32-bit numbers. */
export class PageBlock {
  readonly bytes: Uint8Array;
  // Pages, their headers and nodes are aligned for these: to read them so makes a walk fast.
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly view: DataView;

  constructor(byteLength: number) {
    const buffer = new ArrayBuffer(byteLength);
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Uint32Array(buffer);
    this.view = new DataView(buffer);
  }
}

/** An open file as a row of pages. A rest at its end that is no whole page does not count. */
export class PageFile {
  readonly #descriptor: number;
  readonly pageBytes: number;
  readonly pageCount: number;

  constructor(descriptor: number, fileBytes: number, pageBytes: number) {
    this.#descriptor = descriptor;
    this.pageBytes = pageBytes;
    this.pageCount = Math.floor(fileBytes / pageBytes);
  }

  /** Reads to the start of the block; false when the file turns out to end before. */
  read(page: number, byteLength: number, block: PageBlock): boolean {
    return readWhole(this.#descriptor, block.bytes, byteLength, page * this.pageBytes);
  }
}

/** Fills the first bytes of the buffer; false when the file ends before. */
export function readWhole(
  descriptor: number,
  bytes: Uint8Array,
  byteLength: number,
  position: number,
): boolean {
  let done = 0;
  while (done < byteLength) {
    const wanted = Math.min(byteLength - done, readBytesMax);
    const got = readSync(descriptor, bytes, done, wanted, position + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}

/** A set of page numbers, one bit each. */
export class PageSet {
  readonly #bits: Uint8Array;

  constructor(pageCount: number) {
    this.#bits = new Uint8Array(Math.ceil(pageCount / 8));
  }

  /** False when the page was in the set before. */
  add(page: number): boolean {
    const at = Math.floor(page / 8);
    const bit = 1 << (page % 8);
    if ((this.#bits[at] & bit) !== 0) return false;
    this.#bits[at] |= bit;
    return true;
  }
}
