/** Retained messages on their way to a subscription that takes them slowly. (MQTT 5.0 3.3.1.3) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { takeTexts } from '../../harness/take-all.ts';
import type { TestClient } from '../../harness/test-broker.ts';
import { inAllVersions, lasting, pair } from '../../harness/wire.ts';

async function retain(publisher: TestClient, count: number): Promise<string[]> {
  const payloads = Array.from({ length: count }, (_, i) => `${i}`);
  for (const payload of payloads) {
    await publisher.publish(`a/${payload}`, payload, { retain: true, qos: 1 });
  }
  return payloads;
}

inAllVersions((version) => {
  it('sends all of very many retained messages, once each [MQTT-3.3.1-9, MQTT3-3.3.1-6]', async () => {
    const { subscriber, publisher } = await pair({ version });
    const retained = await retain(publisher, 1000);
    await subscriber.subscribe('a/+', { qos: 0 });
    assert.deepEqual(subscriber.payloads().sort(), retained.sort());
  });

  it('sends all of them through a window of one and a short queue [MQTT-3.3.1-9, MQTT3-3.3.1-6]', async () => {
    const limits = { inflightMessagesMax: 1, queuedMessagesMax: 3 };
    const { subscriber, publisher } = await pair({ version, limits });
    const retained = await retain(publisher, 20);
    await subscriber.subscribe('a/+', { qos: 1 });
    const taken = await takeTexts(subscriber);
    assert.deepEqual(taken.sort(), retained.sort());
  });

  it('goes on after the client has been away', async () => {
    const limits = { inflightMessagesMax: 1 };
    const clients = await pair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    const retained = await retain(publisher, 20);
    await subscriber.subscribe('a/+', { qos: 1 });
    await subscriber.drop();
    const returned = await broker.connect('subscriber', lasting(version));
    const taken = await takeTexts(returned);
    assert.deepEqual(taken.sort(), retained.sort());
  });

  it('loses none of them when the subscription is replaced meanwhile [MQTT-3.8.4-4, MQTT3-3.8.4-3]', async () => {
    const { subscriber, publisher } = await pair({ version, limits: { inflightMessagesMax: 1 } });
    const retained = await retain(publisher, 20);
    await subscriber.subscribe('a/+', { qos: 1 });
    const [{ packetId }] = subscriber.publishes();
    await subscriber.subscribe('a/+', { qos: 1 });
    await subscriber.send({ type: 'puback', packetId, reasonCode: 0 });
    const taken = await takeTexts(subscriber);
    assert.deepEqual(taken.sort(), retained.sort());
  });

  it('sends the rest of them no more after UNSUBSCRIBE [MQTT-3.10.4-2, MQTT3-3.10.4-2]', async () => {
    const { subscriber, publisher } = await pair({ version, limits: { inflightMessagesMax: 1 } });
    await retain(publisher, 3);
    await subscriber.subscribe('a/+', { qos: 1 });
    await subscriber.send({ type: 'unsubscribe', packetId: 9, filters: ['a/+'] });
    assert.equal((await takeTexts(subscriber)).length, 1);
  });

  it('never sends an old message after the one that took its place', async () => {
    const { subscriber, publisher } = await pair({ version, limits: { inflightMessagesMax: 1 } });
    const topics = ['a/1', 'a/2', 'a/3'];
    for (const topic of topics) {
      await publisher.publish(topic, `${topic} old`, { retain: true, qos: 1 });
    }
    await subscriber.subscribe('a/+', { qos: 1 });
    for (const topic of topics) {
      await publisher.publish(topic, `${topic} new`, { retain: true, qos: 1 });
    }
    const taken = await takeTexts(subscriber);
    for (const topic of topics) {
      const lastOld = taken.lastIndexOf(`${topic} old`);
      assert.equal(lastOld < taken.indexOf(`${topic} new`), true, taken.join());
    }
  });
});

for (const retainHandling of [1, 2] as const) {
  it(`loses no retained message that waits when the subscription is replaced with Retain Handling ${retainHandling} [MQTT-3.8.4-4]`, async () => {
    const { subscriber, publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
    const retained = await retain(publisher, 20);
    await subscriber.subscribe('a/+', { qos: 1 });
    const [{ packetId }] = subscriber.publishes();
    await subscriber.subscribe('a/+', { qos: 1, retainHandling });
    await subscriber.send({ type: 'puback', packetId, reasonCode: 0 });
    const taken = await takeTexts(subscriber);
    assert.deepEqual(taken.sort(), retained.slice(1).sort());
  });
}
