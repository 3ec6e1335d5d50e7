/** The queue whose middle lies in the store. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from './delivery.ts';
import type { DeliveryKeeper } from './delivery-keeper.ts';
import { Message } from './message.ts';
import { shelvedOf } from './shelf.ts';
import { StoredQueue } from './stored-queue.ts';

function delivery(sequence: number, expiresAt = Number.POSITIVE_INFINITY): Delivery {
  const marks = {
    order: 0,
    counted: false,
    wasSent: false,
    held: false,
    terms: undefined,
    retain: false,
  };
  const message = new Message(`m${sequence}`, new Uint8Array(), { expiresAt });
  return { ...marks, sequence, message, qos: 1, packetId: 0, state: 'waiting' };
}

/** A queue to whose back `count` deliveries came, and that leaves to the store what it has. */
function queueOf(count: number) {
  let isStored = (_: Delivery) => true;
  const keeper = {
    isStored: (each) => isStored(each),
  } as Partial<DeliveryKeeper> as DeliveryKeeper;
  const queue = new StoredQueue({ messagesMax: 10, bytesMax: 0 }, keeper);
  const deliveries = Array.from({ length: count }, (_, i) => delivery(i + 1));
  for (const each of deliveries) queue.push(each);
  const shelveBack = (isThere = (_: Delivery) => true) => {
    isStored = isThere;
    queue.shelveBack();
  };
  return { queue, deliveries, shelveBack };
}

describe('StoredQueue', () => {
  it('leaves to the store what is there, up to the first that is not', () => {
    const { queue, deliveries, shelveBack } = queueOf(5);
    const { bytes } = queue;
    shelveBack((each) => each !== deliveries[2]);
    assert.deepEqual([queue.loadedCount, queue.shelf.waitingCount, queue.length], [3, 2, 5]);
    assert.equal(queue.bytes, bytes);
    shelveBack();
    assert.deepEqual([queue.loadedCount, queue.shelf.waitingCount, queue.bytes], [0, 5, bytes]);
  });

  it('gives nothing out while what comes next is in the store', () => {
    const { queue, deliveries, shelveBack } = queueOf(3);
    shelveBack((each) => each === deliveries[0]);
    assert.deepEqual([queue.peek(), queue.shift()], [undefined, undefined]);
    queue.shelf.take(shelvedOf(deliveries[0]), 1);
    queue.pushLoaded(deliveries[0]);
    const order = [queue.shift(), queue.shift(), queue.shift()];
    assert.deepEqual(order, deliveries);
    assert.deepEqual([queue.length, queue.bytes], [0, 0]);
  });

  it('puts what was loaded back in front', () => {
    const { queue, deliveries, shelveBack } = queueOf(3);
    shelveBack();
    for (const each of deliveries.slice(0, 2)) {
      queue.shelf.take(shelvedOf(each), each.sequence);
      queue.pushLoaded(each);
    }
    assert.deepEqual([queue.frontCount, queue.shelf.taken], [2, 2]);
    queue.shelveFront();
    assert.deepEqual([queue.frontCount, queue.shelf.taken, queue.length], [0, 0, 3]);
  });

  it('keeps some of what came in memory, where the store has nothing before it', () => {
    const { queue, shelveBack } = queueOf(6);
    queue.bringForward(2);
    shelveBack();
    assert.deepEqual([queue.frontCount, queue.shelf.waitingCount], [2, 4]);
    queue.bringForward(4);
    assert.equal(queue.frontCount, 2, 'the store has some before it');
    assert.equal(queue.shift()?.sequence, 1);
  });

  it('counts what is in the store towards its limits', () => {
    const { queue, shelveBack } = queueOf(10);
    shelveBack();
    assert.deepEqual([queue.isAtLimit, queue.hasRoomFor(delivery(11).message)], [true, false]);
  });

  it('takes one out of memory, and none out of the store', () => {
    const { queue, deliveries, shelveBack } = queueOf(3);
    shelveBack((each) => each === deliveries[0]);
    assert.deepEqual([queue.remove(deliveries[1]), queue.remove(deliveries[0])], [true, false]);
    assert.equal(queue.length, 2);
    assert.deepEqual(queue.takeLoaded(), [deliveries[2]]);
    assert.deepEqual([queue.length, queue.bytes], [1, queue.shelf.waitingBytes]);
  });

  it('gives up what has expired in memory, and counts no more what has in the store', () => {
    const { queue, shelveBack } = queueOf(0);
    for (const [sequence, expiresAt] of [
      [1, 1000],
      [2, 9000],
      [3, 1000],
    ] as const) {
      queue.push(delivery(sequence, expiresAt));
      if (sequence === 1) shelveBack();
    }
    const expired = queue.removeExpired(1000).map(({ sequence }) => sequence);
    assert.deepEqual([expired, queue.length], [[3], 1]);
  });
});
