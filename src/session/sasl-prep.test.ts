/** Names and passwords as SASL prepares them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { saslPrep } from './sasl-prep.ts';

describe('saslPrep', () => {
  const prepared: Readonly<Record<string, string>> = {
    'I\u00adX': 'IX',
    user: 'user',
    USER: 'USER',
    '\u00aa': 'a',
    '\u2168': 'IX',
    'a\u00a0b': 'a b',
  };
  for (const [text, expected] of Object.entries(prepared)) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(text)}`, () => {
      assert.equal(saslPrep(text), expected);
    });
  }

  for (const text of ['\u0007', 'a\u200eb', '\ue000', 'a\ufffdb']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => saslPrep(text), RangeError);
    });
  }
});
