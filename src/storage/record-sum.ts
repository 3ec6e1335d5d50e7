/**
 * The sum of all records, which lies among them: it tells whether a file is what one commit has
 * made of it, or a mixture that a power failure in the middle of a commit has left
 * (docs/decisions/007-lmdb.md).
 *
 *     key: | 255: 1 |
 *     value: | sum of the records' checksums, modulo 2^32: 4 | how many records: 6 |
 */

import { readNumber, readU32 } from '../broker/state/keys.ts';

const sumTable = 255;
const valueBytes = 10;

/** Behind all keys of the broker's. */
export const sumKey = Buffer.of(sumTable);

export function isSumKey(key: Uint8Array): boolean {
  return key.length === 1 && key[0] === sumTable;
}

export class RecordSum {
  #sum = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param sealed begins with its checksum */
  add(sealed: Uint8Array): void {
    this.#sum = (this.#sum + readU32(sealed, 0)) >>> 0;
    this.#count++;
  }

  remove(sealed: Uint8Array): void {
    this.#sum = (this.#sum - readU32(sealed, 0)) >>> 0;
    this.#count--;
  }

  equals(other: RecordSum): boolean {
    return this.#sum === other.#sum && this.#count === other.#count;
  }

  copy(): RecordSum {
    const copy = new RecordSum();
    copy.#sum = this.#sum;
    copy.#count = this.#count;
    return copy;
  }

  toValue(): Buffer {
    const value = Buffer.alloc(valueBytes);
    value.writeUInt32BE(this.#sum, 0);
    value.writeUIntBE(this.#count, 4, 6);
    return value;
  }

  /** @returns undefined for what is no sum */
  static ofValue(value: Uint8Array): RecordSum | undefined {
    if (value.length !== valueBytes) return undefined;
    const sum = new RecordSum();
    sum.#sum = readU32(value, 0);
    sum.#count = readNumber(value, 4);
    return sum;
  }
}
