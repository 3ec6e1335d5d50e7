/** The bounded queue. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from './delivery.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { Message } from './message.ts';

function delivery(topic: string, expiresAt = Number.POSITIVE_INFINITY): Delivery {
  const message = new Message(topic, new Uint8Array(), { expiresAt });
  return {
    sequence: 0,
    message,
    qos: 1,
    retain: false,
    terms: undefined,
    packetId: 0,
    state: 'waiting',
    order: 0,
    counted: false,
    wasSent: false,
    held: false,
  };
}

function pushIfRoom(queue: DeliveryQueue, pushed: Delivery): boolean {
  const hasRoom = queue.hasRoomFor(pushed.message);
  if (hasRoom) queue.push(pushed);
  return hasRoom;
}

describe('DeliveryQueue', () => {
  it('gives out what was put in, in order, over many turns of its array', () => {
    const queue = new DeliveryQueue({ messagesMax: 0, bytesMax: 0 });
    let next = 0;
    for (let i = 0; i < 1000; i++) {
      queue.push(delivery(String(i)));
      if (i % 3 !== 0) assert.equal(queue.shift()?.message.topic, String(next++));
    }
    for (let left = queue.shift(); left; left = queue.shift()) {
      assert.equal(left.message.topic, String(next++));
    }
    assert.deepEqual([next, queue.length, queue.bytes], [1000, 0, 0]);
  });

  it('takes no more than its limit in messages', () => {
    const queue = new DeliveryQueue({ messagesMax: 2, bytesMax: 0 });
    assert.deepEqual(
      ['a', 'b', 'c'].map((topic) => pushIfRoom(queue, delivery(topic))),
      [true, true, false],
    );
    assert.equal(queue.isAtLimit, true);
    queue.shift();
    assert.equal(pushIfRoom(queue, delivery('d')), true);
  });

  it('takes no more than its limit in bytes', () => {
    const one = delivery('a').message.bytes;
    const queue = new DeliveryQueue({ messagesMax: 0, bytesMax: 2 * one });
    assert.deepEqual(
      ['a', 'b', 'c'].map((topic) => pushIfRoom(queue, delivery(topic))),
      [true, true, false],
    );
    assert.deepEqual([queue.isAtLimit, queue.bytes], [true, 2 * one]);
  });

  it('gives up what has expired and keeps the order of the rest', () => {
    const queue = new DeliveryQueue({ messagesMax: 0, bytesMax: 0 });
    for (const [topic, expiresAt] of [
      ['a', 5],
      ['b', 20],
      ['c', 10],
      ['d', undefined],
    ] as const) {
      queue.push(delivery(topic, expiresAt));
    }
    assert.deepEqual(queue.removeExpired(4), []);
    assert.deepEqual(
      queue.removeExpired(10).map(({ message }) => message.topic),
      ['a', 'c'],
    );
    assert.deepEqual([queue.shift()?.message.topic, queue.shift()?.message.topic], ['b', 'd']);
    assert.equal(queue.bytes, 0);
  });
});
