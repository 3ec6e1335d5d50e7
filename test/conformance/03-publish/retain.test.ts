/** RETAIN: the last message of a topic, for those who subscribe later. (MQTT 5.0 3.3.1.3) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived, inAllVersions, lasting, pair } from '../../harness/wire.ts';

inAllVersions((version, none) => {
  it('keeps the last retained message of a topic [MQTT-3.3.1-5, MQTT3-3.3.1-6]', async () => {
    const { subscriber, publisher } = await pair({ version });
    for (const payload of ['1', '2', '3']) await publisher.publish('a', payload, { retain: true });
    await publisher.publish('b', '4', { retain: true });
    await subscriber.subscribe('+');
    assert.deepEqual(subscriber.payloads().sort(), ['3', '4']);
  });

  it('keeps QoS 0 in place of QoS 1 [MQTT-3.3.1-5, MQTT3-3.3.1-7]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', '1', { retain: true, qos: 1 });
    await publisher.publish('a', '2', { retain: true, qos: 0 });
    await subscriber.subscribe('a', { qos: 2 });
    assertReceived(subscriber, `31 ["a" ${none} (2)]`);
  });

  const firstBytes = [
    [`31 ["a" ${none} (x)]`, `31 ["a" ${none} (x)]`, `31 ["a" ${none} (x)]`],
    [`31 ["a" ${none} (x)]`, `33 ["a" 0001 ${none} (x)]`, `33 ["a" 0001 ${none} (x)]`],
    [`31 ["a" ${none} (x)]`, `33 ["a" 0001 ${none} (x)]`, `35 ["a" 0001 ${none} (x)]`],
  ];

  for (const published of [0, 1, 2] as const) {
    for (const granted of [0, 1, 2] as const) {
      it(`sends a message retained with QoS ${published} to a subscription of QoS ${granted} with RETAIN [MQTT-3.8.4-8, MQTT3-3.3.1-5, MQTT3-3.3.1-8, MQTT3-3.8.4-6]`, async () => {
        const { subscriber, publisher } = await pair({ version });
        await publisher.publish('a', 'x', { retain: true, qos: published });
        await subscriber.subscribe('a', { qos: granted });
        assertReceived(subscriber, firstBytes[published][granted]);
      });
    }
  }

  it('passes a retained PUBLISH on without RETAIN [MQTT-3.3.1-12, MQTT3-3.3.1-9]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a', { qos: 1 });
    await publisher.publish('a', '0', { retain: true });
    await publisher.publish('a', '1', { retain: true, qos: 1 });
    assertReceived(subscriber, `30 ["a" ${none} (0)] 32 ["a" 0001 ${none} (1)]`);
  });

  it('delivers an empty retained PUBLISH and forgets the retained message [MQTT-3.3.1-6, MQTT3-3.3.1-10]', async () => {
    const { broker, subscriber, publisher } = await pair({ version });
    await publisher.publish('a', 'x', { retain: true });
    await subscriber.subscribe('a');
    await publisher.publish('a', '', { retain: true });
    assertReceived(subscriber, `31 ["a" ${none} (x)] 30 ["a" ${none}]`);
    const later = await broker.connect('later', { version });
    await later.subscribe('#');
    assertReceived(later, '');
  });

  it('never keeps an empty message [MQTT-3.3.1-7, MQTT3-3.3.1-11]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', '', { retain: true });
    await publisher.publish('b', '', { retain: true, qos: 1 });
    await subscriber.subscribe('#', { qos: 1 });
    assertReceived(subscriber, '');
  });

  it('leaves the retained message alone when one comes without RETAIN [MQTT-3.3.1-8, MQTT3-3.3.1-12]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', '1', { retain: true });
    await publisher.publish('a', '2');
    await publisher.publish('a', '');
    await publisher.publish('b', '3');
    await subscriber.subscribe('#');
    assertReceived(subscriber, `31 ["a" ${none} (1)]`);
  });

  it('keeps a retained message though its publisher disconnects', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', 'x', { retain: true });
    await publisher.sendBytes('e0 00');
    await subscriber.subscribe('a');
    assertReceived(subscriber, `31 ["a" ${none} (x)]`);
  });

  it('answers SUBSCRIBE before it sends the retained messages', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', 'x', { retain: true });
    await subscriber.sendBytes(`82 [000a ${none} "a" 00]`);
    assertReceived(subscriber, `90 [000a ${none} 00] 31 ["a" ${none} (x)]`);
  });
});

const handlings = [
  {
    claim: 'sends retained messages at each SUBSCRIBE with Retain Handling 0 [MQTT-3.3.1-9]',
    retainHandling: 0,
    first: ['x'],
    second: ['x'],
  },
  {
    claim: 'sends them to new subscriptions only with Retain Handling 1 [MQTT-3.3.1-10]',
    retainHandling: 1,
    first: ['x'],
    second: [],
  },
  {
    claim: 'sends no retained messages with Retain Handling 2 [MQTT-3.3.1-11]',
    retainHandling: 2,
    first: [],
    second: [],
  },
] as const;

for (const { claim, retainHandling, first, second } of handlings) {
  it(claim, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    await publisher.publish('a', 'x', { retain: true });
    await subscriber.subscribe('+', { retainHandling });
    assert.deepEqual(subscriber.payloads(), first, 'a new subscription');
    await subscriber.subscribe('+', { retainHandling });
    assert.deepEqual(subscriber.payloads(), second, 'the subscription that was there');
    await subscriber.subscribe('a', { retainHandling });
    assert.deepEqual(subscriber.payloads(), first, 'another filter that matches the same topic');
    await subscriber.drop();
    const returned = await broker.connect('subscriber', lasting());
    await returned.subscribe('+', { retainHandling });
    assert.deepEqual(returned.payloads(), second, 'the subscription of the session before');
    await returned.sendBytes('a2 [0002 00 "+"]');
    await returned.subscribe('+', { retainHandling });
    assert.deepEqual(returned.payloads(), first, 'a new one after UNSUBSCRIBE');
  });
}

const asPublished = [
  {
    claim: 'forwards RETAIN 0 as 0 without Retain As Published [MQTT-3.3.1-12]',
    retainAsPublished: false,
    retain: false,
    firstByte: '30',
  },
  {
    claim: 'forwards RETAIN 1 as 0 without Retain As Published [MQTT-3.3.1-12]',
    retainAsPublished: false,
    retain: true,
    firstByte: '30',
  },
  {
    claim: 'forwards RETAIN 0 as 0 with Retain As Published [MQTT-3.3.1-13]',
    retainAsPublished: true,
    retain: false,
    firstByte: '30',
  },
  {
    claim: 'forwards RETAIN 1 as 1 with Retain As Published [MQTT-3.3.1-13]',
    retainAsPublished: true,
    retain: true,
    firstByte: '31',
  },
];

for (const filter of ['a', '$share/group/a']) {
  for (const { claim, retainAsPublished, retain, firstByte } of asPublished) {
    it(`${claim}, to ${filter}`, async () => {
      const { subscriber, publisher } = await pair();
      await subscriber.subscribe(filter, { retainAsPublished });
      await publisher.publish('a', 'x', { retain });
      assertReceived(subscriber, `${firstByte} ["a" 00 (x)]`);
    });
  }
}

it('forwards an empty retained PUBLISH as published too [MQTT-3.3.1-6, MQTT-3.3.1-13]', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a', { retainAsPublished: true });
  await publisher.publish('a', '', { retain: true });
  assertReceived(subscriber, '31 ["a" 00]');
});

it('keeps RETAIN as published while the message waits for its receiver [MQTT-3.3.1-13]', async () => {
  const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
  await subscriber.subscribe('a', { qos: 1, retainAsPublished: true });
  await subscriber.drop();
  await publisher.publish('a', '1', { qos: 1, retain: true });
  await publisher.publish('a', '2', { qos: 1 });
  const returned = await broker.connect('subscriber', lasting());
  assertReceived(returned, '33 ["a" 0001 00 (1)] 32 ["a" 0002 00 (2)]');
});

it('sends retained messages with RETAIN whatever Retain As Published says', async () => {
  const { subscriber, publisher } = await pair();
  await publisher.publish('a', 'x', { retain: true });
  await subscriber.subscribe('a', { retainAsPublished: false });
  assertReceived(subscriber, '31 ["a" 00 (x)]');
});

it('sends no retained message to a shared subscription', async () => {
  const { subscriber, publisher } = await pair();
  await publisher.publish('a', 'x', { retain: true });
  await subscriber.subscribe('$share/group/a');
  assertReceived(subscriber, '');
});

it('sends retained messages to each of overlapping subscriptions, with their own identifiers [MQTT-3.3.1-9, MQTT-3.3.4-3]', async () => {
  const { subscriber, publisher } = await pair();
  await publisher.publish('a/b', 'x', { retain: true });
  await subscriber.sendBytes('82 [0001 [0b 07] "a/+" 00]');
  await subscriber.sendBytes('82 [0002 [0b 80 01] "a/#" 00]');
  await subscriber.sendBytes('82 [0003 00 "a/b" 00]');
  assertReceived(
    subscriber,
    '90 [0001 00 00] 31 ["a/b" [0b 07] (x)]',
    '90 [0002 00 00] 31 ["a/b" [0b 80 01] (x)]',
    '90 [0003 00 00] 31 ["a/b" 00 (x)]',
  );
});

it('sends the retained messages of a client of MQTT 3.1.1 to one of 5.0 and back', async () => {
  const broker = new TestBroker();
  const old = await broker.connect('old', { version: 4 });
  const young = await broker.connect('young');
  await old.publish('old', '1', { retain: true });
  await young.publish('young', '2', {
    retain: true,
    properties: { contentType: 'text/plain', userProperties: [['k', 'v']] },
  });
  await old.subscribe('young');
  await young.subscribe('old');
  assertReceived(old, '31 ["young" (2)]');
  assertReceived(young, '31 ["old" 00 (1)]');
});
