/** Which filters are valid, and which topics they match. (MQTT 5.0 section 4.7) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, inBothVersions, lasting, pair } from '../../harness/wire.ts';

/** Filters, the topics that they match, and the topics that they do not. */
const matching = [
  { filter: 'a', topics: ['a'], others: ['A', 'b', 'aa', '/a', 'a/', 'a/b'] },
  { filter: 'a/b', topics: ['a/b'], others: ['a', 'a/B', 'a//b', '/a/b', 'a/b/', 'a/b/c'] },
  { filter: '+', topics: ['a', 'b', ' '], others: ['/', '/a', 'a/', 'a/b'] },
  { filter: '/+', topics: ['/', '/a'], others: ['a', 'a/b', '//', '/a/b'] },
  { filter: '+/+', topics: ['/', '/a', 'a/', 'a/b'], others: ['a', '//', 'a/b/c'] },
  { filter: 'a/+', topics: ['a/', 'a/b'], others: ['a', 'a/b/c', 'b/a', 'a//'] },
  { filter: 'a/+/c', topics: ['a/b/c', 'a//c'], others: ['a/c', 'a/b/d', 'a/b/b/c'] },
  { filter: '+/b', topics: ['a/b', '/b'], others: ['b', 'a/c', 'a/a/b'] },
  { filter: '#', topics: ['a', '/', '/a', 'a/b/c', '//'], others: [] },
  { filter: 'a/#', topics: ['a', 'a/', 'a/b', 'a/b/c', 'a//'], others: ['b', 'aa', '/a', 'A/b'] },
  { filter: '/#', topics: ['/', '/a', '//', '/a/b'], others: ['a', 'a/'] },
  { filter: '+/#', topics: ['a', 'a/b', '/', '/a/b'], others: [] },
  { filter: 'a/+/#', topics: ['a/', 'a/b', 'a/b/c'], others: ['a', 'b/c'] },
  { filter: 'a/+/c/#', topics: ['a/b/c', 'a/b/c/d/e'], others: ['a/b', 'a/c', 'a/b/d/c'] },
  { filter: '//', topics: ['//'], others: ['/', '///', 'a//'] },
] as const;

/** Characters that look alike, or are the same after normalization: é, Å, and others. */
const lookalikes = [
  ['\u00e9', 'e\u0301'],
  ['\u00c5', '\u212b'],
  ['A\u030a', '\u00c5'],
  ['a', 'A'],
  ['a', '\u0430'],
  ['ß', 'ss'],
  ['ﬁ', 'fi'],
  ['a', 'a '],
  ['a', '\ufeffa'],
] as const;

const dollarTopics = ['$x', '$x/x', '$SYS/x', '$', '$/x'];
const leadingWildcards = ['#', '+', '+/x', '+/#', '+/+'];

inBothVersions((version, none) => {
  for (const { filter, topics, others } of matching) {
    it(`brings a subscriber to ${filter} what matches, and nothing else [MQTT-3.3.2-3, MQTT3-3.3.2-3]`, async () => {
      const { broker, subscriber, publisher } = await pair({ version });
      await subscriber.subscribe(filter);
      for (const topic of [...topics, ...others]) {
        await publisher.publish(topic, topic, { retain: true });
      }
      assert.deepEqual(subscriber.payloads(), topics);
      const later = await broker.connect('later', { version });
      await later.subscribe(filter);
      assert.deepEqual(later.payloads().sort(), topics.toSorted(), 'retained messages');
    });
  }

  for (const [one, other] of lookalikes) {
    it(`does not take ${JSON.stringify(one)} for ${JSON.stringify(other)} [MQTT-4.7.3-4, MQTT3-4.7.3-4]`, async () => {
      const { subscriber, publisher } = await pair({ version });
      await subscriber.subscribe(one);
      await subscriber.subscribe(`${one}/+`);
      for (const topic of [other, `${other}/x`]) await publisher.publish(topic, topic);
      assertReceived(subscriber, '');
      for (const topic of [one, `${one}/x`]) await publisher.publish(topic, topic);
      assert.deepEqual(subscriber.payloads(), [one, `${one}/x`]);
    });
  }

  for (const filter of leadingWildcards) {
    it(`does not let ${filter} match a topic that begins with $ [MQTT-4.7.2-1, MQTT3-4.7.2-1]`, async () => {
      const { broker, subscriber, publisher } = await pair({ version });
      await subscriber.subscribe(filter);
      for (const topic of dollarTopics) await publisher.publish(topic, 'x', { retain: true });
      assertReceived(subscriber, '');
      const later = await broker.connect('later', { version });
      await later.subscribe(filter);
      assertReceived(later, '');
    });
  }

  it('lets filters that begin with $ match such topics [MQTT-4.7.2-1, MQTT3-4.7.2-1]', async () => {
    const { subscriber, publisher } = await pair({ version });
    const filters = ['$x/#', '$x/+', '$x/x', '$/+'];
    for (const filter of filters) await subscriber.subscribe(filter, { qos: 0 });
    for (const topic of ['$x', '$x/x', '$/x', '$y/x']) await publisher.publish(topic, topic);
    assert.deepEqual(subscriber.payloads(), ['$x', '$x/x', '$/x']);
  });

  it('lets only those have $SYS who ask for it [MQTT-4.7.2-1, MQTT3-4.7.2-1]', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 10 });
    const client = await broker.connect('id', { version });
    for (const filter of leadingWildcards) await client.subscribe(filter);
    await broker.advance(30);
    assertReceived(client, '');
    await client.subscribe('$SYS/broker/version');
    assert.equal(client.payloads().length, 1);
  });

  const misplaced = [
    { claim: '[MQTT-4.7.1-1, MQTT3-4.7.1-2]', filters: ['a#', 'a/#/b', '#/a', '##', '#a', 'a/b#'] },
    { claim: '[MQTT-4.7.1-2, MQTT3-4.7.1-3]', filters: ['a+', '+a', '+a/b', 'a/b+/c', '++', '+#'] },
  ];

  for (const { claim, filters } of misplaced) {
    it(`closes at a filter with a misplaced wildcard ${claim}`, async () => {
      for (const filter of filters) {
        const { subscriber } = await pair({ version });
        await subscriber.sendBytes(`82 [0001 ${none} "${filter}" 00]`);
        assertClosed(subscriber, version, '81');
      }
    });
  }

  it('takes wildcards where they may stand [MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT3-4.7.1-2, MQTT3-4.7.1-3]', async () => {
    const { subscriber } = await pair({ version });
    const filters = ['#', '+', 'a/#', '/#', '+/#', '+/+', 'a/+/b', '/+/', '+//#'];
    const entries = filters.map((filter) => `"${filter}" 00`);
    await subscriber.sendBytes(`82 [0001 ${none} ${entries.join(' ')}]`);
    assertReceived(subscriber, `90 [0001 ${none} ${filters.map(() => '00').join(' ')}]`);
  });

  it('carries a filter of 65,535 bytes [MQTT-4.7.3-3, MQTT3-4.7.3-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    const filter = `${'a'.repeat(65_533)}/#`;
    await subscriber.subscribe(filter);
    await publisher.publish(filter.slice(0, -2), 'x');
    assert.deepEqual(subscriber.payloads(), ['x']);
  });

  it('closes at a filter of more levels than it keeps', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.subscribe('/'.repeat(200));
    await subscriber.sendBytes(`82 [0001 ${none} "${'/'.repeat(201)}" 00]`);
    assertClosed(subscriber, version, '81');
  });

  it('closes at the longest of invalid filters with a reason that fits', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.sendBytes(`82 [0001 ${none} "${'#'.repeat(65_535)}" 00]`);
    assertClosed(subscriber, version, '81');
  });

  it('follows the filters as they come and go', async () => {
    const clients = await pair({ version, subscriber: lasting(version) });
    const { subscriber, publisher } = clients;
    const steps = [
      { filter: 'a/b', matches: true },
      { filter: 'a/b', matches: false },
      { filter: 'a/+', matches: true },
      { filter: '#', matches: true },
      { filter: 'a/+', matches: true },
      { filter: '#', matches: false },
      { filter: '+/b', matches: true },
      { filter: '+/b', matches: false },
    ];
    const held = new Set<string>();
    for (const { filter, matches } of steps) {
      if (held.delete(filter)) {
        await subscriber.send({ type: 'unsubscribe', packetId: 1, filters: [filter] });
      } else {
        held.add(filter);
        await subscriber.subscribe(filter);
      }
      subscriber.received();
      await publisher.publish('a/b', 'x');
      assert.equal(subscriber.payloads().length, Number(matches), [...held].join());
    }
  });
});
