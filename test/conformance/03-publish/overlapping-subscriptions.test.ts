/** One message, several subscriptions of one client. (MQTT 5.0 section 3.3.4) */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived, inAllVersions, lasting, pair } from '../../harness/wire.ts';

inAllVersions((version, none) => {
  for (const filters of [
    ['a/+', 'a/#'],
    ['a/#', 'a/+'],
    ['#', 'a/b'],
    ['a/b', '+/+'],
  ]) {
    it(`delivers one copy, with the higher QoS, for ${filters.join(' and ')} [MQTT-3.3.4-2, MQTT3-3.3.5-1]`, async () => {
      const { subscriber, publisher } = await pair({ version });
      await subscriber.subscribe(filters[0], { qos: 1 });
      await subscriber.subscribe(filters[1], { qos: 2 });
      await publisher.publish('a/b', 'x', { qos: 2 });
      assertReceived(subscriber, `34 ["a/b" 0001 ${none} (x)]`);
    });
  }

  it('goes back to the lower QoS when the higher subscription ends', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a', { qos: 0 });
    await subscriber.subscribe('+', { qos: 2 });
    await publisher.publish('a', '1', { qos: 2 });
    await subscriber.send({ type: 'unsubscribe', packetId: 9, filters: ['+'] });
    subscriber.received();
    await publisher.publish('a', '2', { qos: 2, packetId: 2 });
    assertReceived(subscriber, `30 ["a" ${none} (2)]`);
  });
});

const identified = [
  {
    claim: 'sends the identifiers of both of two subscriptions [MQTT-3.3.4-3, MQTT-3.3.4-4]',
    filters: { 'a/+': 1, 'a/#': 2 },
    identifiers: [1, 2],
  },
  {
    claim: 'sends no identifier for a subscription without one [MQTT-3.3.4-4]',
    filters: { 'a/+': 7, 'a/#': undefined, '#': 268_435_455 },
    identifiers: [7, 268_435_455],
  },
  {
    claim: 'sends an identifier twice that two subscriptions share [MQTT-3.3.4-4]',
    filters: { 'a/+': 3, 'a/#': 3 },
    identifiers: [3, 3],
  },
  {
    claim: 'sends no identifier of a subscription that does not match [MQTT-3.3.4-3]',
    filters: { 'a/b': 5, 'a/c': 6, 'b/#': 7, '+': 8 },
    identifiers: [5],
  },
  {
    claim: 'sends no identifiers where no subscription has one [MQTT-3.3.4-3]',
    filters: { 'a/+': undefined, 'a/b': undefined },
    identifiers: undefined,
  },
];

for (const { claim, filters, identifiers } of identified) {
  it(claim, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    for (const [filter, subscriptionIdentifier] of Object.entries(filters)) {
      const properties = subscriptionIdentifier ? { subscriptionIdentifier } : undefined;
      await subscriber.subscribe(filter, { qos: 1, properties });
    }
    const check = ([publish, ...others]: ReturnType<typeof subscriber.publishes>, way: string) => {
      const found = publish.properties?.subscriptionIdentifiers?.toSorted((a, b) => a - b);
      assert.deepEqual(found, identifiers, way);
      assert.deepEqual(others, [], way);
    };
    await publisher.publish('a/b', 'live');
    check(subscriber.publishes(), 'live');
    await publisher.publish('a/b', 'unacknowledged', { qos: 1 });
    check(subscriber.publishes(), 'in flight');
    await subscriber.drop();
    const again = await broker.connect('subscriber', lasting());
    check(again.publishes(), 'sent again');
    await again.sendBytes('40 02 0001');
    await again.drop();
    await publisher.publish('a/b', 'queued', { qos: 1 });
    check((await broker.connect('subscriber', lasting())).publishes(), 'queued');
  });
}

it('sends a copy for each of a plain and a shared subscription, each with its own identifier [MQTT-3.3.4-5]', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.sendBytes('82 [0001 [0b 01] "a" 00]');
  await subscriber.sendBytes('82 [0002 [0b 02] "$share/g/a" 00]');
  await subscriber.sendBytes('82 [0003 [0b 03] "$share/h/+" 00]');
  subscriber.received();
  await publisher.publish('a', 'x');
  assertReceived(
    subscriber,
    '30 ["a" [0b 01] (x)]',
    '30 ["a" [0b 02] (x)]',
    '30 ["a" [0b 03] (x)]',
  );
});

it('sends the identifier of the very member that gets a shared message', async () => {
  const { broker, subscriber, publisher } = await pair();
  const other = await broker.connect('other');
  await subscriber.sendBytes('82 [0001 [0b 01] "$share/g/a" 00]');
  await other.sendBytes('82 [0001 [0b 02] "$share/g/a" 00]');
  for (const client of [subscriber, other]) client.received();
  await publisher.publish('a', '1');
  await publisher.publish('a', '2');
  assertReceived(subscriber, '30 ["a" [0b 01] (1)]');
  assertReceived(other, '30 ["a" [0b 02] (2)]');
});

it('sets RETAIN on the one copy when one of the subscriptions wants it as published', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a', { retainAsPublished: true });
  await subscriber.subscribe('+', { retainAsPublished: false });
  await publisher.publish('a', 'x', { retain: true });
  assertReceived(subscriber, '31 ["a" 00 (x)]');
});

describe('where duplicates are wanted', () => {
  it('a client gets a message once for each subscription, with its QoS and its identifier', async () => {
    const broker = new TestBroker({ features: { duplicates: true } });
    const client = await broker.connect('id');
    await client.subscribe('a/#', { qos: 1, properties: { subscriptionIdentifier: 1 } });
    await client.subscribe('a/b', { qos: 0, properties: { subscriptionIdentifier: 2 } });
    await client.publish('a/b', 'x', { qos: 2 });
    const got = client
      .publishes()
      .map(({ qos, properties }) => [qos, properties?.subscriptionIdentifiers]);
    assert.deepEqual(got.sort(), [
      [0, [2]],
      [1, [1]],
    ]);
  });

  it('a reload changes that for routes that are remembered', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id');
    for (const filter of ['a', '#']) await client.subscribe(filter);
    const copies = async () => {
      await client.publish('a', 'x');
      return client.payloads().length;
    };
    assert.equal(await copies(), 1);
    broker.broker.change({ features: { duplicates: true } });
    assert.equal(await copies(), 2);
    broker.broker.change({ features: { duplicates: false } });
    assert.equal(await copies(), 1);
  });
});
