/**
 * What a commit changes, as bytes: they cross to another thread in one piece.
 *
 *     put     | 1 | key length: 1 | key | value length: 4 | value |
 *     remove  | 2 | key length: 1 | key |
 *     hold    | 3 | message: 6 | difference: 1, plus 128 |
 *
 * `hold` changes the number of deliveries that share a message. Where that comes to 0 by the end of
 * the commit, message and number are removed.
 */

import { ByteWriter } from '../../packet/byte-writer.ts';
import { keyBytes, readNumber, readU32, type Table, writeKey, writeNumber } from './keys.ts';

const operations = { put: 1, remove: 2, hold: 3 } as const;
const differenceZero = 128;
const keptCapacityMax = 1024 * 1024;

/** Collects changes. */
export class Changes {
  #out = new ByteWriter(4096);
  #valueAt = 0;

  get isEmpty(): boolean {
    return this.#out.length === 0;
  }

  get length(): number {
    return this.#out.length;
  }

  /** Begins a put; what is written to the result until `endPut` is the value. */
  beginPut(table: Table, first: number, second = 0): ByteWriter {
    const out = this.#out;
    out.u8(operations.put);
    out.u8(keyBytes(table));
    writeKey(out, table, first, second);
    out.u32(0);
    this.#valueAt = out.length;
    return out;
  }

  endPut(): void {
    const out = this.#out;
    const length = out.length - this.#valueAt;
    out.setU16(this.#valueAt - 4, length >>> 16);
    out.setU16(this.#valueAt - 2, length & 0xffff);
  }

  remove(table: Table, first: number, second = 0): void {
    const out = this.#out;
    out.u8(operations.remove);
    out.u8(keyBytes(table));
    writeKey(out, table, first, second);
  }

  /** One more delivery shares the message, or one less. */
  hold(message: number, difference: 1 | -1): void {
    const out = this.#out;
    out.u8(operations.hold);
    writeNumber(out, message);
    out.u8(differenceZero + difference);
  }

  /** All that others have, behind what is there. */
  append(changes: Changes): void {
    this.#out.raw(changes.view());
  }

  /** The bytes, until the next change or `clear`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#out.view();
  }

  clear(): void {
    if (this.#out.bytes.length > keptCapacityMax) this.#out = new ByteWriter(4096);
    else this.#out.reset();
  }
}

/** Who takes changes apart. The views are of the bytes given. */
export interface ChangeTaker {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
  hold(message: number, difference: number): void;
}

/** @throws RangeError for what `Changes` has not written */
export function readChanges(bytes: Uint8Array, taker: ChangeTaker): void {
  let at = 0;
  while (at < bytes.length) {
    const operation = bytes[at];
    if (operation === operations.hold) {
      taker.hold(readNumber(bytes, at + 1), bytes[at + 7] - differenceZero);
      at += 8;
      continue;
    }
    const keyAt = at + 2;
    const keyEnd = keyAt + bytes[at + 1];
    const key = bytes.subarray(keyAt, keyEnd);
    if (operation === operations.remove) {
      taker.remove(key);
      at = keyEnd;
      continue;
    }
    const valueEnd = keyEnd + 4 + readU32(bytes, keyEnd);
    if (operation !== operations.put || valueEnd > bytes.length) {
      throw new RangeError(`no change at byte ${at}`);
    }
    taker.put(key, bytes.subarray(keyEnd + 4, valueEnd));
    at = valueEnd;
  }
}
