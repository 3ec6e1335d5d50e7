/** What only the store has, by its numbers. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Shelf, type Shelved } from './shelf.ts';

function shelved(changed: Partial<Shelved> = {}): Shelved {
  return {
    qos: 1,
    state: 'waiting',
    bytes: 10,
    expiresAt: Number.POSITIVE_INFINITY,
    ...changed,
  };
}

describe('Shelf', () => {
  it('counts what waits apart from what is in flight', () => {
    const shelf = new Shelf();
    shelf.append(shelved({ state: 'published' }), 5);
    shelf.append(shelved({ state: 'released', bytes: 3 }), 6);
    shelf.append(shelved({ qos: 0, bytes: 7 }), 7);
    assert.deepEqual([shelf.inflightCount, shelf.inflightBytes], [2, 13]);
    assert.deepEqual([shelf.waitingCount, shelf.waitingBytes, shelf.qos0Count], [1, 7, 1]);
    assert.deepEqual([shelf.taken, shelf.last, shelf.isEmpty], [4, 7, false]);
  });

  it('knows where its first one lies, and its last', () => {
    const shelf = new Shelf();
    for (const sequence of [10, 12, 15]) shelf.append(shelved(), sequence);
    assert.deepEqual([shelf.taken, shelf.last], [9, 15]);
    shelf.take(shelved(), 10);
    assert.deepEqual([shelf.taken, shelf.last], [10, 15]);
    shelf.putBack(shelved(), 8);
    shelf.putBack(shelved(), 10);
    assert.deepEqual([shelf.taken, shelf.last, shelf.waitingCount], [7, 15, 4]);
  });

  it('begins anew where it was empty', () => {
    const shelf = new Shelf();
    shelf.append(shelved(), 1);
    shelf.take(shelved(), 1);
    assert.equal(shelf.isEmpty, true);
    shelf.append(shelved(), 20);
    assert.deepEqual([shelf.taken, shelf.last], [19, 20]);
    shelf.take(shelved(), 20);
    shelf.putBack(shelved(), 18);
    assert.deepEqual([shelf.taken, shelf.last], [17, 20]);
  });

  it('does not count what has expired, to the second, while it still lies there', () => {
    const shelf = new Shelf();
    const expiring = [1000, 1001, 2500].map((expiresAt) => shelved({ expiresAt }));
    for (const [i, each] of expiring.entries()) shelf.append(each, i + 1);
    shelf.append(shelved(), 4);
    shelf.append(shelved({ state: 'published', expiresAt: 1 }), 5);
    shelf.discountExpired(999);
    assert.equal(shelf.waitingCount, 4);
    shelf.discountExpired(1000);
    assert.deepEqual([shelf.waitingCount, shelf.waitingBytes], [3, 30]);
    shelf.discountExpired(2000);
    assert.equal(shelf.waitingCount, 2);
    shelf.take(expiring[0], 1);
    assert.equal(shelf.waitingCount, 2);
    shelf.take(expiring[1], 2);
    shelf.take(expiring[2], 3);
    assert.deepEqual([shelf.waitingCount, shelf.waitingBytes, shelf.inflightCount], [1, 10, 1]);
  });

  it('never counts less than nothing when the date was set meanwhile', () => {
    const shelf = new Shelf();
    shelf.append(shelved({ expiresAt: 1000 }), 1);
    shelf.append(shelved({ expiresAt: 1000 }), 2);
    shelf.discountExpired(1000);
    shelf.take(shelved({ expiresAt: 99_000 }), 1);
    assert.ok(shelf.waitingCount >= 0 && shelf.waitingBytes >= 0);
    shelf.take(shelved({ expiresAt: 99_000 }), 2);
    assert.deepEqual([shelf.isEmpty, shelf.waitingCount, shelf.waitingBytes], [true, 0, 0]);
    shelf.append(shelved({ expiresAt: 5000 }), 3);
    assert.equal(shelf.waitingCount, 1);
  });

  it('forgets all at once', () => {
    const shelf = new Shelf();
    shelf.append(shelved({ state: 'published' }), 1);
    shelf.append(shelved({ qos: 0, expiresAt: 1 }), 2);
    assert.equal(shelf.clear(), 2);
    const { isEmpty, waitingCount, waitingBytes, inflightCount, inflightBytes, qos0Count } = shelf;
    assert.deepEqual(
      [isEmpty, waitingCount, waitingBytes, inflightCount, inflightBytes, qos0Count],
      [true, 0, 0, 0, 0, 0],
    );
    assert.equal(shelf.taken, 2);
  });
});
