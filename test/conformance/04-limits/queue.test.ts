/** What waits for a client is bounded, and what does not fit is dropped and reported. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DropCause } from '../../../src/session/delivery.ts';
import { takeTexts } from '../../harness/take-all.ts';
import { publishOf, type TestClient } from '../../harness/test-broker.ts';
import {
  assertReceived,
  inAllVersions,
  lasting,
  type PairOptions,
  pair,
} from '../../harness/wire.ts';

interface Drop {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: number;
  readonly cause: DropCause;
}

/** A pair whose broker remembers what it dropped. */
async function watchedPair(options: PairOptions) {
  const drops: Drop[] = [];
  const clients = await pair({
    ...options,
    observer: {
      messageDropped: (clientId, { topic }, qos, cause) =>
        drops.push({ clientId, topic, qos, cause }),
    },
  });
  return { ...clients, drops };
}

async function publishAll(publisher: TestClient, count: number, size = 1): Promise<string[]> {
  const payloads = Array.from({ length: count }, (_, i) => `${i}`.padStart(size, '0'));
  for (const payload of payloads) await publisher.publish('a', payload, { qos: 1 });
  return payloads;
}

inAllVersions((version) => {
  it('keeps as many messages as the queue holds behind the window, and the oldest', async () => {
    const limits = { inflightMessagesMax: 2, queuedMessagesMax: 3 };
    const { subscriber, publisher, drops } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    const payloads = await publishAll(publisher, 8);
    const drop = { clientId: 'subscriber', topic: 'a', qos: 1, cause: 'queue full' };
    assert.deepEqual(drops, [drop, drop, drop]);
    assert.deepEqual(await takeTexts(subscriber), payloads.slice(0, 5));
  });

  it('keeps as many messages as the queue holds for a client that is away', async () => {
    const limits = { queuedMessagesMax: 3 };
    const clients = await watchedPair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher, drops } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    const payloads = await publishAll(publisher, 5);
    assert.deepEqual(
      drops.map(({ cause }) => cause),
      ['queue full', 'queue full'],
    );
    const returned = await broker.connect('subscriber', lasting(version));
    assert.deepEqual(await takeTexts(returned), payloads.slice(0, 3));
  });

  it('keeps no more bytes than the queue holds', async () => {
    const limits = { queuedBytesMax: 5000 };
    const clients = await watchedPair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher, drops } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    const payloads = await publishAll(publisher, 10, 1000);
    const returned = await broker.connect('subscriber', lasting(version));
    const taken = await takeTexts(returned);
    assert.deepEqual(taken, payloads.slice(0, 4));
    assert.equal(drops.length, 6);
  });

  it('sends one message at a time where the window is smaller than a message', async () => {
    const limits = { inflightBytesMax: 10 };
    const { subscriber, publisher } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    const payloads = await publishAll(publisher, 4, 100);
    assert.equal(subscriber.publishes().length, 1);
    await subscriber.sendBytes('40 [0001]');
    assert.deepEqual(await takeTexts(subscriber), payloads.slice(1));
  });

  it('sends messages up to the bytes of the window', async () => {
    const limits = { inflightBytesMax: 3000 };
    const { subscriber, publisher } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    await publishAll(publisher, 10, 1000);
    assert.equal(subscriber.publishes().length, 3);
  });

  it('counts nothing but payloads in the window, as Mosquitto', async () => {
    const limits = { inflightBytesMax: 16 };
    const { subscriber, publisher } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    await publishAll(publisher, 3, 8);
    assert.equal(subscriber.publishes().length, 2);
  });

  it('keeps any number of messages where the limits are 0', async () => {
    const limits = { inflightMessagesMax: 0, queuedMessagesMax: 0, queuedBytesMax: 0 };
    const clients = await watchedPair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher, drops } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    const payloads = await publishAll(publisher, 3000);
    const returned = await broker.connect('subscriber', lasting(version));
    assert.deepEqual(await takeTexts(returned), payloads);
    assert.deepEqual(drops, []);
  });

  it('takes more again as the queue empties', async () => {
    const limits = { inflightMessagesMax: 1, queuedMessagesMax: 1 };
    const { subscriber, publisher } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    for (const payload of ['1', '2', 'dropped']) await publisher.publish('a', payload, { qos: 1 });
    await subscriber.sendBytes('40 [0001]');
    await publisher.publish('a', '3', { qos: 1 });
    assert.deepEqual(await takeTexts(subscriber), ['1', '2', '3']);
  });

  it('drops QoS 0 for a client that is away, and reports it', async () => {
    const clients = await watchedPair({ version, subscriber: lasting(version) });
    const { broker, subscriber, publisher, drops } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    await publisher.publish('a', 'x');
    assert.deepEqual(
      drops.map(({ cause }) => cause),
      ['offline'],
    );
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('keeps QoS 0 too for a client that is away where it is told to', async () => {
    const features = { queueQos0: true };
    const limits = { queuedMessagesMax: 2 };
    const options = { version, features, limits, subscriber: lasting(version) } as const;
    const { broker, subscriber, publisher, drops } = await watchedPair(options);
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    for (const [qos, payload] of ['0', '1', '2'].entries()) {
      await publisher.publish('a', payload, { qos: qos === 1 ? 1 : 0 });
    }
    assert.deepEqual(
      drops.map(({ qos, cause }) => [qos, cause]),
      [[0, 'queue full']],
    );
    const returned = await broker.connect('subscriber', lasting(version));
    assert.deepEqual(await takeTexts(returned), ['0', '1']);
  });
});

it('counts the properties of a message among the bytes of the queue', async () => {
  const limits = { queuedBytesMax: 5000 };
  const clients = await watchedPair({ limits, subscriber: lasting() });
  const { broker, subscriber, publisher } = clients;
  await subscriber.subscribe('a', { qos: 1 });
  await subscriber.drop();
  const properties = { userProperties: [['name', 'v'.repeat(2000)]] } as const;
  for (const payload of ['1', '2', '3']) {
    await publisher.publish('a', payload, { qos: 1, properties });
  }
  const returned = await broker.connect('subscriber', lasting());
  assert.deepEqual(await takeTexts(returned), ['1', '2']);
});

it('lets messages that have expired make room for others', async () => {
  const limits = { queuedMessagesMax: 2 };
  const clients = await watchedPair({ limits, subscriber: lasting() });
  const { broker, subscriber, publisher, drops } = clients;
  await subscriber.subscribe('a', { qos: 1 });
  await subscriber.drop();
  const properties = { messageExpiryInterval: 5 };
  await publisher.publish('a', 'expires', { qos: 1, properties });
  await publisher.publish('a', '1', { qos: 1 });
  await broker.advance(5);
  await publisher.publish('a', '2', { qos: 1 });
  assert.deepEqual(await takeTexts(await broker.connect('subscriber', lasting())), ['1', '2']);
  assert.deepEqual(
    drops.map(({ cause }) => cause),
    ['expired'],
  );
});

it('drops for the one client that is full, and for no other', async () => {
  const { broker, subscriber, publisher, drops } = await watchedPair({
    limits: { inflightMessagesMax: 1, queuedMessagesMax: 1 },
  });
  const other = await broker.connect('other');
  for (const client of [subscriber, other]) await client.subscribe('a', { qos: 1 });
  for (const [index, payload] of ['1', '2', '3', '4'].entries()) {
    await publisher.publish('a', payload, { qos: 1 });
    await other.sendBytes(`40 [000${index + 1}]`);
  }
  assert.deepEqual(other.payloads(), ['1', '2', '3', '4']);
  assert.equal(
    drops.every(({ clientId }) => clientId === 'subscriber'),
    true,
  );
  assert.deepEqual(await takeTexts(subscriber), ['1', '2']);
});

it('acknowledges to the publisher what a full receiver does not get', async () => {
  const limits = { inflightMessagesMax: 1, queuedMessagesMax: 1 };
  const { subscriber, publisher } = await watchedPair({ limits });
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.send(...[1, 2, 3].map((packetId) => publishOf('a', 'x', { qos: 1, packetId })));
  assertReceived(publisher, '40 [0001] 40 [0002] 40 [0003]');
});
