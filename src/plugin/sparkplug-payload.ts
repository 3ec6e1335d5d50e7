/** The one field of a Sparkplug B payload that a broker may touch: its timestamp. */

import { fieldEnd, readVarint, wireTypes } from './protobuf-wire.ts';

// Field 1, a varint: milliseconds since 1970. Of several the last one counts.
const timestampKey = (1 << 3) | wireTypes.varint;

/**
 * The payload with another timestamp in place of its own.
 *
 * @returns undefined when it has none, or is no Sparkplug B
 */
export function withTimestamp(payload: Uint8Array, milliseconds: number): Uint8Array | undefined {
  const rest: Uint8Array[] = [];
  let hasTimestamp = false;
  for (let at = 0; at < payload.length; ) {
    const key = readVarint(payload, at);
    if (key === undefined) return undefined;
    const end = fieldEnd(payload, key.end, Number(key.value & 7n));
    if (end === undefined || key.value >> 3n === 0n) return undefined;
    if (key.value === BigInt(timestampKey)) hasTimestamp = true;
    else rest.push(payload.subarray(at, end));
    at = end;
  }
  if (!hasTimestamp) return undefined;
  return joined([Uint8Array.of(timestampKey), varint(BigInt(milliseconds)), ...rest]);
}

/** The payload's timestamp, in milliseconds since 1970. */
export function timestampOf(payload: Uint8Array): bigint | undefined {
  let timestamp: bigint | undefined;
  for (let at = 0; at < payload.length; ) {
    const key = readVarint(payload, at);
    if (key === undefined) return undefined;
    const end = fieldEnd(payload, key.end, Number(key.value & 7n));
    if (end === undefined) return undefined;
    if (key.value === BigInt(timestampKey)) timestamp = readVarint(payload, key.end)!.value;
    at = end;
  }
  return timestamp;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
