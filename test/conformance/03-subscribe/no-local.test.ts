/** No Local: a client does not hear itself. (MQTT 5.0 section 3.8.3.1) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived, lasting, pair } from '../../harness/wire.ts';

for (const qos of [0, 1] as const) {
  it(`keeps QoS ${qos} messages from who published them [MQTT-3.8.3-3]`, async () => {
    const { subscriber, publisher } = await pair();
    for (const client of [subscriber, publisher]) {
      await client.subscribe('a/+', { noLocal: true, qos });
    }
    await subscriber.publish('a/b', 'mine', { qos });
    await publisher.publish('a/b', 'yours', { qos });
    assert.deepEqual(subscriber.payloads(), ['yours']);
    assert.deepEqual(publisher.payloads(), ['mine']);
  });
}

it('lets a client hear itself without No Local', async () => {
  const client = await new TestBroker().connect('id');
  await client.subscribe('a', { noLocal: false });
  await client.publish('a', 'mine');
  assert.deepEqual(client.payloads(), ['mine']);
});

it('goes by the client, not by the connection [MQTT-3.8.3-3]', async () => {
  const { broker, subscriber } = await pair({ subscriber: lasting() });
  await subscriber.subscribe('a', { noLocal: true, qos: 1 });
  await subscriber.drop();
  const returned = await broker.connect('subscriber', lasting());
  await returned.publish('a', 'mine', { qos: 1 });
  assert.deepEqual(returned.payloads(), []);
});

const overlaps = [
  { name: 'a subscription with it and one without', local: 'a', more: '+' },
  { name: 'a subscription without it and one with', local: '+', more: 'a' },
];

for (const { name, local, more } of overlaps) {
  it(`lets No Local hold for its own subscription only: ${name} [MQTT-3.8.3-3]`, async () => {
    const { subscriber } = await pair();
    await subscriber.sendBytes(`82 [0001 [0b 01] "${local}" 06]`);
    await subscriber.sendBytes(`82 [0002 [0b 02] "${more}" 01]`);
    subscriber.received();
    await subscriber.publish('a', 'x', { qos: 2 });
    const publishes = subscriber.publishes();
    assert.deepEqual(
      publishes.map(({ payload }) => new TextDecoder().decode(payload)),
      ['x'],
    );
    assert.equal(publishes[0].qos, 1, 'the QoS of the subscription that brings it');
    assert.deepEqual(publishes[0].properties?.subscriptionIdentifiers, [2]);
  });
}

it('gives others both identifiers where one of two subscriptions is No Local', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.sendBytes('82 [0001 [0b 01] "a" 04]');
  await subscriber.sendBytes('82 [0002 [0b 02] "+" 00]');
  await publisher.publish('a', 'x');
  const [{ properties }] = subscriber.publishes();
  assert.deepEqual(properties?.subscriptionIdentifiers?.toSorted(), [1, 2]);
});

it('keeps the will from a client that left it [MQTT-3.8.3-3]', async () => {
  for (const willDelayInterval of [0, 5]) {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('will');
    const payload = new TextEncoder().encode('gone');
    const properties = { willDelayInterval };
    const will = { topic: 'will', payload, qos: 1, retain: false, properties } as const;
    const client = await broker.connect('id', { ...lasting(), will });
    await client.subscribe('will', { noLocal: true, qos: 1 });
    await client.drop();
    await broker.advance(5);
    assert.deepEqual(watcher.payloads(), ['gone']);
    const returned = await broker.connect('id', lasting());
    assertReceived(returned, '');
  }
});

it('sends what a client retained before it subscribed: No Local is about forwarding', async () => {
  const client = await new TestBroker().connect('id');
  await client.publish('a', 'mine', { retain: true });
  await client.subscribe('a', { noLocal: true });
  assertReceived(client, '31 ["a" 00 (mine)]');
});
