/** Records on their way between threads. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { bundle, unbundle } from './record-bundle.ts';

const records = fc.array(
  fc.record({
    key: fc.uint8Array({ minLength: 1, maxLength: 255 }),
    value: fc.uint8Array({ maxLength: 300 }),
    message: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
  }),
  { maxLength: 20 },
);

it('records come out of a bundle as they went in, and its buffer is its own', () => {
  fc.assert(
    fc.property(records, fc.nat(20), (list, offset) => {
      const bytes = bundle(list);
      assert.equal(bytes.buffer.byteLength, bytes.length);
      const plain = (all: typeof list | ReturnType<typeof unbundle>) =>
        all.map(({ key, value, message }) => [[...key], [...value], message && [...message]]);
      assert.deepEqual(plain(unbundle(bytes)), plain(list));
      const elsewhere = new Uint8Array(offset + bytes.length);
      elsewhere.set(bytes, offset);
      assert.deepEqual(plain(unbundle(elsewhere.subarray(offset))), plain(list));
    }),
  );
});

it('no records are no bytes', () => {
  assert.equal(bundle([]).length, 0);
  assert.deepEqual(unbundle(new Uint8Array()), []);
});
