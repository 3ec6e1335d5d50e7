/** Who gets a message, and in which order. (MQTT 5.0 sections 4.5 and 4.6) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { acknowledge, takeAll, takeTexts, textOf } from '../../harness/take-all.ts';
import { publishOf, type TestClient } from '../../harness/test-broker.ts';
import { inAllVersions, lasting, pair } from '../../harness/wire.ts';

const numbers = Array.from({ length: 100 }, (_, i) => `${i}`);

async function publishNumbers(publisher: TestClient, qos: 0 | 1 | 2): Promise<void> {
  for (const number of numbers) {
    await publisher.publish('a/b', number, { qos });
    if (qos === 2) await publisher.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
  }
}

inAllVersions((version) => {
  for (const qos of [0, 1, 2] as const) {
    it(`sends messages of QoS ${qos} on in their order, by default and for all subscribers [MQTT-4.6.0-5, MQTT-4.6.0-6, MQTT3-4.6.0-5, MQTT3-4.6.0-6]`, async () => {
      const { broker, subscriber, publisher } = await pair({ version });
      const other = await broker.connect('other', { version });
      await subscriber.subscribe('a/b', { qos: 2 });
      await other.subscribe('+/#', { qos: 2 });
      await publishNumbers(publisher, qos);
      for (const client of [subscriber, other]) {
        assert.deepEqual(await takeTexts(client), numbers);
      }
    });
  }

  for (const qos of [1, 2] as const) {
    it(`keeps QoS ${qos} in order when the subscriber leaves and returns amid it [MQTT-4.6.0-5, MQTT-4.6.0-6, MQTT3-4.6.0-1, MQTT3-4.6.0-6]`, async () => {
      const clients = await pair({ version, subscriber: lasting(version) });
      const { broker, subscriber, publisher } = clients;
      await subscriber.subscribe('#', { qos });
      await publishNumbers(publisher, qos);
      const first = subscriber.received().filter((packet) => packet.type === 'publish');
      for (const packet of first.slice(0, 5)) await acknowledge(subscriber, packet);
      first.push(...subscriber.received().filter((packet) => packet.type === 'publish'));
      await subscriber.drop();
      const returned = await broker.connect('subscriber', lasting(version));
      const taken = [...first, ...(await takeAll(returned))];
      assert.deepEqual([...new Set(taken.map(textOf))], numbers, 'first appearances');
      const again = taken.filter(({ dup }) => dup).map(({ packetId }) => packetId);
      assert.deepEqual(
        again,
        again.toSorted((a, b) => a - b),
        'those that were sent again',
      );
      assert.equal(again.length > 0, true);
    });
  }

  it('keeps the order of what is sent again, however often [MQTT3-4.6.0-1, MQTT-4.6.0-5]', async () => {
    const clients = await pair({ version, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 2 });
    for (const [index, qos] of ([1, 2, 1, 2, 2, 1, 1, 2, 1, 2] as const).entries()) {
      await publisher.publish('a', `${index}`, { qos, packetId: index + 1 });
    }
    const first = subscriber.publishes().map(textOf);
    assert.equal(first.length, 10);
    await subscriber.drop();
    for (let time = 0; time < 3; time++) {
      const returned = await broker.connect('subscriber', lasting(version));
      assert.deepEqual(returned.publishes().map(textOf), first);
      await returned.drop();
    }
  });

  it('lets new messages wait behind those that it sends again [MQTT-4.6.0-5, MQTT3-4.6.0-6]', async () => {
    const limits = { inflightMessagesMax: 2 };
    const clients = await pair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    for (const payload of ['1', '2', '3']) await publisher.publish('a', payload, { qos: 1 });
    await subscriber.drop();
    await publisher.publish('a', '4', { qos: 1 });
    const returned = await broker.connect('subscriber', lasting(version));
    await publisher.publish('a', '5', { qos: 1 });
    assert.deepEqual(await takeTexts(returned), ['1', '2', '3', '4', '5']);
  });

  it('keeps the order of a write full of messages [MQTT-4.6.0-5, MQTT3-4.6.0-6]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('#');
    await publisher.send(...numbers.map((number) => publishOf('a', number)));
    assert.deepEqual(subscriber.payloads(), numbers);
  });

  it('keeps QoS 0 that waited for its receiver before what came later [MQTT-4.6.0-5, MQTT3-4.6.0-6]', async () => {
    const clients = await pair({
      version,
      features: { queueQos0: true },
      limits: { inflightMessagesMax: 1 },
      subscriber: lasting(version),
    });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    for (const payload of ['x', 'y']) await publisher.publish('a', payload, { qos: 1 });
    await publisher.publish('a', '1');
    const returned = await broker.connect('subscriber', lasting(version));
    await publisher.publish('a', '2');
    const taken = (await takeAll(returned)).filter(({ qos }) => qos === 0);
    assert.deepEqual(taken.map(textOf), ['1', '2']);
  });

  it('adds an accepted message to all sessions with a matching subscription [MQTT-4.5.0-1, MQTT3-4.5.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair({ version });
    const filters = ['a/b', 'a/+', '#', '+/b', 'a/#'];
    const away = await broker.connect('away', lasting(version));
    await away.subscribe('a/b', { qos: 2 });
    await away.drop();
    const others = await Promise.all(
      filters.map(async (filter, i) => {
        const client = await broker.connect(`${i}`, { version });
        await client.subscribe(filter, { qos: 2 });
        return client;
      }),
    );
    await subscriber.subscribe('a/c', { qos: 2 });
    await publisher.publish('a/b', 'x', { qos: 1 });
    for (const client of others) assert.deepEqual(client.payloads(), ['x']);
    assert.deepEqual(subscriber.payloads(), []);
    const returned = await broker.connect('away', lasting(version));
    assert.deepEqual(returned.payloads(), ['x']);
  });
});
