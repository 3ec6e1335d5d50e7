/** Frames of a WebSocket on their way out, one for each write. */

import type { Link } from '../session/link.ts';
import { applyMask } from './websocket-mask.ts';

// What gathers in a turn is less (src/session/output.ts); a larger payload goes behind its header
// as it is. With one write instead of two, payloads of 16 KB take 9.8 µs instead of 11.
const copiedBytesMax = 80 * 1024;
const headerBytesMax = 14;
const noRoom: Buffer = Buffer.alloc(0);

/** Frames are put together here, as long as the network takes them at once: it grows with them. */
let room = noRoom;

// From the system's chance, many at a time.
const masks = new Uint32Array(256);
let masksLeft = 0;

/** @returns whether the network has taken all, as `Link.write` does */
export function writeFrame(link: Link, opcode: number, payload: Uint8Array): boolean {
  const { length } = payload;
  if (length > copiedBytesMax) {
    const header = new Uint8Array(headerBytesMax);
    const isTaken = link.write(header.subarray(0, putHeader(header, opcode, length)));
    return link.write(payload) && isTaken;
  }
  const frame = roomFor(length);
  const start = putHeader(frame, opcode, length);
  frame.set(payload, start);
  return send(link, frame, start + length);
}

/** The same as a client does it, which has to mask. (RFC 6455 section 5.3) */
export function writeMaskedFrame(link: Link, opcode: number, payload: Uint8Array): boolean {
  const { length } = payload;
  const frame = roomFor(length);
  const at = putHeader(frame, opcode, length);
  frame[1] |= 0x80;
  const mask = newMask();
  for (let i = 0; i < 4; i++) frame[at + i] = mask >>> (8 * i);
  const start = at + 4;
  frame.set(payload, start);
  applyMask(frame, start, start + length, mask);
  return send(link, frame, start + length);
}

function send(link: Link, frame: Buffer, length: number): boolean {
  // While the link keeps it nobody else may have it.
  room = noRoom;
  const isTaken = link.write(frame.subarray(0, length));
  if (isTaken && frame.length <= copiedBytesMax + headerBytesMax) room = frame;
  return isTaken;
}

function roomFor(length: number): Buffer {
  const needed = length + headerBytesMax;
  // No larger than that: over TLS every frame is kept for a while.
  return room.length < needed ? Buffer.allocUnsafe(needed) : room;
}

/** @returns how long the header is, a mask aside */
function putHeader(bytes: Uint8Array, opcode: number, length: number): number {
  bytes[0] = 0x80 | opcode;
  if (length < 126) {
    bytes[1] = length;
    return 2;
  }
  const lengthBytes = length < 65_536 ? 2 : 8;
  bytes[1] = lengthBytes === 2 ? 126 : 127;
  let rest = length;
  for (let at = 1 + lengthBytes; at > 1; at--) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return 2 + lengthBytes;
}

function newMask(): number {
  if (masksLeft === 0) {
    crypto.getRandomValues(masks);
    masksLeft = masks.length;
  }
  masksLeft--;
  return masks[masksLeft];
}
