/**
 * The file of an outbox: a mark, and batches of changes one behind the other. A batch counts as a
 * whole or not at all.
 *
 *     mark:   | "pantala outbox 1\n": 17 | salt, by chance: 8 | CRC-32 of both: 4 |
 *     batch:  | "PB": 2 | CRC-32: 4 | number: 6 | bytes of changes: 4 | changes |
 *     change: | 1: 1 | key: 6 | bytes: 4 | value |          a value is put
 *             | 0: 1 | key: 6 |                             a key is removed
 *
 * A batch's checksum is of the salt and all that follows, so that nothing which a message carries
 * can look like a batch. The numbers are 1, 2, 3. Since each batch is written when the disk has
 * those before it, only the last can be torn: what is broken and lies before a sound one is damage.
 */

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const fileMark = Buffer.from('pantala outbox 1\n', 'latin1');
const saltBytes = 8;
const headSumAt = fileMark.length + saltBytes;
const headBytes = headSumAt + 4;

const batchMark = Buffer.from('PB', 'latin1');
const batchHeadBytes = 16;
const sumAt = 2;
const numberAt = 6;
const lengthAt = 12;
const keyBytes = 6;
const putHeadBytes = 11;
const removeBytes = 7;

/** Something that was flushed cannot be read. */
export interface OutboxDamage {
  /** Where it begins. */
  readonly at: number;
  readonly message: string;
}

export interface OutboxFileContents {
  /** In no order; the values are views. */
  readonly records: Map<number, Uint8Array>;
  readonly salt: Buffer;
  /** Of the last batch. */
  readonly number: number;
  /** Up to where the file makes sense. */
  readonly soundBytes: number;
  /** Undefined too where the last batch is torn. */
  readonly damage: OutboxDamage | undefined;
}

/** @returns how a file begins, and its salt */
export function beginOutboxFile(): { readonly head: Buffer; readonly salt: Buffer } {
  const salt = randomBytes(saltBytes);
  const head = Buffer.concat([fileMark, salt], headBytes);
  head.writeUInt32BE(crc32(head.subarray(0, headSumAt)), headSumAt);
  return { head, salt };
}

/** Bytes that a record takes in a file. */
export function recordBytes(value: Uint8Array): number {
  return putHeadBytes + value.length;
}

/** Changes that are to be written together. */
export class OutboxBatch {
  #pieces: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  put(key: number, value: Uint8Array): void {
    const change = Buffer.allocUnsafe(putHeadBytes + value.length);
    change[0] = 1;
    change.writeUIntBE(key, 1, keyBytes);
    change.writeUInt32BE(value.length, 1 + keyBytes);
    change.set(value, putHeadBytes);
    this.#add(change);
  }

  remove(key: number): void {
    const change = Buffer.alloc(removeBytes);
    change.writeUIntBE(key, 1, keyBytes);
    this.#add(change);
  }

  /** @returns the batch as it lies in the file */
  sealed(number: number, salt: Uint8Array): Buffer {
    const head = Buffer.alloc(batchHeadBytes);
    head.set(batchMark);
    head.writeUIntBE(number, numberAt, 6);
    head.writeUInt32BE(this.#bytes, lengthAt);
    const batch = Buffer.concat([head, ...this.#pieces]);
    batch.writeUInt32BE(crc32(batch.subarray(numberAt), crc32(salt)), sumAt);
    return batch;
  }

  #add(change: Buffer): void {
    this.#pieces.push(change);
    this.#bytes += change.length;
  }
}

/** Reads what makes sense, from the beginning. */
export function readOutboxFile(file: Buffer): OutboxFileContents {
  const records = new Map<number, Uint8Array>();
  const salt = file.subarray(fileMark.length, headSumAt);
  if (!beginsAsOutbox(file)) {
    const damage = { at: 0, message: 'it does not begin as an outbox does' };
    return { records, salt, number: 0, soundBytes: 0, damage };
  }
  let at = headBytes;
  let number = 0;
  while (at < file.length) {
    const batch = batchAt(file, at, salt);
    if (batch?.number !== number + 1) break;
    if (!apply(batch.changes, records)) {
      const damage = { at, message: 'it has changes that this version does not know' };
      return { records, salt, number, soundBytes: at, damage };
    }
    number++;
    at = batch.end;
  }
  return { records, salt, number, soundBytes: at, damage: damageAt(file, at, number, salt) };
}

/** A file gets its name when the disk has its beginning: that is never torn. */
function beginsAsOutbox(file: Buffer): boolean {
  if (file.length < headBytes || !file.subarray(0, fileMark.length).equals(fileMark)) return false;
  return crc32(file.subarray(0, headSumAt)) === file.readUInt32BE(headSumAt);
}

interface FoundBatch {
  readonly number: number;
  readonly changes: Buffer;
  readonly end: number;
}

/** @returns undefined where there is none, or not a whole one */
function batchAt(file: Buffer, at: number, salt: Buffer): FoundBatch | undefined {
  const start = at + batchHeadBytes;
  if (start > file.length || file[at] !== batchMark[0] || file[at + 1] !== batchMark[1])
    return undefined;
  const end = start + file.readUInt32BE(at + lengthAt);
  if (end > file.length) return undefined;
  const sum = crc32(file.subarray(at + numberAt, end), crc32(salt));
  if (sum !== file.readUInt32BE(at + sumAt)) return undefined;
  return { number: file.readUIntBE(at + numberAt, 6), changes: file.subarray(start, end), end };
}

/** A batch that comes later was written when the disk had this one. */
function damageAt(
  file: Buffer,
  at: number,
  number: number,
  salt: Buffer,
): OutboxDamage | undefined {
  for (
    let next = file.indexOf(batchMark, at);
    next >= 0;
    next = file.indexOf(batchMark, next + 1)
  ) {
    const later = batchAt(file, next, salt);
    if (later === undefined || later.number <= number + 1) continue;
    return { at, message: `batch ${number + 1} is broken, and batch ${later.number} follows it` };
  }
  return undefined;
}

/** @returns false, and has done nothing, for what are no changes */
function apply(changes: Buffer, records: Map<number, Uint8Array>): boolean {
  const applied: (() => void)[] = [];
  for (let at = 0; at < changes.length; ) {
    if (at + removeBytes > changes.length) return false;
    const key = changes.readUIntBE(at + 1, keyBytes);
    if (changes[at] === 0) {
      applied.push(() => records.delete(key));
      at += removeBytes;
      continue;
    }
    const start = at + putHeadBytes;
    if (changes[at] !== 1 || start > changes.length) return false;
    const end = start + changes.readUInt32BE(at + 1 + keyBytes);
    if (end > changes.length) return false;
    const value = changes.subarray(start, end);
    applied.push(() => records.set(key, value));
    at = end;
  }
  for (const change of applied) change();
  return true;
}
