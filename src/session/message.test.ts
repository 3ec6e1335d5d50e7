/** Where the payload of a message lies. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Message } from './message.ts';

it('copies the payload once when it is kept, so that the network input around it can go', () => {
  const input = new Uint8Array(64 * 1024).fill(1);
  const message = new Message('a', input.subarray(100, 200));
  message.keep();
  const { payload } = message;
  assert.deepEqual([payload.length, payload.buffer.byteLength], [100, 100]);
  message.keep();
  assert.equal(message.payload, payload);
});

it('keeps a payload that has a buffer of its own as it is', () => {
  const own = new Uint8Array(100);
  const message = new Message('a', own);
  message.keep();
  assert.equal(message.payload, own);
});
