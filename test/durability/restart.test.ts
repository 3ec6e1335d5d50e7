/** What a broker has again when it begins anew, after a crash or as it should. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Publish } from '../../src/packet/publish.ts';
import { publishOf, type TestClient } from '../harness/test-broker.ts';
import { durable, Stage, type StageOptions } from './stage.ts';

/** How one broker ends and the next begins, after some seconds. */
type Again = (stage: Stage, downSeconds?: number, options?: StageOptions) => Promise<Stage>;

const endings: Readonly<Record<string, Again>> = {
  'a crash': async (stage, downSeconds, options) => stage.crash(downSeconds, options),
  'a restart': async (stage, downSeconds, options) => await stage.restart(downSeconds, options),
};

async function leaves(stage: Stage, clientId: string, ...filters: string[]): Promise<void> {
  const client = await stage.durable(clientId);
  for (const filter of filters) await client.subscribe(filter, { qos: 2 });
  await client.send({ type: 'disconnect', reasonCode: 0 });
}

async function publish(stage: Stage, topic: string, payload: string, options: Partial<Publish>) {
  const publisher = await stage.passing('publisher');
  await publisher.publish(topic, payload, { qos: 1, ...options });
  await publisher.drop();
}

function flagsOf(publishes: readonly Publish[]): string[] {
  return publishes.map(({ payload, qos, packetId, dup, retain }) => {
    const text = new TextDecoder().decode(payload);
    return `${text} q${qos} id${packetId}${dup ? ' dup' : ''}${retain ? ' retain' : ''}`;
  });
}

async function acknowledge(client: TestClient, ...packetIds: number[]): Promise<void> {
  for (const packetId of packetIds) await client.send({ type: 'puback', packetId, reasonCode: 0 });
}

for (const [ending, again] of Object.entries(endings)) {
  describe(`after ${ending}, a session`, () => {
    it('is there, and so is what waited for it, in order [MQTT-3.1.2-5] [MQTT-4.6.0-6]', async () => {
      let stage = new Stage();
      await leaves(stage, 'client', 't/#');
      const payloads = ['a', 'b', 'c'];
      for (const payload of payloads) await publish(stage, `t/${payload}`, payload, { qos: 2 });
      stage = await again(stage);
      assert.deepEqual(stage.broker.recalled, {
        sessions: 1,
        subscriptions: 1,
        messages: 3,
        retained: 0,
        strays: 0,
      });
      const { client, isPresent } = await stage.comeIn('client');
      assert.equal(isPresent, true);
      assert.deepEqual(client.payloads(), payloads);
    });

    it('of a client of 3.1.1 is there as well [MQTT3-3.1.2-4] [MQTT3-3.1.2-5]', async () => {
      let stage = new Stage();
      const before = await stage.durable('client', { version: 4 });
      await before.subscribe('t', { qos: 1 });
      await before.drop();
      await publish(stage, 't', 'x', {});
      stage = await again(stage, 1e9);
      const { client, isPresent } = await stage.comeIn('client', { version: 4 });
      assert.equal(isPresent, true);
      assert.deepEqual(client.payloads(), ['x']);
    });

    it('that ended with its connection is not', async () => {
      let stage = new Stage();
      await stage.passing('client');
      stage = await again(stage);
      assert.equal((await stage.comeIn('client')).isPresent, false);
    });

    it('has its subscriptions as they were: QoS, identifier, retain as published', async () => {
      let stage = new Stage();
      const before = await stage.durable('client');
      const properties = { subscriptionIdentifier: 268_435_455 };
      await before.subscribe('one', { qos: 1, retainAsPublished: true, properties });
      await before.subscribe('zero', { qos: 0 });
      await before.subscribe('gone', { qos: 2 });
      await before.send({ type: 'unsubscribe', packetId: 1, filters: ['gone'] });
      stage = await again(stage);
      const client = await stage.durable('client');
      for (const topic of ['one', 'zero', 'gone']) {
        await publish(stage, topic, topic, { qos: 2, retain: true });
      }
      const publishes = client.publishes();
      assert.deepEqual(flagsOf(publishes), ['one q1 id1 retain', 'zero q0 id0']);
      assert.deepEqual(publishes[0].properties?.subscriptionIdentifiers, [268_435_455]);
    });

    it('has the last options of a filter that it subscribed to twice', async () => {
      let stage = new Stage();
      const before = await stage.durable('client');
      await before.subscribe('t', { qos: 2, properties: { subscriptionIdentifier: 1 } });
      await before.subscribe('t', { qos: 1 });
      await before.subscribe('u', { qos: 1 });
      stage = await again(stage);
      const client = await stage.durable('client');
      await client.publish('t', 'x', { qos: 2, packetId: 9 });
      await client.publish('u', 'y', { qos: 2, packetId: 10 });
      const publishes = client.publishes();
      assert.deepEqual(flagsOf(publishes), ['x q1 id1', 'y q1 id2']);
      assert.equal(publishes[0].properties?.subscriptionIdentifiers, undefined);
      assert.equal(stage.store.tally().subscription, 2);
    });

    it('still does not get its own messages where it asked for that [MQTT-3.8.3-3]', async () => {
      let stage = new Stage();
      const before = await stage.durable('client');
      await before.subscribe('t', { qos: 1, noLocal: true });
      stage = await again(stage);
      const client = await stage.durable('client');
      await client.publish('t', 'own', { qos: 1, packetId: 9 });
      await publish(stage, 't', 'foreign', {});
      assert.deepEqual(client.payloads(), ['foreign']);
    });

    it('is still one of those that share a subscription [MQTT-4.8.2-4]', async () => {
      let stage = new Stage();
      for (const name of ['a', 'b']) await leaves(stage, name, '$share/g/t');
      for (const payload of ['1', '2', '3', '4']) await publish(stage, 't', payload, {});
      stage = await again(stage);
      const clients = [await stage.durable('a'), await stage.durable('b')];
      for (const payload of ['5', '6']) await publish(stage, 't', payload, {});
      const received = clients.map((client) => client.payloads());
      assert.deepEqual(received.flat().sort(), ['1', '2', '3', '4', '5', '6']);
      assert.deepEqual(
        received.map(({ length }) => length),
        [3, 3],
      );
    });

    it('sends what was in flight again, with its packet id and DUP [MQTT-4.4.0-1] [MQTT-3.3.1-1]', async () => {
      let stage = new Stage();
      const before = await stage.durable('client');
      await before.subscribe('t', { qos: 2 });
      for (const qos of [1, 2, 1, 2] as const) await publish(stage, 't', `q${qos}`, { qos });
      await acknowledge(before, 1);
      await before.send({ type: 'pubrec', packetId: 2, reasonCode: 0 });
      before.received();
      stage = await again(stage);
      const client = await stage.durable('client');
      const packets = client.received();
      assert.deepEqual(
        packets.map((packet) => (packet.type === 'publish' ? flagsOf([packet])[0] : packet.type)),
        ['pubrel', 'q1 q1 id3 dup', 'q2 q2 id4 dup'],
      );
      await publish(stage, 't', 'new', {});
      assert.deepEqual(flagsOf(client.publishes()), ['new q1 id1'], 'an id that is free');
    });

    it('knows the packet ids of QoS 2 that its client has not released [MQTT-4.3.3-10]', async () => {
      let stage = new Stage();
      await leaves(stage, 'subscriber', 't');
      const before = await stage.durable('client');
      await before.publish('t', 'once', { qos: 2, packetId: 7 });
      await before.publish('t', 'released', { qos: 2, packetId: 8 });
      await before.send({ type: 'pubrel', packetId: 8, reasonCode: 0 });
      stage = await again(stage);
      const client = await stage.durable('client');
      await client.publish('t', 'once', { qos: 2, packetId: 7, dup: true });
      await client.publish('t', 'another', { qos: 2, packetId: 8 });
      await client.send({ type: 'pubrel', packetId: 7, reasonCode: 0 });
      assert.deepEqual(
        client.received().map((packet) => ('reasonCode' in packet ? packet.reasonCode : undefined)),
        [0, 0, 0],
      );
      const subscriber = await stage.durable('subscriber');
      assert.deepEqual(subscriber.payloads(), ['once', 'released', 'another']);
      assert.equal(stage.store.tally().received, 1, 'packet id 8');
    });

    it('counts what waits in it towards its limits', async () => {
      const options: StageOptions = { limits: { queuedMessagesMax: 3 } };
      let stage = new Stage(options);
      await leaves(stage, 'client', 't');
      for (const payload of ['1', '2']) await publish(stage, 't', payload, {});
      stage = await again(stage);
      for (const payload of ['3', '4']) await publish(stage, 't', payload, {});
      assert.deepEqual(stage.events, ['dropped t q1 for client: queue full']);
      assert.deepEqual((await stage.durable('client')).payloads(), ['1', '2', '3']);
    });

    it('has its queued QoS 0, where that is queued', async () => {
      let stage = new Stage({ features: { queueQos0: true } });
      await leaves(stage, 'client', 't');
      for (const qos of [0, 1, 0] as const) await publish(stage, 't', `q${qos}`, { qos });
      stage = await again(stage);
      const client = await stage.durable('client');
      assert.deepEqual(client.payloads(), ['q0', 'q1', 'q0']);
      await acknowledge(client, 1);
      assert.deepEqual(stage.store.tally(), { session: 1, subscription: 1 });
    });

    it('has the properties of its messages', async () => {
      let stage = new Stage();
      await leaves(stage, 'client', 't');
      const properties = {
        payloadFormatIndicator: 1,
        contentType: 'text/plain',
        responseTopic: 'answers',
        correlationData: Uint8Array.of(0, 1, 255),
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      } as const;
      await publish(stage, 't', 'x', { properties });
      stage = await again(stage);
      const [received] = (await stage.durable('client')).publishes();
      assert.deepEqual({ ...received.properties }, properties);
    });
  });

  describe(`after ${ending}, a retained message`, () => {
    it('is there, the last of its topic [MQTT-3.3.1-5] [MQTT-3.3.1-8]', async () => {
      let stage = new Stage();
      await publish(stage, 'a', 'old', { retain: true });
      await publish(stage, 'a', 'new', { retain: true, qos: 2 });
      await publish(stage, 'b', 'by QoS 0', { retain: true, qos: 0 });
      await publish(stage, 'c', 'cleared', { retain: true });
      await publish(stage, 'c', '', { retain: true });
      await stage.settle();
      stage = await again(stage);
      assert.equal(stage.broker.recalled?.retained, 2);
      const reader = await stage.passing('reader');
      await reader.subscribe('#', { qos: 2 });
      assert.deepEqual(flagsOf(reader.publishes()).sort(), [
        'by QoS 0 q0 id0 retain',
        'new q2 id1 retain',
      ]);
      await publish(stage, 'a', '', { retain: true });
      await publish(stage, 'b', '', { retain: true });
      assert.deepEqual(stage.store.tally(), {}, 'it can be cleared');
    });

    it('by which a bridge says that it is there is not, as under Mosquitto', async () => {
      let stage = new Stage();
      await publish(stage, '$SYS/broker/connection/far.near/state', '1', { retain: true });
      stage = await again(stage);
      const { client } = await stage.comeIn('client');
      await client.subscribe('$SYS/broker/connection/+/state');
      assert.deepEqual(client.payloads(), []);
    });

    it('has aged meanwhile, and is gone when its time is over [MQTT-3.3.2-5] [MQTT-3.3.2-6]', async () => {
      let stage = new Stage();
      for (const [topic, seconds] of [['short', 100] as const, ['long', 200] as const]) {
        const properties = { messageExpiryInterval: seconds };
        await publish(stage, topic, topic, { retain: true, properties });
      }
      await stage.advance(30);
      stage = await again(stage, 90);
      const reader = await stage.passing('reader');
      await reader.subscribe('#');
      const [received, ...more] = reader.publishes();
      assert.deepEqual([received.topic, more], ['long', []]);
      assert.equal(received.properties?.messageExpiryInterval, 80);
      await stage.advance(81);
      assert.deepEqual(stage.store.tally(), {}, 'both have left the store');
    });
  });

  describe(`after ${ending}, a waiting message`, () => {
    it('has aged meanwhile, and is dropped when its time is over [MQTT-3.3.2-5] [MQTT-3.3.2-6]', async () => {
      let stage = new Stage();
      await leaves(stage, 'client', 't');
      for (const seconds of [100, 200]) {
        const properties = { messageExpiryInterval: seconds };
        await publish(stage, 't', String(seconds), { properties });
      }
      await stage.advance(30);
      stage = await again(stage, 90);
      const client = await stage.durable('client');
      const [received, ...more] = client.publishes();
      assert.deepEqual(more, []);
      assert.equal(received.properties?.messageExpiryInterval, 80);
      assert.deepEqual(stage.events, ['dropped t q1 for client: expired']);
      await acknowledge(client, 1);
      assert.deepEqual(stage.store.tally(), { session: 1, subscription: 1 });
    });

    it('takes no room in the queue when its time is over', async () => {
      let stage = new Stage({ limits: { queuedMessagesMax: 2 } });
      await leaves(stage, 'client', 't');
      const properties = { messageExpiryInterval: 100 };
      await publish(stage, 't', 'old', { properties });
      await publish(stage, 't', 'kept', {});
      stage = await again(stage, 101);
      await publish(stage, 't', 'new', {});
      assert.deepEqual((await stage.durable('client')).payloads(), ['kept', 'new']);
    });
  });
}

it('a second crash before anybody has come back loses nothing', async () => {
  let stage = new Stage();
  await leaves(stage, 'client', 't');
  await publish(stage, 't', 'x', { qos: 2 });
  stage = stage.crash().crash();
  await stage.settle();
  stage = stage.crash();
  assert.deepEqual((await stage.durable('client', durable)).payloads(), ['x']);
});

it('a message to several absent clients is stored once, until the last has it', async () => {
  let stage = new Stage();
  for (const name of ['a', 'b', 'c']) await leaves(stage, name, 't');
  await publish(stage, 't', 'x'.repeat(5000), {});
  assert.deepEqual(stage.store.tally(), {
    session: 3,
    subscription: 3,
    delivery: 3,
    message: 1,
    holders: 1,
  });
  for (const name of ['a', 'b', 'c']) {
    stage = stage.crash();
    const client = await stage.durable(name);
    assert.equal(client.payloads()[0].length, 5000);
    await acknowledge(client, 1);
    await client.send({ type: 'disconnect', reasonCode: 0 });
  }
  assert.deepEqual(stage.store.tally(), { session: 3, subscription: 3 });
});

it('a publisher may go on with a packet id of QoS 1 that it had used', async () => {
  let stage = new Stage();
  await leaves(stage, 'client', 't');
  const before = await stage.durable('publisher');
  await before.send(publishOf('t', '1', { qos: 1, packetId: 1 }));
  stage = stage.crash();
  const publisher = await stage.durable('publisher');
  await publisher.send(publishOf('t', '2', { qos: 1, packetId: 1 }));
  assert.deepEqual((await stage.durable('client')).payloads(), ['1', '2']);
});
