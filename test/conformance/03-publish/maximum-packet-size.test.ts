/** The Maximum Packet Size of a client: what is larger does not come. (MQTT 5.0 3.1.2.11.4) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DropCause } from '../../../src/session/delivery.ts';
import type { ConnectOptions } from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, lasting, pair } from '../../harness/wire.ts';

const tooLarge: DropCause = 'packet too large';

/** A broker that remembers why it dropped what. */
async function sizedPair(maximumPacketSize: number, more: ConnectOptions['properties'] = {}) {
  const dropped: string[] = [];
  const clients = await pair({
    subscriber: lasting(5, { maximumPacketSize, ...more }),
    observer: { messageDropped: (_id, _topic, qos, cause) => dropped.push(`${qos} ${cause}`) },
  });
  return { ...clients, dropped };
}

for (const qos of [0, 1, 2] as const) {
  it(`sends a packet of just the Maximum Packet Size, and none of a byte more, at QoS ${qos} [MQTT-3.1.2-24, MQTT-3.1.2-25]`, async () => {
    const { subscriber, publisher, dropped } = await sizedPair(30);
    await subscriber.subscribe('a', { qos });
    const room = 30 - (qos === 0 ? 6 : 8);
    await publisher.publish('a', 'y'.repeat(room + 1), { qos });
    assertReceived(subscriber, '');
    assert.deepEqual(dropped, [`${qos} ${tooLarge}`]);
    await publisher.publish('a', 'x'.repeat(room), { qos, packetId: 2 });
    assert.equal(subscriber.receivedHex().split(' ').length, 30);
    assert.deepEqual(subscriber.payloads(), ['x'.repeat(room)]);
  });
}

it('takes a message that is too large for done: the window stays open [MQTT-3.1.2-25]', async () => {
  const { broker, subscriber, publisher } = await sizedPair(30, { receiveMaximum: 1 });
  await subscriber.subscribe('a', { qos: 2 });
  for (const qos of [1, 2] as const) {
    for (const packetId of [1, 2, 3]) {
      await publisher.publish('a', 'y'.repeat(100), { qos, packetId });
    }
  }
  await publisher.publish('a', 'x', { qos: 1, packetId: 9 });
  assert.deepEqual(subscriber.payloads(), ['x']);
  await subscriber.drop();
  const connect = lasting(5, { maximumPacketSize: 1000 });
  const returned = await broker.connect('subscriber', connect);
  assert.deepEqual(returned.payloads(), ['x'], 'nothing but what was not acknowledged');
});

it('drops what was fine for the connection before and is too large for this one [MQTT-3.1.2-25]', async () => {
  const { broker, subscriber, publisher, dropped } = await sizedPair(1000);
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.publish('a', 'y'.repeat(100), { qos: 1 });
  await publisher.publish('a', 'x', { qos: 1, packetId: 2 });
  await subscriber.drop();
  const connect = lasting(5, { maximumPacketSize: 30 });
  const returned = await broker.connect('subscriber', connect);
  assert.deepEqual(returned.payloads(), ['x']);
  assert.deepEqual(dropped, [`1 ${tooLarge}`]);
});

it('drops what is too large among retained messages and sends the rest [MQTT-3.1.2-24, MQTT-3.1.2-25]', async () => {
  const { subscriber, publisher } = await sizedPair(30);
  await publisher.publish('a', 'y'.repeat(100), { retain: true });
  await publisher.publish('b', 'x', { retain: true, qos: 1 });
  await subscriber.subscribe('#', { qos: 1 });
  assert.deepEqual(subscriber.payloads(), ['x']);
});

it('counts the properties, and never shortens a message to make it fit [MQTT-3.1.2-24]', async () => {
  const { subscriber, publisher } = await sizedPair(30);
  await subscriber.subscribe('a');
  await publisher.sendBytes(`30 ["a" [26 "k" "${'v'.repeat(30)}"] (x)]`);
  await publisher.sendBytes('30 ["a" [26 "k" "v"] (x)]');
  assertReceived(subscriber, '30 ["a" [26 "k" "v"] (x)]');
});

it('leaves the other receivers alone', async () => {
  const { broker, subscriber, publisher } = await sizedPair(30);
  const other = await broker.connect('other');
  for (const client of [subscriber, other]) await client.subscribe('a', { qos: 1 });
  await publisher.publish('a', 'y'.repeat(100), { qos: 1 });
  assertReceived(subscriber, '');
  assert.deepEqual(other.payloads(), ['y'.repeat(100)]);
});

/** Requests whose answers grow by a byte for each filter, and have 30 of them for 25. */
const requests = {
  'a SUBACK': (count: number) => `82 [0001 00 ${'"a" 00 '.repeat(count)}]`,
  'an UNSUBACK': (count: number) => `a2 [0001 00 ${'"a" '.repeat(count)}]`,
};

for (const [name, request] of Object.entries(requests)) {
  it(`ends a connection on which ${name} does not fit, rather than let its client wait [MQTT-3.1.2-24]`, async () => {
    const { subscriber } = await sizedPair(30);
    await subscriber.sendBytes(request(25));
    assert.equal(subscriber.receivedHex().split(' ').length, 30);
    subscriber.received();
    await subscriber.sendBytes(request(26));
    assertClosed(subscriber, 5, '95');
  });
}

it('does not let a topic alias of its own make a message too large', async () => {
  const { subscriber, publisher } = await sizedPair(30, { topicAliasMaximum: 1 });
  await subscriber.subscribe('a');
  const payload = 'x'.repeat(24);
  await publisher.publish('a', payload);
  assertReceived(subscriber, `30 ["a" 00 (${payload})]`);
  await publisher.publish('a', 'x');
  await publisher.publish('a', payload);
  assertReceived(subscriber, `30 ["a" [23 0001] (x)] 30 ["a" 00 (${payload})]`);
});
