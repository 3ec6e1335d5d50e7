/** Masks, wherever the bytes lie. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { applyMask } from './websocket-mask.ts';

const mask = 0x4be1_359c;
const maskBytes = [0x9c, 0x35, 0xe1, 0x4b];
const around = 0x55;

/** Bytes that lie as far into their memory as told, and more of them than are masked. */
function check(memory: ArrayBuffer, offset: number, at: number, length: number): void {
  const bytes = new Uint8Array(memory, offset, at + length + 9).fill(around);
  const next = applyMask(bytes, at, at + length, mask);
  const expected = Uint8Array.from(bytes, (_, i) =>
    i < at || i >= at + length ? around : around ^ maskBytes[(i - at) % 4],
  );
  assert.deepEqual(bytes, expected, `offset ${offset}, at ${at}, ${length} bytes`);
  const turn = (length % 4) * 8;
  assert.equal(next >>> 0, ((mask >>> turn) | (mask << (32 - turn))) >>> 0);
}

it('a mask is on every byte from one to the other, and on no other', () => {
  const memory = new ArrayBuffer(1000);
  for (let offset = 0; offset < 9; offset++) {
    for (let at = 0; at < 9; at++) {
      for (let length = 0; length < 20; length++) check(memory, offset, at, length);
      for (const length of [127, 128, 129, 135, 256, 257, 300]) check(memory, offset, at, length);
    }
  }
});

it('a mask goes on where the bytes before have ended', () => {
  const whole = new Uint8Array(500).fill(around);
  applyMask(whole, 0, 500, mask);
  for (let cut = 0; cut < 500; cut++) {
    const bytes = new Uint8Array(500).fill(around);
    applyMask(bytes, cut, 500, applyMask(bytes, 0, cut, mask));
    assert.deepEqual(bytes, whole);
  }
});

it('a mask is on small memory whose end is not that of a word', () => {
  for (const length of [0, 1, 3, 5, 130, 133]) {
    const memory = new ArrayBuffer(length);
    const bytes = new Uint8Array(memory);
    applyMask(bytes, 0, length, mask);
    assert.deepEqual(
      bytes,
      Uint8Array.from({ length }, (_, i) => maskBytes[i % 4]),
    );
  }
});
