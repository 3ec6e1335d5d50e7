/** Text in and out, with Node's Buffer and without it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from './reason-codes.ts';

const texts = [
  '',
  'a',
  'plant/line-3/sensor/temperature',
  'x'.repeat(33),
  'x'.repeat(65_535),
  'é',
  'température/été',
  '温度'.repeat(30),
  '🦟',
  '\ufeffbyte order mark',
  '\u0001\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}',
];

const malformed = [
  { what: 'U+0000', bytes: [0x61, 0, 0x62] },
  { what: 'U+0000 after other characters', bytes: [0xc3, 0xa9, 0] },
  { what: 'an overlong U+0000', bytes: [0xc0, 0x80] },
  { what: 'an overlong slash', bytes: [0xe0, 0x80, 0xaf] },
  { what: 'a high surrogate', bytes: [0xed, 0xa0, 0x80] },
  { what: 'a low surrogate', bytes: [0xed, 0xbf, 0xbf] },
  { what: 'what would be above U+10FFFF', bytes: [0xf4, 0x90, 0x80, 0x80] },
  { what: 'a character cut off', bytes: [0x61, 0xf0, 0x9f, 0xa6] },
  { what: 'a byte that begins nothing', bytes: [0xff] },
];

for (const { platform, module } of [
  { platform: 'with Buffer', module: await import('./text.ts') },
  { platform: 'without Buffer', module: await importWithBuffer(undefined) },
  { platform: 'with the Buffer of a polyfill', module: await importWithBuffer(class Buffer {}) },
]) {
  const { decodeText, encodeText, textBytesMax } = module;

  describe(`text ${platform}`, () => {
    for (const text of texts) {
      it(`writes and reads ${JSON.stringify(text.slice(0, 40))} of length ${text.length}`, () => {
        const room = new Uint8Array(3 + textBytesMax(text) + 3).fill(0xff);
        const count = encodeText(text, room, 3);
        assert.deepEqual(room.slice(3, 3 + count), new TextEncoder().encode(text));
        assert.equal(room[2], 0xff);
        assert.equal(decodeText(room, 3, 3 + count), text);
      });
    }

    for (const { what, bytes } of malformed) {
      it(`refuses ${what} [MQTT-1.5.4-1, MQTT-1.5.4-2]`, () => {
        const reasonCode = reasonCodes.malformedPacket;
        const read = () => decodeText(Uint8Array.from(bytes), 0, bytes.length);
        assert.throws(read, { name: 'ProtocolError', reasonCode });
      });
    }

    for (const text of ['\0', `${'x'.repeat(40)}\0`, '\ud800', `${'x'.repeat(40)}\udc00`]) {
      it(`does not write ${JSON.stringify(text)} [MQTT-1.5.4-1, MQTT-1.5.4-2]`, () => {
        assert.throws(() => encodeText(text, new Uint8Array(200), 0), RangeError);
      });
    }
  });
}

/** Loads the module again where the global Buffer is another one, as in a browser. */
async function importWithBuffer(buffer: unknown): Promise<typeof import('./text.ts')> {
  const { Buffer } = globalThis;
  Object.assign(globalThis, { Buffer: buffer });
  try {
    const again: string = `./text.ts?buffer=${typeof buffer}`;
    return await import(again);
  } finally {
    globalThis.Buffer = Buffer;
  }
}
