/** Topic aliases in both directions. (MQTT 5.0 section 3.3.2.3.4) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, lasting, pair } from '../../harness/wire.ts';

it('accepts every alias up to its maximum, and resolves it [MQTT-3.3.2-12]', async () => {
  const { subscriber, publisher } = await pair({ limits: { topicAliasMax: 300 } });
  await subscriber.subscribe('#');
  const aliases = Array.from({ length: 300 }, (_, i) => i + 1);
  for (const topicAlias of aliases) {
    await publisher.publish(`a/${topicAlias}`, 'set', { properties: { topicAlias } });
  }
  for (const topicAlias of aliases) {
    await publisher.publish('', 'used', { properties: { topicAlias } });
  }
  const topics = subscriber.publishes().map(({ topic }) => topic);
  const expected = aliases.map((alias) => `a/${alias}`);
  assert.deepEqual(topics, [...expected, ...expected]);
});

for (const max of [0, 1, 10]) {
  it(`answers an alias above its maximum of ${max} with DISCONNECT 0x94`, async () => {
    const { publisher } = await pair({ limits: { topicAliasMax: max } });
    await publisher.publish('a', 'x', { properties: { topicAlias: max + 1 } });
    assertClosed(publisher, 5, '94');
  });
}

it('answers an alias that was never set with DISCONNECT 0x82', async () => {
  const { publisher } = await pair();
  await publisher.sendBytes('30 ["a" [23 0001] (x)] 30 ["" [23 0002] (x)]');
  assertClosed(publisher, 5, '82');
});

it('gives an alias another topic when one comes with it', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('#');
  await publisher.sendBytes('30 ["a" [23 0001] (1)] 30 ["" [23 0001] (2)]');
  await publisher.sendBytes('32 ["b" 0001 [23 0001] (3)] 34 ["" 0002 [23 0001] (4)]');
  const received = subscriber.publishes().map(({ topic }) => topic);
  assert.deepEqual(received, ['a', 'a', 'b', 'b']);
});

it('keeps the aliases of each connection apart [MQTT-3.3.2-7]', async () => {
  const { broker, subscriber, publisher } = await pair();
  const other = await broker.connect('other');
  await subscriber.subscribe('#');
  await publisher.sendBytes('30 ["a" [23 0001] (1)]');
  await other.sendBytes('30 ["b" [23 0001] (2)]');
  await publisher.sendBytes('30 ["" [23 0001] (3)]');
  assertReceived(subscriber, '30 ["a" 00 (1)] 30 ["b" 00 (2)] 30 ["a" 00 (3)]');
});

it('forgets the aliases of a client that comes back to its session [MQTT-3.3.2-7]', async () => {
  const { broker, publisher } = await pair({ publisher: lasting() });
  await publisher.sendBytes('30 ["a" [23 0001] (x)]');
  await publisher.drop();
  const returned = await broker.connect('publisher', lasting());
  await returned.sendBytes('30 ["" [23 0001] (x)]');
  assertClosed(returned, 5, '82');
});

it('does not pass an alias on, and retains the topic that it stands for', async () => {
  const { subscriber, publisher } = await pair();
  await publisher.sendBytes('31 ["a" [23 0001] (1)] 31 ["" [23 0001] (2)]');
  await subscriber.subscribe('a');
  assertReceived(subscriber, '31 ["a" 00 (2)]');
});

/** Publishes twice to each of five topics; returns what comes out. */
async function fiveTopicsTwice(broker: TestBroker, subscriber: TestClient) {
  const publisher = await broker.connect('publisher');
  await subscriber.subscribe('#', { qos: 1 });
  const topics = ['a', 'b', 'c', 'd', 'e'];
  for (const topic of [...topics, ...topics]) await publisher.publish(topic, topic, { qos: 1 });
  return subscriber.publishes();
}

const maxima = [
  { claim: 'sets no alias towards a client that takes none [MQTT-3.1.2-27]', of: 0, set: [] },
  { claim: 'sets one alias where one is taken [MQTT-3.1.2-26, MQTT-3.3.2-11]', of: 1, set: [1] },
  {
    claim: 'sets no alias above the maximum of the client [MQTT-3.1.2-26, MQTT-3.3.2-11]',
    of: 2,
    set: [1, 2],
  },
  {
    claim: 'sets an alias for each topic where there is room [MQTT-3.1.2-26, MQTT-3.3.2-8]',
    of: 65_535,
    set: [1, 2, 3, 4, 5],
  },
];

for (const { claim, of, set } of maxima) {
  it(claim, async () => {
    const broker = new TestBroker();
    const properties = { topicAliasMaximum: of };
    const subscriber = await broker.connect('subscriber', { properties });
    const known = new Map<number, string>();
    for (const { topic, payload, properties } of await fiveTopicsTwice(broker, subscriber)) {
      const alias = properties?.topicAlias;
      if (alias !== undefined && topic !== '') known.set(alias, topic);
      const resolved = topic === '' ? known.get(alias!) : topic;
      assert.equal(resolved, new TextDecoder().decode(payload));
    }
    assert.deepEqual([...known.keys()], set);
  });
}

it('sets no alias towards a client that names no maximum [MQTT-3.1.2-27]', async () => {
  const broker = new TestBroker();
  const subscriber = await broker.connect('subscriber');
  const publishes = await fiveTopicsTwice(broker, subscriber);
  const topics = publishes.map(({ topic, properties }) => `${topic}${properties?.topicAlias}`);
  const expected = ['a', 'b', 'c', 'd', 'e'].map((topic) => `${topic}undefined`);
  assert.deepEqual(topics, [...expected, ...expected]);
});

it('sends topic and alias at first, then the alias alone', async () => {
  const { subscriber, publisher } = await pair({
    subscriber: { properties: { topicAliasMaximum: 1 } },
  });
  await subscriber.subscribe('#');
  await publisher.publish('a', '1');
  await publisher.publish('a', '2');
  await publisher.publish('b', '3');
  assertReceived(subscriber, '30 ["a" [23 0001] (1)]', '30 ["" [23 0001] (2)]', '30 ["b" 00 (3)]');
});

it('sets the aliases towards a client anew on each connection [MQTT-3.3.2-7]', async () => {
  const connect = lasting(5, { topicAliasMaximum: 1 });
  const { broker, subscriber, publisher } = await pair({ subscriber: connect });
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.publish('a', '1', { qos: 1 });
  await publisher.publish('a', '2', { qos: 1 });
  await subscriber.drop();
  const returned = await broker.connect('subscriber', connect);
  assertReceived(returned, '3a ["a" 0001 [23 0001] (1)] 3a ["" 0002 [23 0001] (2)]');
});

it('sets no more aliases than it is configured for', async () => {
  const { subscriber, publisher } = await pair({
    limits: { topicAliasBrokerMax: 1 },
    subscriber: { properties: { topicAliasMaximum: 10 } },
  });
  await subscriber.subscribe('#');
  await publisher.publish('a', '1');
  await publisher.publish('b', '2');
  assertReceived(subscriber, '30 ["a" [23 0001] (1)] 30 ["b" 00 (2)]');
});
