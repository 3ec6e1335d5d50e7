/** Hostile Sparkplug payloads: either left alone, or with the new timestamp and all the rest. */

import assert from 'node:assert/strict';
import { hexOf } from '../../src/packet/packet-notation.ts';
import { timestampOf, withTimestamp } from '../../src/plugin/sparkplug-payload.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

export const sparkplugPayloadFuzz: FuzzTarget = {
  name: 'sparkplug-payload',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) check(randomPayload(random), random(2 ** 31) * 1000);
    return iterations;
  },
};

function check(payload: Uint8Array, milliseconds: number): void {
  const stamped = withTimestamp(payload, milliseconds);
  if (stamped === undefined) return;
  const shown = hexOf(payload);
  assert.notEqual(timestampOf(payload), undefined, shown);
  assert.equal(timestampOf(stamped), BigInt(milliseconds), shown);
  // All else is as it was: with the same timestamp twice, nothing changes any more.
  assert.deepEqual(withTimestamp(stamped, milliseconds), stamped, shown);
  const rest = stamped.subarray(withTimestamp(Uint8Array.of(8, 0), milliseconds)!.length);
  assert.ok(rest.length < payload.length, shown);
}

/** Fields that mostly fit, and now and then bytes that do not. */
function randomPayload(random: Random): Uint8Array {
  const bytes: number[] = [];
  for (let fields = random(6); fields > 0; fields -= 1) {
    const field = 1 + random(5);
    const wireType = [0, 1, 2, 5][random(4)];
    bytes.push((field << 3) | wireType);
    const length = [1 + random(3), 8, random(20), 0, 0, 4][wireType];
    if (wireType === 2) bytes.push(length);
    for (let i = 0; i < length; i += 1)
      bytes.push(random(wireType === 0 && i === length - 1 ? 128 : 256));
  }
  const payload = Uint8Array.from(bytes);
  if (payload.length > 0 && random(4) === 0) payload[random(payload.length)] = random(256);
  return random(10) === 0 ? payload.subarray(0, random(payload.length + 1)) : payload;
}
