/** Two connections with one client identifier: the second takes over from the first. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { inBothVersions, lasting } from '../../harness/wire.ts';

inBothVersions((version) => {
  const farewell = version === 5 ? ['disconnect 8e', 'closed'] : ['closed'];

  it('disconnects the first connection, and lets the second in [MQTT-3.1.4-3, MQTT3-3.1.4-2]', async () => {
    const broker = new TestBroker();
    const first = await broker.connect('id', { version });
    const second = broker.open(version);
    const connack = await second.connect('id');
    assert.equal(connack?.type === 'connack' && connack.reasonCode, 0);
    assert.deepEqual(outcomeOf(first), farewell);
    await second.send({ type: 'pingreq' });
    assert.deepEqual(outcomeOf(second), ['pingresp']);
  });

  it('hands the session over without clean start [MQTT-3.1.4-4, MQTT-3.1.3-2, MQTT3-3.1.4-3, MQTT3-3.1.3-2]', async () => {
    const broker = new TestBroker();
    const first = await broker.connect('id', lasting(version));
    await first.subscribe('news', { qos: 1 });
    const publisher = await broker.connect('publisher');
    await publisher.publish('news', 'unacknowledged', { qos: 1 });
    assert.deepEqual(first.payloads(), ['unacknowledged']);
    const second = broker.open(version);
    const connack = await second.connect('id', lasting(version));
    assert.equal(connack?.type === 'connack' && connack.sessionPresent, true);
    await publisher.publish('news', 'new', { qos: 1, packetId: 2 });
    assert.deepEqual(second.payloads(), ['unacknowledged', 'new']);
    assert.deepEqual(outcomeOf(first), farewell);
  });

  it('ends the session with clean start [MQTT-3.1.4-4, MQTT3-3.1.4-3]', async () => {
    const broker = new TestBroker();
    const first = await broker.connect('id', lasting(version));
    await first.subscribe('news', { qos: 1 });
    const second = broker.open(version);
    const connack = await second.connect('id', { ...lasting(version), cleanStart: true });
    assert.equal(connack?.type === 'connack' && connack.sessionPresent, false);
    const publisher = await broker.connect('publisher');
    await publisher.publish('news', 'x', { qos: 1 });
    assert.deepEqual(second.received(), []);
  });

  it('does nothing more of what the first connection sends [MQTT-3.1.4-3, MQTT3-3.1.4-2]', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('#');
    const first = await broker.connect('id', { version });
    first.freeze();
    await broker.connect('id', { version });
    await first.publish('news', 'late');
    await first.thaw();
    assert.deepEqual(outcomeOf(first), farewell);
    assert.deepEqual(watcher.received(), []);
  });
});

describe('a session that was to end with its connection', () => {
  const ending = [
    { name: 'of MQTT 5.0 without expiry', options: { version: 5, cleanStart: true } },
    { name: 'of MQTT 3.1.1 with clean session', options: { version: 4, cleanStart: true } },
  ] as const;
  for (const { name, options } of ending) {
    it(`ends also when it is taken over, ${name} [MQTT-3.1.2-23, MQTT3-3.1.2-6]`, async () => {
      const broker = new TestBroker();
      const first = await broker.connect('id', options);
      await first.subscribe('news');
      const second = broker.open();
      const connack = await second.connect('id', { cleanStart: false });
      assert.equal(connack?.type === 'connack' && connack.sessionPresent, false);
      const publisher = await broker.connect('publisher');
      await publisher.publish('news', 'x');
      assert.deepEqual(second.received(), []);
    });
  }
});

it('hands a session over from one version to another', async () => {
  const broker = new TestBroker();
  const first = await broker.connect('id', lasting(4));
  await first.subscribe('news', { qos: 1 });
  const second = broker.open(5);
  const connack = await second.connect('id', lasting(5));
  assert.equal(connack?.type === 'connack' && connack.sessionPresent, true);
  assert.deepEqual(outcomeOf(first), ['closed']);
  const third = broker.open(3);
  await third.connect('id', { cleanStart: false });
  assert.deepEqual(outcomeOf(second), ['disconnect 8e', 'closed']);
  const publisher = await broker.connect('publisher');
  await publisher.publish('news', 'x', { qos: 1 });
  assert.deepEqual(outcomeOf(third), ['publish x']);
});
