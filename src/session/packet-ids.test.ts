/** Sets of packet ids. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PacketIds } from './packet-ids.ts';

describe('PacketIds', () => {
  it('does what a set does, whatever ids come and go', () => {
    const ids = new PacketIds();
    const model = new Set<number>();
    let random = 1;
    for (let turn = 0; turn < 20_000; turn++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      // Of few low bits, so that many want the same place.
      const packetId = 1 + ((random >>> 8) % 300) * (turn % 2 === 0 ? 1 : 128);
      const isIn = model.has(packetId);
      assert.equal(ids.has(packetId), isIn);
      if (isIn) {
        assert.equal(ids.delete(packetId), model.delete(packetId));
      } else {
        assert.equal(ids.delete(packetId), false);
        ids.add(packetId);
        model.add(packetId);
      }
      assert.equal(ids.size, model.size);
    }
    const ascending = (one: number, other: number): number => one - other;
    assert.deepEqual([...ids].sort(ascending), [...model].sort(ascending));
  });

  it('has nothing at first', () => {
    const ids = new PacketIds();
    assert.deepEqual([ids.size, ids.has(1), ids.delete(1), [...ids]], [0, false, false, []]);
  });
});
