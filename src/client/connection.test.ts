/** The client against a server that says what the test has it say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlayedServer, TestNetwork } from '../../test/harness/test-network.ts';
import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Client, ClientOptions } from './client.ts';
import { ClientError } from './client-error.ts';

describe('a connection', () => {
  it('begins with CONNECT [MQTT-3.1.0-1] [MQTT3-3.1.0-1]', async () => {
    const { network, server, client } = stage({ clientId: 'me', keepAliveSeconds: 9 });
    client.connect(server.open).catch(() => {});
    await network.settle();
    assert.deepEqual(server.received(), [
      {
        type: 'connect',
        version: 5,
        bridge: false,
        cleanStart: true,
        keepAliveSeconds: 9,
        clientId: 'me',
        will: undefined,
        userName: undefined,
        password: undefined,
        properties: undefined,
      },
    ]);
  });

  it('is over when CONNACK refuses it [MQTT-4.13.2-1]', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('refused', 0x87));
    await server.sendBytes('20 [00 87 [1f "no friend"]]');
    await rejected;
    assert.match((await client.closed)!.message, /0x87: no friend$/);
    assert.deepEqual(server.heard(), ['connect']);
    assert.equal(server.isClosed, true);
  });

  it('is over when no CONNACK comes in time', async () => {
    const { network, server, client } = stage({ limits: { connectSeconds: 3 } });
    const rejected = assert.rejects(client.connect(server.open), failure('connect timeout'));
    await network.advance(3);
    await rejected;
    assert.equal(server.isClosed, true);
  });

  it('rejects with what opening the network connection failed with', async () => {
    const { client } = stage();
    const refusal = new Error('ECONNREFUSED');
    await assert.rejects(
      client.connect(() => Promise.reject(refusal)),
      refusal,
    );
  });

  it('can be opened again after that', async () => {
    const { server, client } = stage();
    await assert.rejects(client.connect(() => Promise.reject(new Error('no network'))));
    await server.welcome(client);
    assert.equal(client.isConnected, true);
  });

  it('is not opened twice', async () => {
    const { server, client } = stage();
    await server.welcome(client);
    await assert.rejects(client.connect(server.open), RangeError);
  });

  it('sends nothing after DISCONNECT, and closes [MQTT-3.14.4-1] [MQTT-3.14.4-2]', async () => {
    const { network, server, client } = await welcomed();
    const published = client.publish('a', 'first');
    await network.settled(client.disconnect());
    await published;
    await assert.rejects(client.publish('a', 'late'), failure('not connected'));
    assert.deepEqual(server.heard(), ['publish', 'disconnect']);
    assert.equal(server.isClosed, true);
    assert.equal(await client.closed, undefined);
  });

  it('sends nothing after DISCONNECT of MQTT 3.1.1 [MQTT3-3.14.4-1] [MQTT3-3.14.4-2]', async () => {
    const { network, server, client } = await welcomed({ version: 4 });
    await network.settled(client.disconnect());
    await network.advance(1000);
    assert.deepEqual(server.heard(), ['disconnect']);
    assert.equal(server.isClosed, true);
  });

  it('does not wait for ever for a server that takes no last bytes', async () => {
    const { network, server, client } = await welcomed({ limits: { lingerSeconds: 2 } });
    server.hold();
    const leaving = client.disconnect();
    await network.advance(2);
    await network.settled(leaving);
    assert.equal(server.isClosed, true);
  });

  it('tells why the server ended it', async () => {
    const { network, server, client } = await welcomed();
    const messages = client.messages().next();
    const rejected = assert.rejects(messages, failure('disconnected by server', 0x8e));
    await server.send({ type: 'disconnect', reasonCode: 0x8e });
    assert.equal((await network.settled(client.closed))?.reasonCode, 0x8e);
    await rejected;
    assert.deepEqual(server.heard(), []);
  });

  it('tells that it was lost', async () => {
    const { network, server, client } = await welcomed();
    const subscribing = assert.rejects(client.subscribe('a'), failure('connection lost'));
    await network.settle();
    await server.drop();
    await subscribing;
    assert.equal((await client.closed)?.failure, 'connection lost');
  });
});

describe('a server that breaks the protocol', () => {
  const welcome = '20 [00 00 00]';
  for (const { name, bytes, answer, options = {} } of [
    { name: 'a packet with flags that are reserved [MQTT-2.1.3-1]', bytes: 'd1 []', answer: 0x81 },
    { name: 'a packet that only a client sends', bytes: 'c0 []', answer: 0x82 },
    { name: 'a second CONNACK', bytes: welcome, answer: 0x82 },
    { name: 'a text that is no UTF-8 [MQTT-1.5.4-1]', bytes: '30 [0001 ff 00]', answer: 0x81 },
    { name: 'a topic with a wildcard [MQTT-3.3.2-2]', bytes: '30 ["a/#" 00]', answer: 0x90 },
    { name: 'a QoS of 3 [MQTT-3.3.1-4]', bytes: '36 ["a" 0001 00]', answer: 0x81 },
    { name: 'a topic alias, when none is allowed', bytes: '30 ["a" [23 0001]]', answer: 0x94 },
    { name: 'SUBACK for nothing', bytes: '90 [0001 00 00]', answer: 0x82 },
    { name: 'AUTH for nothing', bytes: 'f0 [18 [15 "m"]]', answer: 0x82 },
    {
      name: 'more messages than the Receive Maximum',
      bytes: '32 ["a" 0001 00] 32 ["a" 0002 00]',
      answer: 0x93,
      options: { properties: { receiveMaximum: 1 } },
    },
    {
      name: 'a packet above the Maximum Packet Size',
      bytes: '30 ["a" 00 (0123456789)]',
      answer: 0x95,
      options: { properties: { maximumPacketSize: 10 } },
    },
  ]) {
    it(`is told 0x${answer.toString(16)} for ${name}`, async () => {
      const { server, client } = await welcomed(options);
      await server.sendBytes(bytes);
      const failed = await client.closed;
      assert.equal(failed?.failure, 'protocol error');
      assert.equal(failed.reasonCode, answer);
      const [disconnect] = server.received();
      assert.equal(disconnect?.type, 'disconnect');
      assert.equal(disconnect.reasonCode, answer);
      assert.equal(server.isClosed, true);
    });
  }

  it('is left without a word in MQTT 3.1.1 [MQTT3-4.8.0-1] [MQTT3-2.2.2-2]', async () => {
    const { server, client } = await welcomed({ version: 4 });
    await server.sendBytes('d1 []');
    assert.deepEqual(server.heard(), []);
    assert.equal(server.isClosed, true);
    assert.equal((await client.closed)?.failure, 'protocol error');
  });

  it('is left when it has a session after a clean start [MQTT-3.2.2-4]', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('protocol error', 0x82));
    await server.sendBytes('20 [01 00 00]');
    await rejected;
    assert.equal(server.isClosed, true);
  });

  it('is left when it sends anything before CONNACK', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('protocol error', 0x82));
    await server.sendBytes('30 ["a" 00]');
    await rejected;
  });

  it('gets no AUTH where CONNECT names no method [MQTT-4.12.0-7]', async () => {
    const { server } = await welcomed({ answerChallenge: (data) => data });
    await server.sendBytes('f0 [18 [15 "m"]]');
    assert.deepEqual(server.heard(), ['disconnect']);
  });
});

describe('publishing', () => {
  it('at QoS 1 ends with PUBACK, which may refuse [MQTT-4.3.2-3] [MQTT-4.4.0-2]', async () => {
    const { network, server, client } = await welcomed();
    const accepted = client.publish('a', '1', { qos: 1 });
    const refused = assert.rejects(client.publish('a', '2', { qos: 1 }), failure('refused', 0x97));
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1', 'publish 2']);
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0x10 },
      { type: 'puback', packetId: 2, reasonCode: 0x97 },
    );
    assert.equal(await accepted, 0x10);
    await refused;
    await server.drop();
    await server.welcome(client);
    assert.deepEqual(server.heard(), []);
  });

  it('at QoS 2 goes from PUBREC over PUBREL to PUBCOMP [MQTT-4.3.3-4]', async () => {
    const { network, server, client } = await welcomed();
    const published = client.publish('a', '1', { qos: 2 });
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1']);
    await server.send({ type: 'pubrec', packetId: 1, reasonCode: 0 });
    assert.deepEqual(server.heard(), ['pubrel 1']);
    await server.send({ type: 'pubcomp', packetId: 1, reasonCode: 0 });
    assert.equal(await published, 0);
  });

  it('at QoS 2 ends with a PUBREC that refuses, without PUBREL [MQTT-4.4.0-2]', async () => {
    const { server, client } = await welcomed();
    const refused = assert.rejects(client.publish('a', '1', { qos: 2 }), failure('refused', 0x87));
    await server.send({ type: 'pubrec', packetId: 1, reasonCode: 0x87 });
    await refused;
    assert.deepEqual(server.heard(), ['publish 1']);
  });

  it('sends PUBREL in the order of PUBREC [MQTT-4.6.0-4] [MQTT3-4.6.0-4]', async () => {
    const { network, server, client } = await welcomed();
    const both = ['1', '2'].map((payload) => client.publish('a', payload, { qos: 2 }));
    await network.settle();
    server.heard();
    const pubrec = (packetId: number) => ({ type: 'pubrec', packetId, reasonCode: 0 }) as const;
    await server.send(pubrec(2), pubrec(1));
    assert.deepEqual(server.heard(), ['pubrel 2', 'pubrel 1']);
    const pubcomp = (packetId: number) => ({ type: 'pubcomp', packetId, reasonCode: 0 }) as const;
    await server.send(pubcomp(1), pubcomp(2));
    await Promise.all(both);
  });

  it('holds back nothing but PUBLISH when the window is full [MQTT-3.3.4-8]', async () => {
    const { network, server, client } = await welcomed({}, { receiveMaximum: 1 });
    const first = client.publish('a', '1', { qos: 1 });
    const second = client.publish('a', '2', { qos: 1 });
    const subscribed = client.subscribe('b');
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1', 'subscribe 2']);
    await server.send({ type: 'suback', packetId: 2, reasonCodes: [0] });
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    assert.deepEqual(server.heard(), ['publish 3']);
    await server.send({ type: 'puback', packetId: 3, reasonCode: 0 });
    await Promise.all([first, second, subscribed]);
  });

  it('asks for no more QoS than the server has [MQTT-3.2.2-11]', async () => {
    const { server, client } = await welcomed({}, { maximumQos: 1 });
    await assert.rejects(client.publish('a', '', { qos: 2 }), failure('not supported', 0x9b));
    assert.deepEqual(server.heard(), []);
  });

  it('does not retain where the server does not [MQTT-3.2.2-14]', async () => {
    const { server, client } = await welcomed({}, { retainAvailable: 0 });
    await assert.rejects(client.publish('a', '', { retain: true }), failure('not supported', 0x9a));
    assert.deepEqual(server.heard(), []);
  });

  for (const qos of [0, 1] as const) {
    it(`sends nothing too large for the server at QoS ${qos} [MQTT-3.2.2-15]`, async () => {
      const { network, server, client } = await welcomed({}, { maximumPacketSize: 20 });
      const large = client.publish('a', 'x'.repeat(20), { qos });
      await assert.rejects(network.settled(large), failure('dropped', 0x95));
      assert.deepEqual(server.heard(), []);
    });
  }

  it('sends no alias where the server allows none [MQTT-3.2.2-18]', async () => {
    const { network, server, client } = await welcomed({ limits: { topicAliasesMax: 9 } });
    await network.settled(client.publish('a', ''));
    assert.equal(publishesOf(server)[0].properties, undefined);
  });

  for (const [name, topic, properties] of [
    ['a wildcard in the topic [MQTT-3.3.2-2]', 'a/+', undefined],
    ['no topic [MQTT-4.7.3-1]', '', undefined],
    ['U+0000 in the topic [MQTT-4.7.3-2]', 'a\0', undefined],
    ['a topic of more than 65,535 bytes [MQTT-4.7.3-3]', 'a'.repeat(65_536), undefined],
    ['half a character in the topic [MQTT-1.5.4-1]', '\ud800', undefined],
    ['half a character in a property [MQTT-3.3.2-19]', 'a', { contentType: '\ud800' }],
  ] as const) {
    it(`refuses ${name}, and goes on`, async () => {
      const { network, server, client } = await welcomed();
      await assert.rejects(client.publish(topic, '', { qos: 1, properties }), RangeError);
      const published = client.publish('a', '', { qos: 1 });
      await network.settle();
      assert.deepEqual(server.heard(), ['publish 1']);
      await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
      await published;
    });
  }

  it('waits at QoS 0 while the network takes nothing', async () => {
    const { network, server, client } = await welcomed({ limits: { outputBytesMax: 100 } });
    server.hold();
    // The first goes to the network, which does not take it; the second waits here.
    await network.settled(client.publish('a', 'x'.repeat(50)));
    let isDone = false;
    const published = client.publish('a', 'x'.repeat(200)).then(() => {
      isDone = true;
    });
    await network.settle();
    assert.equal(isDone, false);
    server.release();
    await network.settled(published);
    assert.deepEqual(server.heard(), ['publish', 'publish']);
  });
});

describe('receiving', () => {
  it('acknowledges by QoS, in the order of arrival, once each message is taken [MQTT-4.5.0-2] [MQTT-4.6.0-2] [MQTT-4.6.0-3]', async () => {
    const { network, server, client } = await welcomed();
    await server.send(message(1, 7), message(2, 3), message(0, 0), message(1, 8), message(2, 4));
    assert.deepEqual(server.heard(), []);
    const messages = client.messages();
    await messages.next();
    await network.settle();
    assert.deepEqual(server.heard(), [], 'the first message is still being dealt with');
    for (let i = 0; i < 4; i++) await messages.next();
    await messages.return();
    await network.settle();
    assert.deepEqual(server.heard(), ['puback 7', 'pubrec 3', 'puback 8', 'pubrec 4']);
  });

  it('acknowledges in order in MQTT 3.1.1 [MQTT3-4.5.0-2] [MQTT3-4.6.0-2] [MQTT3-4.6.0-3]', async () => {
    const { network, server, client } = await welcomed({ version: 4 });
    await server.send(message(1, 2), message(2, 9), message(1, 1), message(2, 8));
    await takenPayloads(client, 4);
    await network.settle();
    assert.deepEqual(server.heard(), ['puback 2', 'pubrec 9', 'puback 1', 'pubrec 8']);
  });

  it('delivers a message of QoS 2 once, until PUBREL [MQTT-4.3.3-10] [MQTT-4.3.3-12]', async () => {
    const { network, server, client } = await welcomed();
    await server.send(message(2, 5, 'one'), message(2, 5, 'one again'));
    await server.send({ type: 'pubrel', packetId: 5, reasonCode: 0 }, message(2, 5, 'two'));
    assert.deepEqual(await takenPayloads(client, 2), ['one', 'two']);
    await network.settle();
    assert.deepEqual(server.heard(), ['pubrec 5', 'pubcomp 5', 'pubrec 5', 'pubrec 5']);
  });

  it('answers PUBREL for an unknown id with PUBCOMP 0x92 [MQTT-4.3.3-11]', async () => {
    const { server } = await welcomed();
    await server.send({ type: 'pubrel', packetId: 5, reasonCode: 0 });
    assert.deepEqual(server.received(), [
      { type: 'pubcomp', packetId: 5, reasonCode: 0x92, properties: undefined },
    ]);
  });

  it('forgets aliases with their connection [MQTT-3.3.2-7]', async () => {
    const { server, client } = await welcomed({ properties: { topicAliasMaximum: 1 } });
    await server.sendBytes('30 ["a" [23 0001]]');
    await server.drop();
    await server.welcome(client);
    await server.sendBytes('30 [0000 [23 0001]]');
    assert.equal((await client.closed)?.reasonCode, 0x82);
  });

  it('stops reading when nobody takes what arrives, and goes on when somebody does', async () => {
    const { network, server, client } = await welcomed({ limits: { inboxMessagesMax: 2 } });
    await server.send(message(0, 0, '1'), message(0, 0, '2'));
    await server.send(message(0, 0, '3'));
    assert.equal(server.isHeldUp, true);
    assert.deepEqual(await takenPayloads(client, 2), ['1', '2']);
    await network.settle();
    assert.equal(server.isHeldUp, false);
    assert.deepEqual(await takenPayloads(client, 1), ['3']);
  });

  it('reads all the same while an answer is awaited, or its reader would wait for ever', async () => {
    const { network, server, client } = await welcomed({ limits: { inboxMessagesMax: 1 } });
    await server.send(message(0, 0, '1'));
    const published = client.publish('a', '', { qos: 1 });
    await server.send(message(0, 0, '2'));
    assert.equal(server.isHeldUp, false);
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await network.settled(published);
    await server.send(message(0, 0, '3'));
    assert.equal(server.isHeldUp, true);
  });

  it('sees a full inbox through to its end when the connection ends', async () => {
    const { network, server, client } = await welcomed({ limits: { inboxMessagesMax: 2 } });
    await server.send(message(0, 0, '1'), message(0, 0, '2'));
    await network.settled(client.disconnect());
    assert.deepEqual(await takenPayloads(client), ['1', '2']);
  });
});

describe('subscribing', () => {
  it('gives the code of each filter, and rejects when all are refused', async () => {
    const { network, server, client } = await welcomed();
    const some = client.subscribe(['a', 'b'], { qos: 2 });
    const none = assert.rejects(client.subscribe('c'), failure('refused', 0x87));
    await network.settle();
    await server.send(
      { type: 'suback', packetId: 2, reasonCodes: [0x87] },
      { type: 'suback', packetId: 1, reasonCodes: [0x01, 0x97] },
    );
    assert.deepEqual(await some, [0x01, 0x97]);
    await none;
  });

  it('takes a SUBACK with too few codes for a protocol error', async () => {
    const { network, server, client } = await welcomed();
    const subscribing = assert.rejects(client.subscribe(['a', 'b']), failure('protocol error'));
    await network.settle();
    await server.send({ type: 'suback', packetId: 1, reasonCodes: [0] });
    await subscribing;
  });

  for (const [what, filter, reasonCode, terms] of [
    ['wildcards', 'a/#', 0xa2, { wildcardSubscriptionAvailable: 0 }],
    ['shared subscriptions', '$share/g/a', 0x9e, { sharedSubscriptionAvailable: 0 }],
    ['subscription identifiers', 'a', 0xa1, { subscriptionIdentifierAvailable: 0 }],
  ] as const) {
    it(`asks for no ${what} where the server has none`, async () => {
      const { server, client } = await welcomed({}, terms);
      const properties = { subscriptionIdentifier: 1 };
      const subscribing = client.subscribe(filter, { properties });
      await assert.rejects(subscribing, failure('not supported', reasonCode));
      assert.deepEqual(server.heard(), []);
    });
  }

  for (const [name, filter, options] of [
    ['no filter at all [MQTT-3.8.3-2]', [], {}],
    ['a # that is not last [MQTT-4.7.1-1]', 'a/#/b', {}],
    ['a + beside other characters [MQTT-4.7.1-2]', 'a+', {}],
    ['a share name with a wildcard [MQTT-4.8.2-2]', '$share/g+/a', {}],
    ['a shared subscription with no local [MQTT-3.8.3-4]', '$share/g/a', { noLocal: true }],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const { server, client } = await welcomed();
      await assert.rejects(client.subscribe(filter, options), RangeError);
      assert.deepEqual(server.heard(), []);
    });
  }
});

describe('a session', () => {
  const lasting = { properties: { sessionExpiryInterval: 1000 }, clientId: 'c' };

  it('is resumed: PUBLISH and PUBREL go out again in their order [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-6]', async () => {
    const { network, server, client } = await welcomed(lasting);
    const all = [
      client.publish('a', '1', { qos: 1 }),
      client.publish('a', '2', { qos: 2 }),
      client.publish('a', '3', { qos: 2 }),
    ];
    await network.settle();
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 });
    await server.drop();
    server.heard();
    const connect = await server.welcome(client, { sessionPresent: true });
    assert.equal(connect.cleanStart, false);
    const again = server.received() as Publish[];
    assert.deepEqual(
      again.map(({ type, packetId, dup }) => [type, packetId, dup]),
      [
        ['publish', 1, true],
        ['pubrel', 2, undefined],
        ['publish', 3, true],
      ],
    );
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'pubcomp', packetId: 2, reasonCode: 0 },
      { type: 'pubrec', packetId: 3, reasonCode: 0 },
      { type: 'pubcomp', packetId: 3, reasonCode: 0 },
    );
    await network.settled(Promise.all(all));
  });

  it('is resumed in MQTT 3.1.1 too [MQTT3-4.4.0-1] [MQTT3-4.6.0-1] [MQTT3-2.3.1-3]', async () => {
    const { network, server, client } = await welcomed({
      version: 4,
      clientId: 'c',
      cleanStart: false,
    });
    const both = [client.publish('a', '1', { qos: 1 }), client.publish('a', '2', { qos: 1 })];
    await network.settle();
    await server.drop();
    server.heard();
    await server.welcome(client, { sessionPresent: true });
    assert.deepEqual(server.heard(), ['publish 1', 'publish 2']);
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'puback', packetId: 2, reasonCode: 0 },
    );
    await network.settled(Promise.all(both));
  });

  it('knows QoS 2 messages that it took in the connection before [MQTT-4.3.3-10]', async () => {
    const { network, server, client } = await welcomed(lasting);
    await server.send(message(2, 5, 'once'));
    await server.drop();
    await server.welcome(client, { sessionPresent: true });
    await server.send({ ...message(2, 5, 'once'), dup: true });
    assert.deepEqual(server.heard(), ['pubrec 5']);
    await network.settled(client.disconnect());
    assert.deepEqual(await takenPayloads(client), ['once']);
  });

  it('is forgotten when the server has forgotten it [MQTT-3.2.2-5]', async () => {
    const { network, server, client } = await welcomed(lasting, { receiveMaximum: 2 });
    const sent = client.publish('a', '1', { qos: 1 });
    const released = client.publish('a', '2', { qos: 2 });
    const waiting = client.publish('a', '3', { qos: 1 });
    const lost = assert.rejects(sent, failure('session lost'));
    await network.settle();
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 }, message(2, 5, 'old'));
    await server.drop();
    server.heard();
    await server.welcome(client, { sessionPresent: false });
    await lost;
    assert.equal(await released, 0, 'the server had taken it');
    const [again] = publishesOf(server);
    assert.equal(text(again), '3');
    assert.equal(again.dup, false);
    await server.send({ type: 'puback', packetId: again.packetId, reasonCode: 0 });
    await network.settled(waiting);
    await server.send(message(2, 5, 'new'));
    assert.deepEqual(await takenPayloads(client, 2), ['old', 'new']);
  });

  it('ends with its connection when it is not to last [MQTT3-3.1.2-6]', async () => {
    const { network, server, client } = await welcomed({ version: 4 });
    const published = client.publish('a', '1', { qos: 1 });
    const lost = assert.rejects(published, failure('connection lost'));
    await network.settle();
    await server.drop();
    await lost;
    server.heard();
    const connect = await server.welcome(client);
    assert.equal(connect.cleanStart, true);
    assert.deepEqual(server.heard(), []);
  });

  it('ends at once when DISCONNECT says so', async () => {
    const { network, server, client } = await welcomed(lasting);
    await network.settled(client.disconnect({ properties: { sessionExpiryInterval: 0 } }));
    server.heard();
    assert.equal((await server.welcome(client)).cleanStart, true);
  });

  it('is not prolonged by DISCONNECT when CONNECT let it end', async () => {
    const { client } = await welcomed();
    const leaving = client.disconnect({ properties: { sessionExpiryInterval: 9 } });
    await assert.rejects(leaving, RangeError);
    assert.equal(client.isConnected, true);
  });

  for (const { version, cleanStart } of [
    { version: 3, cleanStart: true },
    { version: 4, cleanStart: false },
  ] as const) {
    it(`needs an identifier in version ${version} with clean start ${cleanStart} [MQTT3-3.1.3-7]`, async () => {
      const { server, client } = stage({ version, cleanStart });
      await assert.rejects(client.connect(server.open), RangeError);
    });
  }
});

describe('keep-alive', () => {
  it('has PINGREQ sent within its time, whenever the last packet was [MQTT-3.1.2-20] [MQTT3-3.1.2-23]', async () => {
    const { network, server, client } = await welcomed({ keepAliveSeconds: 10 });
    let silence = 0;
    for (let second = 1; second <= 100; second++) {
      if (second === 33) await client.publish('a', '');
      await network.advance(1);
      const packets = server.received();
      silence = packets.length > 0 ? 0 : silence + 1;
      assert.ok(silence < 10, `silent for ${silence} s`);
      if (packets.some(({ type }) => type === 'pingreq')) await server.send({ type: 'pingresp' });
    }
    assert.equal(client.isConnected, true);
  });

  it('is the time that the server sets [MQTT-3.1.2-21] [MQTT-3.2.2-21]', async () => {
    const { network, server } = await welcomed({ keepAliveSeconds: 100 }, { serverKeepAlive: 10 });
    await network.advance(5);
    assert.deepEqual(server.heard(), ['pingreq']);
  });

  it('is off when it is 0', async () => {
    const { network, server, client } = await welcomed({ keepAliveSeconds: 0 });
    await network.advance(1_000_000);
    assert.deepEqual(server.heard(), []);
    assert.equal(client.isConnected, true);
  });

  it('ends a connection whose server has gone silent, even to one that publishes', async () => {
    const { network, client } = await welcomed({ keepAliveSeconds: 10 });
    for (let second = 0; second < 20 && client.isConnected; second++) {
      await client.publish('a', '');
      await network.advance(1);
    }
    assert.equal((await network.settled(client.closed))?.failure, 'keep-alive timeout');
  });

  it('is patient with a server that it does not listen to itself', async () => {
    const limits = { inboxMessagesMax: 1 };
    const { network, server, client } = await welcomed({ keepAliveSeconds: 10, limits });
    await server.send(message(0, 0), message(0, 0));
    await server.send(message(0, 0));
    assert.equal(server.isHeldUp, true);
    await network.advance(100);
    assert.equal(client.isConnected, true);
  });
});

type Connack = Packet & { type: 'connack' };

function stage(options: Omit<ClientOptions, 'host'> = {}) {
  const network = new TestNetwork();
  const server = new PlayedServer(network, options.version ?? 5);
  const client = network.client({ keepAliveSeconds: 0, ...options });
  return { network, server, client };
}

/** A client that is connected to a played server which has said `properties` in CONNACK. */
async function welcomed(
  options: Omit<ClientOptions, 'host'> = {},
  properties?: Connack['properties'],
) {
  const { network, server, client } = stage(options);
  await server.welcome(client, { properties });
  return { network, server, client };
}

function failure(name: ClientError['failure'], reasonCode?: ReasonCode) {
  return (error: unknown) => {
    assert.ok(error instanceof ClientError, String(error));
    assert.equal(error.failure, name);
    if (reasonCode !== undefined) assert.equal(error.reasonCode, reasonCode);
    return true;
  };
}

function message(qos: 0 | 1 | 2, packetId: number, payload = ''): Publish {
  return {
    type: 'publish',
    topic: 'a',
    payload: new TextEncoder().encode(payload),
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: undefined,
  };
}

function publishesOf(server: PlayedServer): Publish[] {
  return server.received().filter((packet) => packet.type === 'publish');
}

function text({ payload }: { payload: Uint8Array }): string {
  return new TextDecoder().decode(payload);
}

/** The payloads of the next messages: `count`, or all that come before the end. */
async function takenPayloads(client: Client, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const payloads: string[] = [];
  for await (const each of client.messages()) {
    payloads.push(text(each));
    if (payloads.length === count) break;
  }
  return payloads;
}
