/** When everything has come to its end, the store holds nothing but the broker's own record. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectOptions, publishOf, type TestClient } from '../harness/test-broker.ts';
import { durable, Stage, type StageOptions } from './stage.ts';

const large = 'x'.repeat(3000);
const brief: ConnectOptions = { properties: { sessionExpiryInterval: 100 } };

/** Comes to a stage on which everything is to be over within some minutes. */
type Scenario = (stage: Stage) => Promise<unknown>;

async function subscribed(stage: Stage, clientId: string, filter = 't', qos: 1 | 2 = 2) {
  const client = await stage.durable(clientId, brief);
  await client.subscribe(filter, { qos });
  return client;
}

async function publish(stage: Stage, payload: string, topic = 't', count = 1): Promise<void> {
  const publisher = await stage.passing('publisher', { version: 4 });
  for (let packetId = 1; packetId <= count; packetId++) {
    publisher.write(publishOf(topic, payload, { qos: 2, packetId }));
  }
  await stage.settle();
  await publisher.drop();
}

async function acknowledge(client: TestClient, type: 'puback' | 'pubrec' | 'pubcomp', count = 1) {
  for (let packetId = 1; packetId <= count; packetId++) {
    await client.send({ type, packetId, reasonCode: 0 });
  }
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'a client that was there': async (stage) => await stage.durable('a', brief),
  'subscriptions that were changed and given up': async (stage) => {
    const client = await subscribed(stage, 'a');
    await client.subscribe('t', { qos: 1, noLocal: true });
    await client.subscribe('u', { qos: 1 });
    await client.send({ type: 'unsubscribe', packetId: 1, filters: ['t', 'never'] });
  },
  'QoS 2 that was published halfway': async (stage) => {
    const client = await stage.durable('a', brief);
    await client.publish('nobody', 'x', { qos: 2, packetId: 1 });
    await client.publish('nobody', 'x', { qos: 2, packetId: 2 });
    await client.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
  },
  'messages in each state': async (stage) => {
    const client = await subscribed(stage, 'a');
    await publish(stage, 'x', 't', 30);
    await acknowledge(client, 'pubrec', 10);
    await acknowledge(client, 'pubcomp', 5);
  },
  'a large message to three, of whom one acknowledges': async (stage) => {
    const clients = [await subscribed(stage, 'a', 't', 1), await subscribed(stage, 'b')];
    await (await subscribed(stage, 'c')).drop();
    await publish(stage, large);
    await acknowledge(clients[0], 'puback');
  },
  'a message that is too large for its receiver': async (stage) => {
    const properties = { sessionExpiryInterval: 100, maximumPacketSize: 200 };
    const client = await stage.durable('a', { properties });
    await client.subscribe('t', { qos: 2 });
    await publish(stage, large);
    await client.drop();
    await publish(stage, large);
    await stage.durable('a', { properties });
  },
  'a queue that was full': async (stage) => {
    await (await subscribed(stage, 'a')).drop();
    await publish(stage, large, 't', 30);
  },
  'messages that have expired': async (stage) => {
    const client = await subscribed(stage, 'a');
    await client.drop();
    const properties = { messageExpiryInterval: 5 };
    await (await stage.passing('p')).publish('t', large, { qos: 1, properties });
    await stage.advance(6);
    await publish(stage, 'x');
    await subscribed(stage, 'a');
  },
  'a takeover in the middle of it': async (stage) => {
    await subscribed(stage, 'a');
    await publish(stage, large, 't', 3);
    await acknowledge(await stage.durable('a', brief), 'pubrec', 2);
    await stage.durable('a', { ...brief, cleanStart: true });
  },
  'a shared subscription whose members all go': async (stage) => {
    for (const name of ['a', 'b']) await (await subscribed(stage, name, '$share/g/t')).drop();
    await publish(stage, large, 't', 10);
    await stage.durable('a', { ...brief, cleanStart: true });
  },
  'a shared subscription given up while messages wait': async (stage) => {
    const client = await subscribed(stage, 'a', '$share/g/t');
    await publish(stage, large, 't', 30);
    await client.send({ type: 'unsubscribe', packetId: 1, filters: ['$share/g/t'] });
  },
  'a will that was sent': async (stage) => {
    await (await subscribed(stage, 'a', 'w')).drop();
    const will = { topic: 'w', payload: new Uint8Array(5000), qos: 1, retain: false } as const;
    await (await stage.durable('b', { ...brief, will })).drop();
  },
  'a will that waits for the end of its session': async (stage) => {
    const properties = { willDelayInterval: 1000 };
    const will = { topic: 'w', payload: new Uint8Array(9), qos: 1, retain: false, properties };
    await (await stage.durable('b', { ...brief, will: will as never })).drop();
  },
  'retained messages that were cleared or have expired': async (stage) => {
    const client = await stage.passing('p');
    await client.publish('r', large, { qos: 1, packetId: 1, retain: true });
    await client.publish('r', 'other', { qos: 0, retain: true });
    await client.publish('r', '', { qos: 1, packetId: 2, retain: true });
    const properties = { messageExpiryInterval: 5 };
    await client.publish('s', 'x', { qos: 1, packetId: 3, retain: true, properties });
  },
  'a session that its client ends': async (stage) => {
    const client = await subscribed(stage, 'a');
    await publish(stage, large, 't', 3);
    const properties = { sessionExpiryInterval: 0 };
    await client.send({ type: 'disconnect', reasonCode: 0, properties });
  },
  'a session whose client comes back to end it': async (stage) => {
    await (await subscribed(stage, 'a')).drop();
    await publish(stage, large, 't', 10);
    await (await stage.durable('a', { properties: undefined })).drop();
  },
  'a client that comes without a session in its place': async (stage) => {
    await (await subscribed(stage, 'a')).drop();
    await publish(stage, large, 't', 10);
    await (await stage.passing('a')).drop();
  },
  'queued QoS 0': async (stage) => {
    const client = await subscribed(stage, 'a');
    await client.drop();
    const publisher = await stage.passing('p');
    for (const payload of ['small', large]) await publisher.publish('t', payload);
    await stage.durable('a', brief);
    await stage.settle();
  },
};

const options: StageOptions = {
  limits: { queuedMessagesMax: 20 },
  features: { queueQos0: true },
};

type Way = (stage: Stage) => Promise<Stage>;

const ways: Readonly<Record<string, Way>> = {
  '': async (stage) => stage,
  ', over a crash': async (stage) => stage.crash(),
  ', over a restart': async (stage) => await stage.restart(),
};

describe('nothing is left in the store of', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const [how, way] of Object.entries(ways)) {
      it(`${name}${how}`, async () => {
        const before = new Stage(options);
        await scenario(before);
        await before.settle();
        let stage = await way(before);
        for (const clientId of ['a', 'b', 'c']) {
          const client = stage.open();
          // Whoever is still connected goes, and whoever is not comes for the last time.
          if (stage.store.tally().session !== undefined) await client.connect(clientId, brief);
          await client.drop();
        }
        await stage.advance(500);
        assert.deepEqual(stage.store.tally(), {});
        stage = stage.crash();
        assert.deepEqual(stage.broker.recalled, {
          sessions: 0,
          subscriptions: 0,
          messages: 0,
          retained: 0,
          strays: 0,
        });
      });
    }
  }
});

it('what a session has is left, and no more, when its messages were acknowledged', async () => {
  const stage = new Stage();
  const client = await stage.durable('a', durable);
  await client.subscribe('t', { qos: 1 });
  for (let round = 0; round < 5; round++) {
    await publish(stage, large, 't', 10);
    const publishes = client.publishes();
    assert.equal(publishes.length, 10);
    for (const { packetId } of publishes) {
      await client.send({ type: 'puback', packetId, reasonCode: 0 });
    }
  }
  assert.deepEqual(stage.store.tally(), { session: 1, subscription: 1 });
});
