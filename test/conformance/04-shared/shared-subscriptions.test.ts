/** Shared subscriptions: the members of a group take turns. (MQTT 5.0 section 4.8.2) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { QoS } from '../../../src/packet/version.ts';
import type { DropCause } from '../../../src/session/delivery.ts';
import {
  type ConnectOptions,
  TestBroker,
  type TestBrokerOptions,
  type TestClient,
} from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, inBothVersions, lasting, pair } from '../../harness/wire.ts';

const filter = '$share/group/a';

/** Two members of a group and a publisher. */
async function group(
  options: {
    readonly broker?: TestBrokerOptions;
    readonly first?: ConnectOptions;
    readonly second?: ConnectOptions;
    readonly qos?: readonly [first: QoS, second: QoS];
  } = {},
) {
  const broker = new TestBroker(options.broker);
  const first = await broker.connect('first', options.first);
  const second = await broker.connect('second', options.second);
  const [firstQos, secondQos] = options.qos ?? [2, 2];
  await first.subscribe(filter, { qos: firstQos });
  await second.subscribe(filter, { qos: secondQos });
  return { broker, first, second, publisher: await broker.connect('publisher') };
}

async function publishAll(publisher: TestClient, payloads: readonly string[], qos: QoS = 0) {
  for (const [index, payload] of payloads.entries()) {
    await publisher.publish('a', payload, { qos, packetId: qos && index + 1 });
  }
}

inBothVersions((version, none) => {
  const misformed = [
    {
      claim: 'an empty share name [MQTT-4.8.2-1]',
      filters: ['$share//a', '$share//'],
      code: '82',
    },
    { claim: '+ for a share name [MQTT-4.8.2-2]', filters: ['$share/+/a'], code: '82' },
    {
      claim: 'a wildcard in the share name [MQTT-4.8.2-2]',
      filters: ['$share/g+/a', '$share/#/a'],
      code: '81',
    },
    {
      claim: 'no filter behind the share name [MQTT-4.8.2-2]',
      filters: ['$share/g', '$share/g/'],
      code: '82',
    },
    {
      claim: 'a misplaced wildcard behind it',
      filters: ['$share/g/a#', '$share/g/+a'],
      code: '81',
    },
  ];

  for (const { claim, filters, code } of misformed) {
    it(`closes at a shared subscription with ${claim}`, async () => {
      for (const filter of filters) {
        const { subscriber } = await pair({ version });
        await subscriber.sendBytes(`82 [0001 ${none} "${filter}" 00]`);
        assertClosed(subscriber, version, code);
      }
    });
  }

  it('takes $share, a name and a filter for a shared subscription [MQTT-4.8.2-1, MQTT-4.8.2-2]', async () => {
    const { broker, subscriber, publisher } = await pair({ version });
    const other = await broker.connect('other', { version });
    for (const client of [subscriber, other]) {
      await client.sendBytes(`82 [0001 ${none} "$share/g/a" 00 "$share/ü/b/#" 01 "$share/ //" 02]`);
      assertReceived(client, `90 [0001 ${none} 00 01 02]`);
    }
    for (const topic of ['a', 'b/c', '/', '$share/g/a']) await publisher.publish(topic, topic);
    const received = [...subscriber.payloads(), ...other.payloads()];
    assert.deepEqual(received.sort(), ['/', 'a', 'b/c']);
  });

  it('takes $share alone and names beside it for ordinary filters', async () => {
    const { broker, subscriber, publisher } = await pair({ version });
    const other = await broker.connect('other', { version });
    for (const client of [subscriber, other]) {
      await client.sendBytes(`82 [0001 ${none} "$share" 00 "$shared/g/a" 00]`);
      assertReceived(client, `90 [0001 ${none} 00 00]`);
    }
    for (const topic of ['$share', '$shared/g/a', 'a']) await publisher.publish(topic, topic);
    for (const client of [subscriber, other]) {
      assert.deepEqual(client.payloads(), ['$share', '$shared/g/a']);
    }
  });

  it('gives each message to one member, in turn', async () => {
    const { first, second, publisher } = await group({ first: { version }, second: { version } });
    await publishAll(publisher, ['1', '2', '3', '4', '5', '6']);
    assert.deepEqual(first.payloads(), ['1', '3', '5']);
    assert.deepEqual(second.payloads(), ['2', '4', '6']);
  });
});

it('gives a message to each of several groups, and to those who do not share', async () => {
  const { broker, first, second, publisher } = await group();
  const outside = await broker.connect('outside');
  await outside.subscribe('a');
  const other = await broker.connect('other');
  await other.subscribe('$share/other/a');
  const wild = await broker.connect('wild');
  await wild.subscribe('$share/group/+');
  await publishAll(publisher, ['1', '2']);
  assert.deepEqual([first.payloads(), second.payloads()], [['1'], ['2']]);
  for (const client of [outside, other, wild]) assert.deepEqual(client.payloads(), ['1', '2']);
});

const deliveries = [
  { published: 0, granted: 2, firstByte: '30' },
  { published: 1, granted: 0, firstByte: '30' },
  { published: 1, granted: 2, firstByte: '32' },
  { published: 2, granted: 0, firstByte: '30' },
  { published: 2, granted: 1, firstByte: '32' },
  { published: 2, granted: 2, firstByte: '34' },
] as const;

for (const { published, granted, firstByte } of deliveries) {
  it(`delivers QoS ${published} to a member of QoS ${granted} with the lower of both [MQTT-4.8.2-3]`, async () => {
    const { first, second, publisher } = await group({ qos: [granted, 2] });
    await publisher.publish('a', 'x', { qos: published });
    const id = firstByte === '30' ? '' : '0001';
    assertReceived(first, `${firstByte} ["a" ${id} 00 (x)]`);
    assertReceived(second, '');
  });
}

for (const when of ['before PUBREC', 'after PUBREC'] as const) {
  it(`completes QoS 2 with the member that it began with, ${when} [MQTT-4.8.2-4]`, async () => {
    const { broker, first, second, publisher } = await group({ first: lasting() });
    await publisher.publish('a', 'x', { qos: 2 });
    assertReceived(first, '34 ["a" 0001 00 (x)]');
    if (when === 'after PUBREC') await first.sendBytes('50 [0001]');
    await first.drop();
    const returned = await broker.connect('first', lasting());
    assertReceived(returned, when === 'after PUBREC' ? '62 [0001]' : '3c ["a" 0001 00 (x)]');
    await returned.sendBytes('50 [0001] 70 [0001]');
    assertReceived(second, '');
  });
}

const sessionEnds = {
  expires: async (broker: TestBroker, member: TestClient) => {
    await member.drop();
    await broker.advance(1001);
  },
  'ends with its connection': async (_broker: TestBroker, member: TestClient) => {
    await member.sendBytes('e0 [00 [11 00000000]]');
  },
  'is replaced by a clean start': async (broker: TestBroker) => {
    await broker.connect('first', { cleanStart: true });
  },
};

for (const [how, end] of Object.entries(sessionEnds)) {
  it(`gives QoS 2 that was begun with a member to nobody else when its session ${how} [MQTT-4.8.2-5]`, async () => {
    const { broker, first, second, publisher } = await group({ first: lasting() });
    await publisher.publish('a', 'x', { qos: 2 });
    assertReceived(first, '34 ["a" 0001 00 (x)]');
    await end(broker, first);
    assertReceived(second, '');
  });

  it(`passes unacknowledged QoS 1, and what waits, to another member when the session ${how}`, async () => {
    const { broker, first, second, publisher } = await group({
      first: lasting(5, { receiveMaximum: 1 }),
      second: lasting(),
    });
    await second.drop();
    await publisher.publish('a', '1', { qos: 1 });
    await publisher.publish('a', '2', { qos: 2 });
    assertReceived(first, '32 ["a" 0001 00 (1)]');
    const returned = await broker.connect('second', lasting());
    await end(broker, first);
    assertReceived(returned, '32 ["a" 0001 00 (1)] 34 ["a" 0002 00 (2)]');
  });
}

it('passes on what waits for a member that has subscribed anew', async () => {
  const broker = new TestBroker();
  const first = await broker.connect('first', lasting());
  const publisher = await broker.connect('publisher');
  await first.subscribe(filter, { qos: 1 });
  await publisher.publish('a', 'x', { qos: 1 });
  await first.subscribe(filter, { qos: 1 });
  const second = await broker.connect('second');
  await second.subscribe(filter, { qos: 1 });
  await broker.connect('first', { cleanStart: true });
  assertReceived(second, '32 ["a" 0001 00 (x)]');
});

for (const { name, qos, answer } of [
  { name: 'PUBACK', qos: 1, answer: '40 [0001 80]' },
  { name: 'PUBREC', qos: 2, answer: '50 [0001 97]' },
] as const) {
  it(`discards a message that a member refuses with ${name} [MQTT-4.8.2-6]`, async () => {
    const { broker, first, second, publisher } = await group({ first: lasting() });
    await publisher.publish('a', 'x', { qos });
    first.received();
    await first.sendBytes(answer);
    await broker.connect('first', { cleanStart: true });
    for (const client of [first, second]) assert.deepEqual(client.payloads(), []);
  });
}

it('prefers members that are there to those that are away', async () => {
  const { broker, first, second, publisher } = await group({ first: lasting() });
  await first.drop();
  await publishAll(publisher, ['1', '2', '3', '4'], 1);
  assert.deepEqual(second.payloads(), ['1', '2', '3', '4']);
  assertReceived(await broker.connect('first', lasting()), '');
});

it('keeps QoS 1 and 2 for the group while all members are away', async () => {
  const connect = { first: lasting(), second: lasting() };
  const { broker, first, second, publisher } = await group(connect);
  for (const client of [first, second]) await client.drop();
  await publishAll(publisher, ['1', '2', '3', '4'], 1);
  const returned = [await broker.connect('first', lasting())];
  returned.push(await broker.connect('second', lasting()));
  const received = returned.flatMap((client) => client.payloads());
  assert.deepEqual(received.sort(), ['1', '2', '3', '4']);
});

it('prefers members with an open window to those that have yet to acknowledge', async () => {
  const { first, second, publisher } = await group({
    first: { properties: { receiveMaximum: 1 } },
  });
  await publishAll(publisher, ['1', '2', '3', '4'], 1);
  assert.deepEqual([first.payloads(), second.payloads()], [['1'], ['2', '3', '4']]);
});

it('does not give QoS 0 to a member that takes no more', async () => {
  const limits = { outputBytesMax: 1000 };
  const { first, second, publisher } = await group({ broker: { limits } });
  first.freeze();
  const payloads = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100));
  await publishAll(publisher, payloads);
  const received = second.payloads();
  await first.thaw();
  assert.equal(received.length > 80, true, `${received.length}`);
  assert.deepEqual([...first.payloads(), ...received].sort(), payloads.toSorted());
});

it('drops and reports a message that no member can take', async () => {
  const dropped: DropCause[] = [];
  const { first, second, publisher } = await group({
    broker: {
      limits: { inflightMessagesMax: 1, queuedMessagesMax: 1 },
      observer: { messageDropped: (_id, _topic, _qos, cause) => dropped.push(cause) },
    },
  });
  await publishAll(publisher, ['1', '2', '3', '4', '5', '6'], 1);
  assert.deepEqual(dropped, ['queue full', 'queue full']);
  for (const client of [first, second]) await client.sendBytes('40 [0001]');
  const received = [...first.payloads(), ...second.payloads()];
  assert.deepEqual(received.sort(), ['1', '2', '3', '4']);
});

it('leaves a member out that unsubscribes or goes', async () => {
  const { broker, first, second, publisher } = await group();
  const third = await broker.connect('third');
  await third.subscribe(filter);
  await first.send({ type: 'unsubscribe', packetId: 1, filters: [filter] });
  first.received();
  await second.drop();
  await publishAll(publisher, ['1', '2', '3']);
  assert.deepEqual([first.payloads(), third.payloads()], [[], ['1', '2', '3']]);
});

it('ends a group with its last member: PUBACK 0x10', async () => {
  const { first, second, publisher } = await group();
  for (const client of [first, second]) {
    await client.send({ type: 'unsubscribe', packetId: 1, filters: [filter] });
  }
  await publisher.sendBytes('32 ["a" 0001 00 (x)]');
  assertReceived(publisher, '40 [0001 10]');
});

it('counts a client once in a group, however often it subscribes', async () => {
  const { first, second, publisher } = await group();
  for (let time = 0; time < 3; time++) await first.subscribe(filter);
  await publishAll(publisher, ['1', '2', '3', '4']);
  assert.deepEqual([first.payloads().length, second.payloads().length], [2, 2]);
});

it('lets a client hear itself through a shared subscription', async () => {
  const { first, second } = await group();
  await publishAll(first, ['1', '2']);
  assert.deepEqual([first.payloads(), second.payloads()], [['1'], ['2']]);
});

it('keeps the order of messages for each member', async () => {
  const { first, second, publisher } = await group({
    first: { properties: { receiveMaximum: 3 } },
  });
  const payloads = Array.from({ length: 60 }, (_, i) => `${i}`);
  await publishAll(publisher, payloads, 1);
  for (const client of [first, second]) {
    const numbers = client.payloads().map(Number);
    assert.equal(numbers.length > 0, true);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
});
