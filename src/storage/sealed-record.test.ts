/** What the disk has changed is told from what was written. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seal, unseal } from './sealed-record.ts';

const pieces = fc.tuple(
  fc.uint8Array({ minLength: 1, maxLength: 13 }),
  fc.uint8Array({ maxLength: 100 }),
);

describe('a sealed record', () => {
  it('gives its value under its key', () => {
    fc.assert(
      fc.property(pieces, ([key, value]) => {
        assert.deepEqual([...unseal(key, seal(key, value))!], [...value]);
      }),
    );
  });

  it('is nothing when any one bit of it is flipped, in the key or the value', () => {
    const sample = fc.tuple(pieces, fc.nat(), fc.nat(7));
    fc.assert(
      fc.property(sample, ([[key, value], place, bit]) => {
        const sealed = seal(key, value);
        const own = key.slice();
        const at = place % (own.length + sealed.length);
        if (at < own.length) own[at] ^= 1 << bit;
        else sealed[at - own.length] ^= 1 << bit;
        assert.equal(unseal(own, sealed), undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('is nothing when it is cut off, however short', () => {
    const key = Uint8Array.of(1, 2, 3);
    const sealed = seal(key, Uint8Array.of(4, 5, 6, 7));
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(unseal(key, sealed.subarray(0, length)), undefined, `${length} bytes`);
    }
  });
});
