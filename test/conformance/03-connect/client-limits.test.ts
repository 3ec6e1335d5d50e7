/** What CONNECT asks the server to keep to: packet size, topic aliases, explanations. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Publish } from '../../../src/packet/publish.ts';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { TestInterceptor } from '../../harness/test-interceptor.ts';
import { assertReceived } from '../../harness/wire.ts';

describe('the maximum packet size of a client', () => {
  // PUBLISH to "a" takes 6 bytes more than its payload at QoS 0, and 8 at QoS 1 and 2.
  for (const { qos, room } of [
    { qos: 0, room: 24 },
    { qos: 1, room: 22 },
    { qos: 2, room: 22 },
  ] as const) {
    it(`of 30 bytes is filled and never exceeded, at QoS ${qos} [MQTT-3.1.2-24]`, async () => {
      const broker = new TestBroker();
      const client = await broker.connect('id', { properties: { maximumPacketSize: 30 } });
      await client.subscribe('a', { qos });
      const publisher = await broker.connect('publisher');
      await publisher.publish('a', 'x'.repeat(room + 1), { qos, packetId: 1 });
      await publisher.publish('a', 'y'.repeat(room), { qos, packetId: 2 });
      assert.equal(client.receivedHex().split(' ').length, 30);
      assert.deepEqual(client.payloads(), ['y'.repeat(room)]);
    });
  }

  for (const qos of [1, 2] as const) {
    it(`lets a QoS ${qos} message that is too large count as delivered [MQTT-3.1.2-25]`, async () => {
      const broker = new TestBroker();
      const properties = {
        maximumPacketSize: 30,
        receiveMaximum: 1,
        sessionExpiryInterval: 100,
      };
      const client = await broker.connect('id', { properties });
      await client.subscribe('a', { qos });
      const publisher = await broker.connect('publisher');
      await publisher.publish('a', 'x'.repeat(100), { qos, packetId: 1 });
      await publisher.publish('a', 'small', { qos, packetId: 2 });
      assert.deepEqual(client.payloads(), ['small']);
      await client.drop();
      const roomy = await broker.connect('id', { cleanStart: false });
      assert.deepEqual(roomy.payloads(), ['small'], 'the large one is gone for good');
    });
  }

  it('holds for the one client, and others get the message [MQTT-3.1.2-24]', async () => {
    const broker = new TestBroker();
    const small = await broker.connect('small', { properties: { maximumPacketSize: 30 } });
    await small.subscribe('a');
    const large = await broker.connect('large');
    await large.subscribe('a');
    await large.publish('a', 'x'.repeat(100));
    assert.deepEqual(small.received(), []);
    assert.deepEqual(large.payloads(), ['x'.repeat(100)]);
  });

  it('is not crossed by a topic alias that would have to come on top [MQTT-3.1.2-24, MQTT-3.1.2-25]', async () => {
    const broker = new TestBroker();
    const properties = { maximumPacketSize: 30, topicAliasMaximum: 5 };
    const client = await broker.connect('id', { properties });
    await client.subscribe('a', { qos: 1 });
    const publisher = await broker.connect('publisher');
    for (const size of [22, 19, 22]) {
      await publisher.publish('a', 'x'.repeat(size), { qos: 1 });
      const [publish] = client.publishes();
      assert.equal(publish?.payload.length, size);
      await client.send({ type: 'puback', packetId: publish.packetId, reasonCode: 0 });
    }
  });

  it('closes the connection where not even CONNACK fits [MQTT-3.1.2-24, MQTT-3.14.0-1]', async () => {
    const broker = new TestBroker();
    const other = await broker.connect('id', { properties: { sessionExpiryInterval: 100 } });
    const client = broker.open();
    await client.connect('id', { properties: { maximumPacketSize: 5 } });
    assert.equal(client.receivedHex(), '20 03 00 83 00');
    assert.equal(client.isClosed, true);
    const tiny = broker.open();
    await tiny.connect('id', { properties: { maximumPacketSize: 4 } });
    assert.equal(tiny.receivedHex(), '');
    assert.equal(tiny.isClosed, true);
    assert.deepEqual(outcomeOf(other), [], 'nobody is taken over');
  });
});

describe('the topic alias maximum of a client', () => {
  async function publishesOf(topicAliasMaximum: number | undefined): Promise<Publish[]> {
    const broker = new TestBroker();
    const properties = topicAliasMaximum === undefined ? undefined : { topicAliasMaximum };
    const client = await broker.connect('id', { properties });
    await client.subscribe('topic/+');
    const publisher = await broker.connect('publisher');
    for (let round = 0; round < 2; round++) {
      for (const name of ['a', 'b', 'c', 'd']) await publisher.publish(`topic/${name}`, name);
    }
    return client.publishes();
  }

  const topics = ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd'].map((name) => `topic/${name}`);

  it('of 2 is kept to, and each alias stands for the topic it was set with [MQTT-3.1.2-26]', async () => {
    const known = new Map<number, string>();
    const resolved = (await publishesOf(2)).map(({ topic, properties }) => {
      const alias = properties?.topicAlias;
      if (alias === undefined) return topic;
      assert.equal(alias >= 1 && alias <= 2, true, `alias ${alias}`);
      if (topic !== '') known.set(alias, topic);
      return known.get(alias);
    });
    assert.deepEqual(resolved, topics);
    assert.equal(known.size, 2, 'aliases are used');
  });

  for (const maximum of [undefined, 0]) {
    it(`of ${maximum ?? 'no value'} allows none [MQTT-3.1.2-27]`, async () => {
      const publishes = await publishesOf(maximum);
      assert.deepEqual(
        publishes.map(({ topic }) => topic),
        topics,
      );
      assert.deepEqual(
        publishes.filter(({ properties }) => properties !== undefined),
        [],
      );
    });
  }
});

describe('response information', () => {
  const cases = [
    { asked: undefined, given: undefined },
    { asked: 0, given: undefined },
    { asked: 1, given: 'replies/here' },
  ] as const;
  for (const { asked, given } of cases) {
    it(`is ${given ? '' : 'not '}given to a client that asks with ${asked} [MQTT-3.1.2-28]`, async () => {
      const broker = new TestBroker({ features: { responseInformation: 'replies/here' } });
      const properties = asked === undefined ? undefined : { requestResponseInformation: asked };
      const connack = await broker.open().connect('id', { properties });
      assert.equal(connack?.type, 'connack');
      assert.equal(connack.properties?.responseInformation, given);
    });
  }
});

describe('request problem information', () => {
  const user = '26 "k" "v"';
  const cases = [
    { name: 'PUBACK', bytes: `32 ["no" 0001 [${user}]]`, bare: '40 [0001 87]' },
    { name: 'PUBREC', bytes: `34 ["no" 0001 [${user}]]`, bare: '50 [0001 87]' },
    { name: 'SUBACK', bytes: `82 [0001 [${user}] "no" 00]`, bare: '90 [0001 00 87]' },
    { name: 'UNSUBACK', bytes: `a2 [0001 [${user}] "no"]`, bare: 'b0 [0001 00 11]' },
    { name: 'PUBREL', bytes: '50 [0001 00]', bare: '62 [0001 92]' },
    { name: 'PUBCOMP', bytes: `62 [0001 00 [${user}]]`, bare: '70 [0001]' },
  ];
  const gatekeeper = new TestGatekeeper({
    publish: () => reasonCodes.notAuthorized,
    subscribe: () => reasonCodes.notAuthorized,
  });
  for (const { name, bytes, bare } of cases) {
    it(`of 0 keeps explanations out of ${name} [MQTT-3.1.2-29]`, async () => {
      const broker = new TestBroker({ gatekeeper });
      const properties = { requestProblemInformation: 0 } as const;
      const client = await broker.connect('id', { properties });
      await client.sendBytes(bytes);
      assertReceived(client, bare);
    });
  }

  for (const { asked, properties } of [
    { asked: undefined, properties: '[1f "no JSON"]' },
    { asked: 1, properties: '[1f "no JSON"]' },
    { asked: 0, properties: '' },
  ] as const) {
    it(`of ${asked ?? 'no value'} decides whether PUBACK says why [MQTT-3.1.2-29]`, async () => {
      const reasonCode = reasonCodes.payloadFormatInvalid;
      const interceptor = new TestInterceptor({
        publish: () => ({ type: 'refuse', reasonCode, reason: 'no JSON' }),
      });
      const broker = new TestBroker({ gatekeeper: new TestGatekeeper({}, interceptor) });
      const client = await broker.connect('id', {
        properties: asked === undefined ? undefined : { requestProblemInformation: asked },
      });
      await client.sendBytes('32 ["no" 0001 []]');
      assertReceived(client, `40 [0001 99 ${properties}]`);
    });
  }

  it('of 0 leaves PUBLISH its user properties [MQTT-3.1.2-29]', async () => {
    const broker = new TestBroker();
    const properties = { requestProblemInformation: 0 } as const;
    const client = await broker.connect('id', { properties });
    await client.subscribe('a');
    await client.sendBytes(`30 ["a" [${user}] (x)]`);
    assertReceived(client, `30 ["a" [${user}] (x)]`);
  });
});
