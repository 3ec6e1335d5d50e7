/** Changes on their way to the store. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Changes, readChanges } from './changes.ts';
import { keyOf, numberMax, type Table, tables } from './keys.ts';

const numbers = fc.integer({ min: 0, max: numberMax });
const places = fc.tuple(fc.constantFrom<Table>(...Object.values(tables)), numbers, numbers);
const someChanges = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('put' as const),
      place: places,
      value: fc.uint8Array({ maxLength: 70_000, size: 'small' }),
    }),
    fc.record({ type: fc.constant('remove' as const), place: places }),
    fc.record({
      type: fc.constant('hold' as const),
      message: numbers,
      difference: fc.constantFrom(1 as const, -1 as const),
    }),
  ),
  { maxLength: 20 },
);

function told(bytes: Uint8Array): string[] {
  const calls: string[] = [];
  const hex = (piece: Uint8Array) => Buffer.from(piece).toString('hex');
  readChanges(bytes, {
    put: (key, value) => calls.push(`put ${hex(key)} ${hex(value)}`),
    remove: (key) => calls.push(`remove ${hex(key)}`),
    hold: (message, difference) => calls.push(`hold ${message} ${difference}`),
  });
  return calls;
}

describe('Changes', () => {
  it('come apart as they were collected, in their order', () => {
    fc.assert(
      fc.property(someChanges, (list) => {
        const changes = new Changes();
        const expected: string[] = [];
        for (const change of list) {
          if (change.type === 'hold') {
            changes.hold(change.message, change.difference);
            expected.push(`hold ${change.message} ${change.difference}`);
            continue;
          }
          const key = Buffer.from(keyOf(...change.place)).toString('hex');
          if (change.type === 'remove') {
            changes.remove(...change.place);
            expected.push(`remove ${key}`);
            continue;
          }
          changes.beginPut(...change.place).raw(change.value);
          changes.endPut();
          expected.push(`put ${key} ${Buffer.from(change.value).toString('hex')}`);
        }
        assert.deepEqual(told(changes.view()), expected);
        assert.equal(changes.length, changes.view().length);
        assert.equal(changes.isEmpty, list.length === 0);
      }),
    );
  });

  it('hold values of more than 64 KiB', () => {
    const changes = new Changes();
    changes.beginPut(tables.retained, 1).raw(new Uint8Array(3_000_000).fill(7));
    changes.endPut();
    changes.remove(tables.session, 1);
    const [put, remove] = told(changes.view());
    assert.equal(put.length, 'put  '.length + 14 + 6_000_000);
    assert.match(remove, /^remove /);
  });

  it('are gone when they are cleared, and memory for many of them is given back', () => {
    const changes = new Changes();
    changes.beginPut(tables.retained, 1).raw(new Uint8Array(3_000_000));
    changes.endPut();
    changes.clear();
    assert.deepEqual([changes.isEmpty, changes.view().length], [true, 0]);
    assert.ok(changes.view().buffer.byteLength < 100_000);
  });

  it('are told from garbage by a RangeError, if by anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          told(bytes);
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
    for (const row of [[0], [4, 1, 1], [1, 1, 9, 0, 0, 0, 5, 1], [255]]) {
      assert.throws(() => told(Uint8Array.from(row)), RangeError);
    }
  });
});
