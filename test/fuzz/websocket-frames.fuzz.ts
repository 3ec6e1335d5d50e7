/**
 * Arbitrary frames of a WebSocket, in arbitrary pieces: what they carry, or the code that they are
 * refused with, is what the library `ws` finds.
 */

import assert from 'node:assert/strict';
import { FrameError, FrameReader } from '../../src/transport/websocket-frames.ts';
import { type ForeignOptions, type FramesRead, readByForeign } from '../harness/foreign-frames.ts';
import { clientFrame, opcodes } from '../harness/raw-websocket.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const framesMax = 8;
const piecesMax = 6;
const frameBytesMax = 1000;
const fragmentsMax = 3;

// Those that may be sent, and those next to them.
const closeCodes = [
  ...[0, 999, 1000, 1000, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016],
  ...[2999, 3000, 4999, 5000, 65_535],
];

export const websocketFramesFuzz: FuzzTarget = {
  name: 'websocket-frames',
  async run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations++) {
      const from = random(3) === 0 ? 'server' : 'client';
      await check(randomInput(random, from), { from, frameBytesMax, fragmentsMax });
    }
    return iterations;
  },
};

async function check(pieces: readonly Uint8Array[], options: ForeignOptions): Promise<void> {
  const said = `from the ${options.from}: ${Buffer.concat(pieces).toString('hex')}`;
  const ours = readByOurs(pieces, options);
  const foreign = await readByForeign(pieces, options);
  const { closeCode } = ours;
  // What begins a text is refused here, and awaited there; and what is too long is so as soon as the
  // header is whole here, or the length or the frame is there.
  if (closeCode !== 1003 && closeCode !== foreign.closeCode) {
    const rest = new Uint8Array(frameBytesMax);
    const [oursLater, foreignLater] = [
      readByOurs([...pieces, rest.subarray(0, 4)], options),
      await readByForeign([...pieces, rest], options),
    ];
    assert.equal(
      closeCode ?? oursLater.closeCode,
      foreign.closeCode ?? foreignLater.closeCode,
      said,
    );
    assert.ok((closeCode ?? oursLater.closeCode ?? 0) >= 1008, said);
  }
  // Of a message that is not whole, part has been given on here.
  assert.ok(ours.payload.startsWith(foreign.payload) || closeCode === 1003, said);
  const controls =
    closeCode === 1003 ? foreign.controls.slice(0, ours.controls.length) : foreign.controls;
  if (closeCode !== 1008) assert.deepEqual(ours.controls, controls, said);
}

function readByOurs(pieces: readonly Uint8Array[], options: ForeignOptions): FramesRead {
  const reader = new FrameReader(options);
  const read: FramesRead = { payload: '', controls: [], closeCode: undefined };
  try {
    for (const piece of pieces) {
      const lent = new Uint8Array(piece);
      reader.push(lent);
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        if (next instanceof Uint8Array) read.payload += Buffer.from(next).toString('hex');
        else if (next.type !== 'close') {
          read.controls.push(`${next.type} ${Buffer.from(next.payload).toString('hex')}`);
        } else {
          read.controls.push(`close ${next.code ?? 1005} ${next.reason}`);
          return read;
        }
      }
      lent.fill(0xdb);
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    read.closeCode = error.closeCode;
  }
  return read;
}

function randomInput(random: Random, from: ForeignOptions['from']): Uint8Array[] {
  let isBegun = false;
  const frames = Array.from({ length: 1 + random(framesMax) }, () => {
    const isFinal = random(3) > 0;
    const isControl = random(3) === 0;
    const usual = isBegun ? opcodes.continuation : opcodes.binary;
    if (!isControl) isBegun = !isFinal;
    const controls = [opcodes.ping, opcodes.pong, opcodes.ping, opcodes.pong, opcodes.close];
    const opcode = isControl ? controls[random(controls.length)] : usual;
    return clientFrame(random(30) === 0 ? random(16) : opcode, payloadOf(opcode, random), {
      isFinal: isControl ? random(30) > 0 : isFinal,
      isMasked: random(60) === 0 ? from === 'server' : from === 'client',
    });
  });
  const bytes = Buffer.concat(frames);
  if (random(4) === 0) bytes[random(bytes.length)] = random(256);
  const sent = random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
  const cuts = Array.from({ length: random(piecesMax) }, () => random(sent.length + 1));
  const borders = [0, ...cuts.sort((a, b) => a - b), sent.length];
  return borders.slice(1).map((end, i) => sent.subarray(borders[i], end));
}

function payloadOf(opcode: number, random: Random): Uint8Array {
  if (opcode === opcodes.close) {
    const code = closeCodes[random(closeCodes.length)];
    const reason = ['', 'bye', 'ä', '\ufeff', '\ud83d\ude00'][random(5)];
    const bytes = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
    return bytes.subarray(0, random(3) === 0 ? random(bytes.length + 1) : bytes.length);
  }
  const lengths = [0, 1, 2, 3, 7, 100, 125, 126, 127, 300, 999, 1000, 1001, random(1000)];
  const isControl = opcode > opcodes.binary && random(20) > 0;
  const length = isControl ? random(126) : lengths[random(lengths.length)];
  return Uint8Array.from({ length }, (_, i) => (i + random(2)) % 256);
}
