/** A cursor over the bytes of one packet. */

import { malformed, ProtocolError, protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import { decodeText, hexOf } from './text.ts';
import { decodeTopicName } from './topic-name.ts';

const nothing = new Uint8Array(0);

/**
 * Reads the data types of MQTT 5.0 section 1.5. Each verb takes its bytes off the front and throws
 * ProtocolError when there are too few or they are not of the type.
 */
export class ByteReader {
  bytes: Uint8Array = nothing;
  at = 0;
  end = 0;
  // Of `bytes`; to ask for them takes a call out of JavaScript.
  #buffer: ArrayBufferLike = nothing.buffer;
  #offset = 0;
  // The same as `bytes`, and no Buffer; made when it is needed.
  #plain: Uint8Array | undefined;

  get remaining(): number {
    return this.end - this.at;
  }

  /** Starts over at `bytes` from `start` to `end`. */
  move(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#buffer = bytes.buffer;
      this.#offset = bytes.byteOffset;
      this.#plain = undefined;
    }
    this.at = start;
    this.end = end;
  }

  /** Lets go of the bytes. */
  release(): void {
    this.move(nothing, 0, 0);
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    const at = this.skip(2);
    return (this.bytes[at] << 8) | this.bytes[at + 1];
  }

  u32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    const word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    return word >>> 0;
  }

  /** A variable byte integer: 7 bits a byte, the low ones first, 4 bytes at most. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) throw longVarint(); // [MQTT-1.5.5-1]
      return value;
    }
    throw malformed(endlessVarint);
  }

  text(): string {
    const length = this.u16();
    const start = this.skip(length);
    return decodeText(this.bytes, start, this.at);
  }

  /** A text that is a topic name, so without wildcards. */
  topicName(): string {
    const length = this.u16();
    const start = this.skip(length);
    return decodeTopicName(this.bytes, start, this.at);
  }

  /** A view, no copy. */
  binary(): Uint8Array {
    const length = this.u16();
    return this.#view(this.skip(length));
  }

  /** A view of all that remains. */
  rest(): Uint8Array {
    return this.#view(this.skip(this.remaining));
  }

  /** A copy of all that remains. */
  ownRest(): Uint8Array {
    const start = this.skip(this.remaining);
    // The slice of a Buffer would be none.
    this.#plain ??= new Uint8Array(this.#buffer, this.#offset, this.bytes.length);
    return this.#plain.slice(start, this.at);
  }

  /** @param zero what 0 is refused with; [MQTT-2.2.1-3] and [MQTT-2.2.1-4] name no code */
  packetId(zero: ReasonCode = reasonCodes.protocolError): number {
    const packetId = this.u16();
    if (packetId !== 0) return packetId;
    throw new ProtocolError(zero, 'packet identifier 0, allowed are 1 to 65535');
  }

  /** One of the reason codes that the packet named `packet` may carry. */
  reasonCode(allowed: ReadonlySet<ReasonCode>, packet: string): ReasonCode {
    const code = this.u8() as ReasonCode;
    if (allowed.has(code)) return code;
    throw protocolError(`reason code ${hexOf(code)}, which ${packet} cannot carry`);
  }

  /** Passes over `count` bytes and returns where they begin. */
  skip(count: number): number {
    const { at } = this;
    if (count > this.end - at) throw tooShort();
    this.at = at + count;
    return at;
  }

  #view(start: number): Uint8Array {
    // Not subarray, which would make a Buffer of a Buffer.
    return new Uint8Array(this.#buffer, this.#offset + start, this.at - start);
  }
}

function tooShort(): ProtocolError {
  return malformed('the packet ends in the middle of a field');
}

/** What is wrong with one that has a fifth byte. */
export const endlessVarint = 'a variable byte integer goes on after its fourth byte';

export function longVarint(): ProtocolError {
  return malformed('a variable byte integer takes more bytes than its value needs');
}
