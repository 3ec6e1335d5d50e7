/** How many messages of QoS 1 and 2 may be unacknowledged. (MQTT 5.0 sections 3.3.4 and 4.9) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, lasting, pair } from '../../harness/wire.ts';

async function publishMany(publisher: TestClient, count: number, qos: 1 | 2): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await publisher.publish('a', `${i}`, { qos, packetId: i });
    if (qos === 2) await publisher.send({ type: 'pubrel', packetId: i, reasonCode: 0 });
  }
}

for (const receiveMax of [1, 3, 20]) {
  it(`closes at more QoS 2 messages than its Receive Maximum of ${receiveMax} [MQTT-3.3.4-7]`, async () => {
    const { subscriber, publisher } = await pair({ limits: { inflightMessagesMax: receiveMax } });
    await subscriber.subscribe('a');
    for (let id = 1; id <= receiveMax; id++) {
      await publisher.publish('a', 'x', { qos: 2, packetId: id });
    }
    assert.equal(publisher.received().length, receiveMax);
    await publisher.publish('a', 'one too many', { qos: 2, packetId: receiveMax + 1 });
    assertClosed(publisher, 5, '93');
    assert.equal(subscriber.publishes().length, receiveMax);
  });
}

it('closes at QoS 1 beyond a window that QoS 2 has filled [MQTT-3.3.4-7]', async () => {
  const { publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
  await publisher.sendBytes('34 ["a" 0001 00 (x)]');
  publisher.received();
  await publisher.sendBytes('32 ["a" 0002 00 (x)]');
  assertClosed(publisher, 5, '93');
});

it('lets the client go on as it releases what it has sent [MQTT-3.3.4-7]', async () => {
  const { publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
  for (let round = 0; round < 5; round++) {
    await publisher.sendBytes('34 ["a" 0001 00 (x)] 3c ["a" 0001 00 (x)] 62 [0001]');
    await publisher.sendBytes('32 ["a" 0002 00 (x)] 32 ["a" 0003 00 (x)]');
  }
  assert.equal(publisher.isClosed, false);
});

it('does not count QoS 1 and 2 that it has refused [MQTT-3.3.4-7]', async () => {
  const { publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
  for (let id = 1; id <= 5; id++) {
    await publisher.publish('$SYS/x', 'x', { qos: 2, packetId: id });
    await publisher.publish('$SYS/x', 'x', { qos: 1, packetId: id });
  }
  const codes = publisher.received().map((packet) => 'reasonCode' in packet && packet.reasonCode);
  assert.deepEqual(codes, new Array(10).fill(0x87));
});

it('does not count QoS 0', async () => {
  const { publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
  await publisher.sendBytes('34 ["a" 0001 00 (x)]');
  await publisher.sendBytes('30 ["a" 00 (x)] 30 ["a" 00 (x)] c0 00');
  assertReceived(publisher, '50 [0001] d0 00');
});

it('does not measure clients of MQTT 3.1.1 by a Receive Maximum that they cannot know', async () => {
  const broker = new TestBroker({ limits: { inflightMessagesMax: 1 } });
  const client = await broker.connect('old', { version: 4 });
  for (let id = 1; id <= 100; id++) await client.publish('a', 'x', { qos: 2, packetId: id });
  assert.equal(client.received().length, 100);
});

it('begins with an empty window on each connection [MQTT-3.3.4-7]', async () => {
  const { broker, publisher } = await pair({
    limits: { inflightMessagesMax: 2 },
    publisher: lasting(),
  });
  await publisher.sendBytes('34 ["a" 0001 00 (x)] 34 ["a" 0002 00 (x)]');
  await publisher.drop();
  const returned = await broker.connect('publisher', lasting());
  await returned.sendBytes('34 ["a" 0003 00 (x)] 34 ["a" 0004 00 (x)]');
  assertReceived(returned, '50 [0003] 50 [0004]');
});

const windows = [
  { receiveMaximum: 1, sent: 1 },
  { receiveMaximum: 2, sent: 2 },
  { receiveMaximum: 5, sent: 5 },
  { receiveMaximum: 65_535, sent: 20 },
  { receiveMaximum: undefined, sent: 20 },
];

for (const { receiveMaximum, sent } of windows) {
  for (const qos of [1, 2] as const) {
    it(`sends ${sent} QoS ${qos} messages to a client with Receive Maximum ${receiveMaximum} before it waits [MQTT-3.3.4-9, MQTT-4.9.0-1, MQTT-4.9.0-2]`, async () => {
      const properties = receiveMaximum === undefined ? undefined : { receiveMaximum };
      const { subscriber, publisher } = await pair({ subscriber: { properties } });
      await subscriber.subscribe('a', { qos });
      await publishMany(publisher, 30, qos);
      const expected = Array.from({ length: sent }, (_, i) => `${i + 1}`);
      assert.deepEqual(subscriber.payloads(), expected);
    });
  }
}

/** What a client with Receive Maximum 1 answers, and what comes next. */
const exchanges = [
  {
    claim: 'sends the next message at PUBACK',
    qos: 1,
    answer: '40 [0001]',
    next: '32 ["a" 0002 00 (2)]',
  },
  {
    claim: 'sends the next message at a failing PUBACK',
    qos: 1,
    answer: '40 [0001 80]',
    next: '32 ["a" 0002 00 (2)]',
  },
  {
    claim: 'sends the next message at a failing PUBREC',
    qos: 2,
    answer: '50 [0001 97]',
    next: '34 ["a" 0002 00 (2)]',
  },
  {
    claim: 'sends only PUBREL at PUBREC',
    qos: 2,
    answer: '50 [0001]',
    next: '62 [0001]',
  },
  {
    claim: 'sends the next message at PUBCOMP',
    qos: 2,
    answer: '50 [0001] 70 [0001]',
    next: '62 [0001] 34 ["a" 0002 00 (2)]',
  },
  {
    claim: 'sends no further message for a PUBACK that it has seen',
    qos: 1,
    answer: '40 [0001] 40 [0001] 40 [0001]',
    next: '32 ["a" 0002 00 (2)]',
  },
  {
    claim: 'sends no further message for a PUBCOMP that nobody waits for',
    qos: 1,
    answer: '70 [0002]',
    next: '',
  },
  {
    claim: 'sends no further message for a PUBCOMP before PUBACK',
    qos: 1,
    answer: '70 [0001]',
    next: 'e0 [82]',
  },
  {
    claim: 'sends no further message for a PUBCOMP before PUBREC',
    qos: 2,
    answer: '70 [0001]',
    next: 'e0 [82]',
  },
] as const;

for (const { claim, qos, answer, next } of exchanges) {
  it(`${claim} [MQTT-3.3.4-9, MQTT-4.9.0-2]`, async () => {
    const { subscriber, publisher } = await pair({
      subscriber: { properties: { receiveMaximum: 1 } },
    });
    await subscriber.subscribe('a', { qos });
    await publishMany(publisher, 4, qos);
    assert.deepEqual(subscriber.payloads(), ['1']);
    await subscriber.sendBytes(answer);
    assertReceived(subscriber, next);
  });
}

it('goes on with everything but PUBLISH while the window is full [MQTT-3.3.4-10, MQTT-4.9.0-3]', async () => {
  const { broker, subscriber, publisher } = await pair({
    subscriber: { properties: { receiveMaximum: 1 } },
  });
  await subscriber.subscribe('a', { qos: 2 });
  await publisher.sendBytes('34 ["a" 0001 00 (x)] 62 [0001]');
  await publisher.sendBytes('32 ["a" 0001 00 (y)]');
  assertReceived(subscriber, '34 ["a" 0001 00 (x)]');
  const inOut = [
    ['c0 00', 'd0 00'],
    ['82 [0002 00 "b" 00]', '90 [0002 00 00]'],
    ['a2 [0003 00 "b"]', 'b0 [0003 00 00]'],
    ['32 ["c" 0004 00]', '40 [0004 10]'],
    ['34 ["c" 0005 00]', '50 [0005]'],
    ['62 [0005]', '70 [0005]'],
    ['50 [0001]', '62 [0001]'],
  ];
  for (const [sent, answer] of inOut) {
    await subscriber.sendBytes(sent);
    assertReceived(subscriber, answer);
  }
  assert.equal(broker.broker.connectionCount, 2);
});

it('sends QoS 0 while the window is full', async () => {
  const { subscriber, publisher } = await pair({
    subscriber: { properties: { receiveMaximum: 1 } },
  });
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.sendBytes('32 ["a" 0001 00 (1)] 32 ["a" 0002 00 (2)] 30 ["a" 00 (0)]');
  assertReceived(subscriber, '32 ["a" 0001 00 (1)] 30 ["a" 00 (0)]');
});

it('keeps to the window while it sends again, in the order of before [MQTT-3.3.4-9, MQTT-4.4.0-1]', async () => {
  const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
  await subscriber.subscribe('a', { qos: 1 });
  await publishMany(publisher, 5, 1);
  await subscriber.drop();
  const returned = await broker.connect('subscriber', lasting(5, { receiveMaximum: 2 }));
  assertReceived(returned, '3a ["a" 0001 00 (1)] 3a ["a" 0002 00 (2)]');
  await returned.sendBytes('40 [0001]');
  assertReceived(returned, '3a ["a" 0003 00 (3)]');
  await returned.sendBytes('40 [0002] 40 [0003] 40 [0004]');
  assertReceived(returned, '3a ["a" 0004 00 (4)] 3a ["a" 0005 00 (5)]');
});

it('sends no more than its own limit to a client of MQTT 3.1.1', async () => {
  const { subscriber, publisher } = await pair({ version: 4, limits: { inflightMessagesMax: 2 } });
  await subscriber.subscribe('a', { qos: 1 });
  await publishMany(publisher, 5, 1);
  assertReceived(subscriber, '32 ["a" 0001 (1)] 32 ["a" 0002 (2)]');
  await subscriber.sendBytes('40 [0001]');
  assertReceived(subscriber, '32 ["a" 0003 (3)]');
});
