/** The keys of the store, whose order is that of their numbers. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../packet/byte-writer.ts';
import { keyBytes, keyOf, numberMax, readKey, type Table, tables, writeKey } from './keys.ts';

const numbers = fc.oneof(
  fc.integer({ min: 0, max: numberMax }),
  fc.constantFrom(0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, numberMax),
);
const keys = fc.tuple(fc.constantFrom<Table>(...Object.values(tables)), numbers, numbers);

function partsOf(table: Table, first: number, second: number) {
  return { table, first, second: keyBytes(table) > 7 ? second : 0 };
}

describe('a key', () => {
  it('comes apart as it was put together, by either way', () => {
    fc.assert(
      fc.property(keys, ([table, first, second]) => {
        const key = keyOf(table, first, second);
        const out = new ByteWriter(4);
        writeKey(out, table, first, second);
        assert.deepEqual([...out.view()], [...key]);
        assert.equal(key.length, keyBytes(table));
        assert.deepEqual(readKey(key), partsOf(table, first, second));
      }),
    );
  });

  it('has the order of its parts', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const [left, right] = [partsOf(...a), partsOf(...b)];
        const order =
          left.table - right.table || left.first - right.first || left.second - right.second;
        const compared = Buffer.compare(keyOf(...a), keyOf(...b));
        assert.equal(compared, Math.sign(order));
      }),
    );
  });

  it('is told from what is none', () => {
    const rows: readonly number[][] = [
      [],
      [8, 0, 0, 0, 0, 0, 1],
      [255],
      [1, 0, 0, 0, 0, 0],
      [1, 0, 0, 0, 0, 0, 1, 0],
      [2, 0, 0, 0, 0, 0, 1],
      [4, ...new Array(13).fill(0)],
    ];
    for (const row of rows) assert.equal(readKey(Uint8Array.from(row)), undefined, String(row));
  });
});
