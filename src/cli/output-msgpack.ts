/** MessagePack as JSON (the specification of 2017, with timestamps). */

import { bytesAsHex } from './byte-text.ts';
import { type JsonText, jsonObject, jsonString } from './json-text.ts';
import {
  bytesValue,
  decodeText,
  depthMax,
  floatValue,
  integerValue,
  type MapEntry,
  mapValue,
  textValue,
  wordValue,
} from './output-value.ts';
import { UndecodableError } from './undecodable-error.ts';

/** @throws UndecodableError */
export function decodeMessagePack(payload: Uint8Array): JsonText {
  const reader = new Reader(payload);
  const value = reader.value(0);
  if (reader.isAtEnd) return value;
  throw new UndecodableError('more bytes follow the first value');
}

/*
 * A value begins with a byte that says its type, and often its size or all of it:
 *   00-7f positive   80-8f map   90-9f array   a0-bf text   e0-ff negative
 *   c0 nil  c2 false  c3 true  c4-c6 bytes  c7-c9 extension  ca cb float
 *   cc-cf unsigned  d0-d3 signed  d4-d8 extension of 1 to 16  d9-db text  dc dd array  de df map
 * Of each kind with sizes, the next byte is the same thing with a number twice as long.
 */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): JsonText {
    if (depth > depthMax) throw new UndecodableError(`it is nested more than ${depthMax} deep`);
    const head = this.#unsigned(1);
    const length = this.#textLength(head);
    return length === undefined ? this.#other(head, depth) : textValue(this.#text(length));
  }

  #other(head: number, depth: number): JsonText {
    if (head < 0x80) return integerValue(head);
    if (head < 0x90) return this.#map(head & 0x0f, depth);
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    if (head >= 0xe0) return integerValue(head - 0x100);
    switch (head) {
      case 0xc0:
        return wordValue(null);
      case 0xc2:
      case 0xc3:
        return wordValue(head === 0xc3);
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return bytesValue(this.#take(this.#unsigned(1 << (head - 0xc4))));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (head - 0xc7)));
      case 0xca:
        return floatValue(this.#view.getFloat32(this.#skip(4)));
      case 0xcb:
        return floatValue(this.#view.getFloat64(this.#skip(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return integerValue(this.#unsigned(1 << (head - 0xcc)));
      case 0xcf:
        return integerValue(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return integerValue(this.#view.getInt8(this.#skip(1)));
      case 0xd1:
        return integerValue(this.#view.getInt16(this.#skip(2)));
      case 0xd2:
        return integerValue(this.#view.getInt32(this.#skip(4)));
      case 0xd3:
        return integerValue(this.#view.getBigInt64(this.#skip(8)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (head - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (head - 0xde)), depth);
      case 0xc1:
        throw new UndecodableError('no value begins with the byte c1');
      default:
        return this.#extension(1 << (head - 0xd4));
    }
  }

  /** @returns undefined when it is no text */
  #textLength(head: number): number | undefined {
    if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
    return head >= 0xd9 && head <= 0xdb ? this.#unsigned(1 << (head - 0xd9)) : undefined;
  }

  #array(length: number, depth: number): JsonText {
    const items: JsonText[] = [];
    while (items.length < length) items.push(this.value(depth + 1));
    return { type: 'array', items };
  }

  #map(length: number, depth: number): JsonText {
    const entries: MapEntry[] = [];
    while (entries.length < length) {
      const head = this.#unsigned(1);
      const textLength = this.#textLength(head);
      const key = textLength === undefined ? this.#other(head, depth + 1) : this.#text(textLength);
      entries.push({ key, value: this.value(depth + 1) });
    }
    return mapValue(entries);
  }

  #extension(length: number): JsonText {
    const type = this.#view.getInt8(this.#skip(1));
    const bytes = this.#take(length);
    if (type === timestampType && timestampLengths.includes(length)) return timestamp(bytes);
    return jsonObject([
      ['$extension', integerValue(type)],
      ['hex', jsonString(bytesAsHex(bytes))],
    ]);
  }

  #text(length: number): string {
    return decodeText(this.#take(length));
  }

  #unsigned(size: number): number {
    const at = this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** @returns where it was */
  #skip(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new UndecodableError('it ends too early');
    this.#at = at + length;
    return at;
  }
}

const timestampType = -1;
const timestampLengths: readonly number[] = [4, 8, 12];

/** Seconds; or 30 bits of nanoseconds and 34 of seconds; or 32 and 64, the latter with a sign. */
function timestamp(bytes: Uint8Array): JsonText {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) return timestampValue(BigInt(view.getUint32(0)), 0);
  if (bytes.length === 12) return timestampValue(view.getBigInt64(4), view.getUint32(0));
  const both = view.getBigUint64(0);
  return timestampValue(both & 0x3_ffff_ffffn, Number(both >> 34n));
}

/** `{"$timestamp":"2018-01-02T03:04:05.000000006Z"}` */
function timestampValue(seconds: bigint, nanoseconds: number): JsonText {
  const date = new Date(Number(seconds) * 1000);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`;
  const text = Number.isNaN(date.getTime())
    ? `${seconds}${fraction}`
    : `${date.toISOString().slice(0, -'.000Z'.length)}${fraction}Z`;
  return jsonObject([['$timestamp', jsonString(text)]]);
}
