/** What printf of C prints. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedNumber } from './number-text.ts';

describe('fixedNumber', () => {
  for (const { value, decimals, text } of [
    { value: 1.5, decimals: undefined, text: '1.500000' },
    { value: -1.5, decimals: 0, text: '-2' },
    { value: 2.5, decimals: 0, text: '2' },
    { value: 0.5, decimals: 0, text: '0' },
    { value: 0.25, decimals: 1, text: '0.2' },
    { value: 0.75, decimals: 1, text: '0.8' },
    { value: 2.675, decimals: 2, text: '2.67' },
    { value: -0, decimals: 1, text: '-0.0' },
    { value: 1e21, decimals: 2, text: '1000000000000000000000.00' },
    { value: -1e22, decimals: 0, text: '-10000000000000000000000' },
    { value: 1, decimals: 102, text: `1.${'0'.repeat(102)}` },
    { value: Number.NaN, decimals: 2, text: 'nan' },
    { value: Number.NEGATIVE_INFINITY, decimals: 2, text: '-inf' },
  ]) {
    it(`writes ${value} with ${decimals ?? 'six'} decimals as ${text}`, () => {
      assert.equal(fixedNumber(value, decimals), text);
    });
  }
});
