/** Pauses between attempts: how long, and how they are spread. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backoff } from './backoff.ts';

const options = { firstDelayMilliseconds: 1000, delayMillisecondsMax: 60_000 };
const almostOne = 1 - 2 ** -53;

function pauses(count: number, random: () => number, given = options): number[] {
  const backoff = new Backoff(given, random);
  return Array.from({ length: count }, () => backoff.next());
}

describe('the pause before an attempt', () => {
  it('is at most twice as long as the last, up to the longest', () => {
    const longest = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];
    assert.deepEqual(
      pauses(8, () => almostOne),
      longest,
    );
  });

  it('may be none at all, so that clients do not come back together', () => {
    assert.deepEqual(
      pauses(3, () => 0),
      [0, 0, 0],
    );
    assert.deepEqual(
      pauses(3, () => 0.25),
      [250, 500, 1000],
    );
  });

  it('is short again after a connection has lasted', () => {
    const backoff = new Backoff(options, () => almostOne);
    for (let times = 0; times < 5; times++) backoff.next();
    assert.equal(backoff.failures, 5);
    backoff.reset();
    assert.deepEqual([backoff.failures, backoff.next()], [0, 1000]);
  });

  it('stays a number after any number of attempts, also where the first is 0', () => {
    const last = pauses(2000, () => almostOne).at(-1);
    assert.equal(last, 60_000);
    const none = pauses(2000, () => almostOne, { ...options, firstDelayMilliseconds: 0 });
    assert.deepEqual(new Set(none), new Set([0]));
  });
});
