/** The frames of a WebSocket (RFC 6455 section 5) in one of its directions, as they come. */

import { applyMask } from './websocket-mask.ts';

export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

// RFC 6455 section 7.4.1.
export const closeCodes = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidText: 1007,
  policyViolation: 1008,
  tooLarge: 1009,
} as const;

/** What the sender of frames has done wrong. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  /** What the connection is to be closed with. */
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.closeCode = closeCode;
  }
}

/** A frame about the connection, which may come between the fragments of a message. */
export type ControlFrame = Ping | Close;

interface Ping {
  readonly type: 'ping' | 'pong';
  readonly payload: Uint8Array;
}

interface Close {
  readonly type: 'close';
  /** Absent where none was given. */
  readonly code: number | undefined;
  readonly reason: string;
  readonly payload: Uint8Array;
}

export interface FrameReaderOptions {
  /** Who sends them: a client has to mask them, a server must not. */
  readonly from: 'client' | 'server';
  /** Bytes of the largest frame, or message of several frames. */
  readonly frameBytesMax: number;
  /** Frames of a message, which may be empty. */
  readonly fragmentsMax?: number;
}

const fragmentsMaxDefault = 4096;
const controlBytesMax = 125;
const finalBit = 0x80;
const reservedBits = 0x70;
const opcodeBits = 0x0f;
const controlBit = 0x08;
const maskBit = 0x80;
const lengthBits = 0x7f;
const nothing = new Uint8Array(0);

/**
 * Takes the frames away from around what they carry. That is a stream of bytes, whatever frames and
 * messages it comes in [MQTT-6.0.0-2], and so it is given on as it comes: none of it is kept, and
 * it stays where the network has put it.
 *
 *      byte 0               byte 1                   2 or 8 bytes      4 bytes   the rest
 *     +-----+-----+--------+------+----------------+-----------------+---------+---------+
 *     | FIN | RSV | opcode | MASK | length, or 126 | length where it | mask if | payload |
 *     |  1  |  3  |   4    |  1   | or 127    7    | was 126 or 127  | MASK    |         |
 *     +-----+-----+--------+------+----------------+-----------------+---------+---------+
 */
export class FrameReader {
  readonly #maskBit: number;
  readonly #frameBytesMax: number;
  readonly #fragmentsMax: number;
  #bytes: Uint8Array = nothing;
  #at = 0;
  /** The beginning of a header, or of a control frame, that is not whole yet. */
  #begun: Uint8Array | undefined;
  /** Bytes of the frame's payload that are still to come. */
  #payloadLeft = 0;
  #mask = 0;
  /** Of a message, while it is not whole. */
  #isFragmented = false;
  #messageBytes = 0;
  #fragments = 0;
  // What comes behind the payload that `next` has returned.
  #control: ControlFrame | undefined;
  #fault: FrameError | undefined;

  constructor({ from, frameBytesMax, fragmentsMax = fragmentsMaxDefault }: FrameReaderOptions) {
    this.#maskBit = from === 'client' ? maskBit : 0;
    this.#frameBytesMax = frameBytesMax;
    this.#fragmentsMax = fragmentsMax;
  }

  /**
   * What has come; `next` until that returns undefined before there is more.
   *
   * @param bytes are unmasked, and moved, where they are
   */
  push(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /**
   * @returns payload, all that lies before the next control frame, or such a frame; undefined when
   *   all that has come is read
   * @throws FrameError, and from then on each time
   */
  next(): Uint8Array | ControlFrame | undefined {
    if (this.#control === undefined && this.#fault === undefined) {
      const payload = this.#readPayload();
      if (payload !== undefined) return payload;
    }
    if (this.#fault !== undefined) throw this.#fault;
    const control = this.#control;
    this.#control = undefined;
    // A stream's bytes are of many kilobytes, and nobody else has them now.
    if (control === undefined) this.#bytes = nothing;
    return control;
  }

  #readPayload(): Uint8Array | undefined {
    const bytes = this.#bytes;
    let start = 0;
    let end = 0;
    while (this.#at < bytes.length) {
      if (this.#payloadLeft === 0) {
        if (this.#readHead()) continue;
        break;
      }
      const from = this.#at;
      const until = Math.min(from + this.#payloadLeft, bytes.length);
      this.#at = until;
      this.#payloadLeft -= until - from;
      if (this.#maskBit !== 0) this.#mask = applyMask(bytes, from, until, this.#mask);
      if (start === end) {
        start = from;
        end = until;
      } else {
        // Over the header between: one long piece takes less time than many, 20 ns for each.
        bytes.copyWithin(end, from, until);
        end += until - from;
      }
    }
    return start < end ? bytes.subarray(start, end) : undefined;
  }

  /** @returns false when what comes next is no payload: nothing yet, a control frame, a fault */
  #readHead(): boolean {
    try {
      const at = this.#at;
      if (this.#begun === undefined) {
        const length = this.#headLength(this.#bytes, at);
        const isWhole = at + length <= this.#bytes.length;
        if (isWhole && !isControl(this.#bytes[at])) {
          this.#at += length;
          this.#openFrame(this.#bytes, at);
          return true;
        }
        this.#begun = nothing;
      }
      const head = this.#gatherHead();
      if (head === undefined) return false;
      if (!isControl(head[0])) {
        this.#openFrame(head, 0);
        return true;
      }
      this.#control = this.#controlFrame(head);
    } catch (fault) {
      this.#fault = fault as FrameError;
    }
    return false;
  }

  /** Puts together what the network has cut, and control frames, whose payload is kept. */
  #gatherHead(): Uint8Array | undefined {
    let head = this.#begun!;
    for (;;) {
      const missing = this.#headLength(head, 0) - head.length;
      if (missing === 0) break;
      const more = this.#bytes.subarray(this.#at, this.#at + missing);
      if (more.length === 0) return undefined;
      this.#at += more.length;
      const joined = new Uint8Array(head.length + more.length);
      joined.set(head);
      joined.set(more, head.length);
      head = joined;
      this.#begun = head;
    }
    this.#begun = undefined;
    return head;
  }

  /** @returns how many bytes the header that begins there has, with all of a control frame */
  #headLength(bytes: Uint8Array, at: number): number {
    if (at + 2 > bytes.length) return 2;
    const first = bytes[at];
    const second = bytes[at + 1];
    this.#check(first, second);
    const length = second & lengthBits;
    const maskBytes = this.#maskBit === 0 ? 0 : 4;
    if (isControl(first)) return 2 + maskBytes + length;
    if (length < 126) return 2 + maskBytes;
    return (length === 126 ? 4 : 10) + maskBytes;
  }

  #check(first: number, second: number): void {
    const opcode = first & opcodeBits;
    if ((first & reservedBits) !== 0) throw invalid('it has bits set that mean nothing here');
    if (isControl(first)) checkControl(first, second & lengthBits);
    else if (opcode > opcodes.binary) throw invalid(`its opcode is ${opcode}, which means nothing`);
    else if (opcode === opcodes.continuation && !this.#isFragmented) {
      throw invalid('it goes on with a message where none has begun');
    } else if (opcode !== opcodes.continuation && this.#isFragmented) {
      throw invalid('it begins a message before the one before it has ended');
    }
    if ((second & maskBit) !== this.#maskBit) {
      throw invalid(this.#maskBit === 0 ? 'a server has masked it' : 'a client has not masked it');
    }
    // [MQTT-6.0.0-1]
    if (opcode === opcodes.text) throw new FrameError(closeCodes.unsupportedData, textRefused);
  }

  /** A header is whole, and payload follows. */
  #openFrame(head: Uint8Array, start: number): void {
    const first = head[start];
    let at = start + 2;
    let length = head[start + 1] & lengthBits;
    if (length === 126) {
      length = (head[at] << 8) | head[at + 1];
      at += 2;
    } else if (length === 127) {
      length = unsigned(head, at) * 2 ** 32 + unsigned(head, at + 4);
      at += 8;
    }
    if (this.#isFragmented) {
      this.#messageBytes += length;
      this.#fragments++;
    } else {
      this.#messageBytes = length;
      this.#fragments = 1;
    }
    if (this.#messageBytes > this.#frameBytesMax) {
      const text = `a WebSocket message was sent of more than ${this.#frameBytesMax} bytes`;
      throw new FrameError(closeCodes.tooLarge, text);
    }
    if (this.#fragments > this.#fragmentsMax) {
      const text = `a WebSocket message was sent in more than ${this.#fragmentsMax} fragments`;
      throw new FrameError(closeCodes.policyViolation, text);
    }
    this.#isFragmented = (first & finalBit) === 0;
    this.#payloadLeft = length;
    if (this.#maskBit !== 0) this.#mask = maskAt(head, at);
  }

  #controlFrame(head: Uint8Array): ControlFrame {
    let at = 2;
    if (this.#maskBit !== 0) {
      at += 4;
      applyMask(head, at, head.length, maskAt(head, 2));
    }
    const payload = head.subarray(at);
    const opcode = head[0] & opcodeBits;
    if (opcode === opcodes.close) return closeFrame(payload);
    return { type: opcode === opcodes.ping ? 'ping' : 'pong', payload };
  }
}

function isControl(first: number): boolean {
  return (first & controlBit) !== 0;
}

function checkControl(first: number, length: number): void {
  const opcode = first & opcodeBits;
  if (opcode > opcodes.pong) throw invalid(`its opcode is ${opcode}, which means nothing`);
  if ((first & finalBit) === 0) throw invalid('it is a control frame in fragments');
  if (length > controlBytesMax) throw invalid('it is a control frame of more than 125 bytes');
  if (opcode === opcodes.close && length === 1) throw invalid('it closes with half a code');
}

function closeFrame(payload: Uint8Array): Close {
  if (payload.length === 0) return { type: 'close', code: undefined, reason: '', payload };
  const code = (payload[0] << 8) | payload[1];
  if (!isCloseCode(code)) throw invalid(`it closes with code ${code}, which nobody may send`);
  return { type: 'close', code, reason: reasonOf(payload), payload };
}

/** Those that stand for what no frame has said are not to be sent. (RFC 6455 section 7.4) */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

function reasonOf(payload: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload.subarray(2));
  } catch {
    const text = 'an invalid WebSocket frame was sent: it closes with a reason that is not UTF-8';
    throw new FrameError(closeCodes.invalidText, text);
  }
}

const textRefused = 'a text frame was sent, and MQTT travels in binary frames';

function invalid(fault: string): FrameError {
  return new FrameError(closeCodes.protocolError, `an invalid WebSocket frame was sent: ${fault}`);
}

function maskAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function unsigned(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
