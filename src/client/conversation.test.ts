/** What a connected client sends, and how it takes what comes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  failure,
  message,
  publishesOf,
  takenPayloads,
  welcomed,
} from '../../test/harness/client-stage.ts';

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
    ['a wildcard in the response topic [MQTT-3.3.2-14]', 'a', { responseTopic: 'b/#' }],
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
    assert.deepEqual(server.heard(), ['pubcomp 5', 'pubrec 5', 'pubrec 5']);
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

  it('takes more messages than its Receive Maximum, since some servers send them', async () => {
    const { server, client } = await welcomed({ properties: { receiveMaximum: 1 } });
    await server.send(message(1, 1, 'a'), message(1, 2, 'b'));
    assert.deepEqual(await takenPayloads(client, 2), ['a', 'b']);
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
