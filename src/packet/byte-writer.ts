/** A growing buffer that packets are written into. */

import { encodeText, textBytesMax } from './text.ts';

/** The longest text and binary data: the length has two bytes (MQTT 5.0 sections 1.5.4, 1.5.6). */
const fieldBytesMax = 0xffff;

/** The largest variable byte integer (section 1.5.5): four bytes of seven bits. */
const varintMax = 0x0fff_ffff;

/** Appends the data types of MQTT 5.0 section 1.5; RangeError is for what these cannot hold. */
export class ByteWriter {
  /** Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes, at least doubling when there is none. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.view());
    this.bytes = grown;
  }

  u8(value: number): void {
    if (value !== (value & 0xff)) throw outOfRange(value, 0xff);
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    if (value !== (value & 0xffff)) throw outOfRange(value, 0xffff);
    this.reserve(2);
    this.setU16(this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    if (value !== value >>> 0) throw outOfRange(value, 0xffff_ffff);
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  varint(value: number): void {
    const count = varintBytes(value);
    this.reserve(count);
    this.#setVarint(this.length, value);
    this.length += count;
  }

  text(text: string): void {
    if (text.length > fieldBytesMax) throw longField('text', text.length);
    this.reserve(2 + textBytesMax(text));
    const count = encodeText(text, this.bytes, this.length + 2);
    if (count > fieldBytesMax) throw longField('text', count);
    this.setU16(this.length, count);
    this.length += 2 + count;
  }

  binary(bytes: Uint8Array): void {
    if (bytes.length > fieldBytesMax) throw longField('binary data', bytes.length);
    this.u16(bytes.length);
    this.raw(bytes);
  }

  packetId(packetId: number): void {
    if (packetId === 0) throw new RangeError('packet identifier 0, allowed are 1 to 65535');
    this.u16(packetId);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Opens the block of a packet, behind its first byte. */
  openPacket(firstByte: number): number {
    this.u8(firstByte);
    return this.openBlock();
  }

  /** Opens a block that its length goes before, as a variable byte integer; returns its start. */
  openBlock(): number {
    this.u8(0);
    return this.length;
  }

  /** Fills in the length of the block at `start`, to which `bytesToCome` more belong. */
  closeBlock(start: number, bytesToCome = 0): void {
    const written = this.length - start;
    const size = written + bytesToCome;
    const shift = varintBytes(size) - 1;
    if (shift > 0) {
      this.reserve(shift);
      this.bytes.copyWithin(start + shift, start, start + written);
      this.length += shift;
    }
    this.#setVarint(start - 1, size);
  }

  /** Empties the buffer and keeps its room. */
  reset(): void {
    this.length = 0;
  }

  /** What was written, as a view that the next verb may spoil. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** Writes over bytes that are there already. */
  setU16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  #setVarint(at: number, value: number): void {
    let rest = value;
    let end = at;
    for (; rest >= 0x80; rest >>>= 7) this.bytes[end++] = rest | 0x80;
    this.bytes[end] = rest;
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value <= varintMax) return 4;
  throw outOfRange(value, varintMax);
}

function outOfRange(value: number, max: number): RangeError {
  return new RangeError(`${value} cannot be written, allowed are whole numbers from 0 to ${max}`);
}

function longField(what: string, length: number): RangeError {
  return new RangeError(`a ${what} of ${length} bytes, at most ${fieldBytesMax} fit`);
}
