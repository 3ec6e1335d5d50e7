/** Values of an LMDB file that are too long for a node: they have pages of their own. */

import { pageFlags, pageHeaderBytes, transactionOf } from './lmdb-page.ts';
import { isLittleEndian, PageBlock, type PageFile } from './lmdb-pages.ts';

const bytesAtFirst = 65_536;
/** Up to here the room grows in powers of two. */
const doublingMax = 2 ** 26;

/** Finds and reads one overflow value after the other, each into the same bytes. */
export class OverflowReader {
  readonly #file: PageFile;
  #block = new PageBlock(bytesAtFirst);
  #first = 0;
  #pages = 0;
  #transaction = 0;
  #valueBytes = 0;

  constructor(file: PageFile) {
    this.#file = file;
  }

  get first(): number {
    return this.#first;
  }

  get pages(): number {
    return this.#pages;
  }

  /** Reads where the value is; says what is wrong with that, or undefined: it can be read. */
  locate({ view }: PageBlock, at: number, valueBytes: number): string | undefined {
    this.#first = Number(view.getBigUint64(at, isLittleEndian));
    this.#transaction = Number(view.getBigUint64(at + 8, isLittleEndian));
    this.#pages = Number(view.getBigUint64(at + 16, isLittleEndian));
    this.#valueBytes = valueBytes;
    // The longer one is when a value was replaced by a shorter one in the same transaction.
    const needed = Math.ceil((pageHeaderBytes + valueBytes) / this.#file.pageBytes);
    if (this.#pages < needed) return `a value of ${valueBytes} bytes has ${this.#pages} pages`;
    if (this.#first >= 2 && this.#first + this.#pages <= this.#file.pageCount) return undefined;
    return `a value is said to be on ${this.#pages} pages from page ${this.#first}`;
  }

  /** The value last located, until the next one is read; or a text: what is wrong with its page. */
  read(): Uint8Array | string {
    const byteLength = pageHeaderBytes + this.#valueBytes;
    // `locate` has seen that the file is as long as this.
    if (byteLength > this.#block.bytes.length && !this.#grow(byteLength)) {
      return `there is no memory for its value of ${this.#valueBytes} bytes`;
    }
    const { bytes, halves, words } = this.#block;
    if (!this.#file.read(this.#first, byteLength, this.#block)) return 'the file ends before it';
    const number = words[0] + words[1] * 2 ** 32;
    if (number !== this.#first) return `it says that it is page ${number}`;
    if (halves[9] !== pageFlags.overflow) return `its flags are ${halves[9]}, not 4`;
    if (words[5] !== this.#pages) return `its value has ${words[5]} pages, not ${this.#pages}`;
    const writer = transactionOf(words, 0);
    if (writer !== this.#transaction) {
      return `its transaction is ${writer}, not ${this.#transaction} as its node says`;
    }
    return bytes.subarray(pageHeaderBytes, byteLength);
  }

  /**
   * Whether a page inside the value last read looks like one that was written later: for a value
   * that is in use no longer.
   */
  isOverwritten(): boolean {
    const { halves, words } = this.#block;
    const { pageBytes } = this.#file;
    const end = pageHeaderBytes + this.#valueBytes;
    for (let index = 1; index * pageBytes + pageHeaderBytes <= end; index += 1) {
      const at = index * pageBytes;
      const number = words[at / 4] + words[at / 4 + 1] * 2 ** 32;
      const flags = halves[at / 2 + 9];
      const isPage = number === this.#first + index && (flags === 1 || flags === 2 || flags === 4);
      if (isPage && transactionOf(words, at) > this.#transaction) return true;
    }
    return false;
  }

  #grow(byteLength: number): boolean {
    const doubled = 2 ** Math.ceil(Math.log2(byteLength));
    try {
      this.#block = new PageBlock(doubled <= doublingMax ? doubled : Math.ceil(byteLength / 8) * 8);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}
