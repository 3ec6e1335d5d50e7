/**
 * Records on their way between threads, in one piece. A message that is not there has the length
 * 2^32-1.
 *
 *     | key length: 1 | key | value length: 4 | value | message length: 4 | message | ...
 */

import type { StoredRecord } from '../broker/ports.ts';

const absent = 0xffff_ffff;

/** @returns bytes with a buffer of their own, to be given away */
export function bundle(records: readonly StoredRecord[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { key, value, message } of records) {
    size += 9 + key.length + value.length + (message?.length ?? 0);
  }
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const add = (piece: Uint8Array | undefined): void => {
    view.setUint32(at, piece?.length ?? absent);
    at += 4;
    if (piece === undefined) return;
    bytes.set(piece, at);
    at += piece.length;
  };
  for (const { key, value, message } of records) {
    bytes[at] = key.length;
    bytes.set(key, at + 1);
    at += 1 + key.length;
    add(value);
    add(message);
  }
  return bytes;
}

/** The records are views of the bytes. */
export function unbundle(bytes: Uint8Array): StoredRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: StoredRecord[] = [];
  let at = 0;
  const piece = (): Uint8Array | undefined => {
    const length = view.getUint32(at);
    at += 4;
    if (length === absent) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const keyEnd = at + 1 + bytes[at];
    const key = bytes.subarray(at + 1, keyEnd);
    at = keyEnd;
    const value = piece()!;
    records.push({ key, value, message: piece() });
  }
  return records;
}
