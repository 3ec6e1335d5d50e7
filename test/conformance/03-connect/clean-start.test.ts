/** Clean Start, Clean Session and the session's expiry: what a client finds when it returns. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { inBothVersions, lasting } from '../../harness/wire.ts';

/** A client that has subscribed to `news` with QoS 1, and has lost its connection. */
async function leaveSession(broker: TestBroker, version: 4 | 5): Promise<void> {
  const client = await broker.connect('id', lasting(version));
  await client.subscribe('news', { qos: 1 });
  await client.drop();
}

async function publishNews(broker: TestBroker, ...payloads: string[]): Promise<void> {
  const publisher = await broker.connect('publisher');
  for (const payload of payloads) await publisher.publish('news', payload, { qos: 1 });
}

/** @returns Session Present of the client's CONNACK */
async function returns(client: TestClient, { cleanStart }: { cleanStart: boolean }) {
  const connack = await client.connect('id', { cleanStart });
  assert.equal(connack?.type, 'connack');
  assert.equal(connack.reasonCode, 0);
  return connack.sessionPresent;
}

inBothVersions((version) => {
  it('resumes the session without clean start [MQTT-3.1.2-5, MQTT-3.2.2-3, MQTT3-3.1.2-4, MQTT3-3.2.2-2]', async () => {
    const broker = new TestBroker();
    await leaveSession(broker, version);
    await publishNews(broker, 'while away');
    const client = broker.open(version);
    assert.equal(await returns(client, { cleanStart: false }), true);
    assert.deepEqual(client.payloads(), ['while away']);
    await publishNews(broker, 'when back');
    assert.deepEqual(client.payloads(), ['when back']);
  });

  it('begins a new session with clean start, and discards the old [MQTT-3.1.2-4, MQTT-3.2.2-2, MQTT3-3.1.2-6, MQTT3-3.2.2-1]', async () => {
    const broker = new TestBroker();
    await leaveSession(broker, version);
    await publishNews(broker, 'while away');
    const client = broker.open(version);
    assert.equal(await returns(client, { cleanStart: true }), false);
    await publishNews(broker, 'when back');
    assert.deepEqual(client.received(), []);
    await client.drop();
    assert.equal(await returns(broker.open(version), { cleanStart: false }), false);
  });

  it('creates a session where there was none [MQTT-3.1.2-6, MQTT-3.2.2-3, MQTT3-3.1.2-4, MQTT3-3.2.2-3]', async () => {
    const broker = new TestBroker();
    const client = broker.open(version);
    assert.equal(await returns(client, { cleanStart: false }), false);
    await client.subscribe('news');
    await publishNews(broker, 'fresh');
    assert.deepEqual(client.payloads(), ['fresh']);
  });

  it('keeps QoS 1 and 2 for a client that is away, and QoS 0 not [MQTT3-3.1.2-5]', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', lasting(version));
    await client.subscribe('news', { qos: 2 });
    await client.drop();
    const publisher = await broker.connect('publisher');
    for (const qos of [0, 1, 2] as const) await publisher.publish('news', `QoS ${qos}`, { qos });
    const back = await broker.connect('id', lasting(version));
    assert.deepEqual(back.payloads(), ['QoS 1', 'QoS 2']);
  });

  it('keeps retained messages when the session of their publisher ends [MQTT3-3.1.2-7]', async () => {
    const broker = new TestBroker();
    const publisher = await broker.connect('publisher', { version });
    await publisher.publish('news', 'retained', { retain: true });
    await publisher.send({ type: 'disconnect', reasonCode: 0 });
    const subscriber = await broker.connect('subscriber', { version });
    await subscriber.subscribe('news');
    assert.deepEqual(subscriber.payloads(), ['retained']);
  });

  it('keeps the sessions of different client identifiers apart [MQTT-3.1.3-2, MQTT3-3.1.3-2]', async () => {
    const broker = new TestBroker();
    await leaveSession(broker, version);
    const other = broker.open(version);
    const connack = await other.connect('ID', lasting(version));
    assert.equal(connack?.type === 'connack' && connack.sessionPresent, false);
    await publishNews(broker, 'for the first');
    assert.deepEqual(other.received(), []);
    const client = await broker.connect('id', lasting(version));
    assert.deepEqual(client.payloads(), ['for the first']);
  });

  it('keeps a session for as long as its connection lasts [MQTT-4.1.0-1, MQTT3-4.1.0-2]', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version });
    await client.subscribe('news', { qos: 2 });
    const publisher = await broker.connect('publisher', { version });
    await publisher.publish('news', 'begun', { qos: 2 });
    const [{ packetId }] = client.publishes();
    await broker.advance(100 * 86_400);
    await client.send({ type: 'pubrec', packetId, reasonCode: 0 });
    assert.deepEqual(client.received(), [
      { type: 'pubrel', packetId, reasonCode: 0, properties: undefined },
    ]);
    await publisher.publish('news', 'after days', { qos: 2, packetId: 2 });
    assert.deepEqual(client.payloads(), ['after days']);
  });

  it('stores subscriptions and unfinished QoS 2 over any number of connections [MQTT3-4.1.0-1, MQTT-3.1.2-23]', async () => {
    const broker = new TestBroker();
    await leaveSession(broker, version);
    const sender = await broker.connect('sender', lasting(version));
    await sender.publish('news', 'once', { qos: 2, packetId: 7 });
    for (let connections = 0; connections < 3; connections++) {
      await sender.drop();
      await broker.advance(300);
      const again = await broker.connect('sender', lasting(version));
      await again.publish('news', 'once', { qos: 2, packetId: 7, dup: true });
      assert.deepEqual(
        again.received().map(({ type }) => type),
        ['pubrec'],
      );
      await again.drop();
    }
    const back = await broker.connect('id', lasting(version));
    assert.deepEqual(back.payloads(), ['once']);
  });
});

describe('the session expiry interval', () => {
  const cases = [
    { says: 'absent', interval: undefined, away: 0, present: false },
    { says: '0', interval: 0, away: 0, present: false },
    { says: '10 s, before it [MQTT-3.1.2-23]', interval: 10, away: 9.9, present: true },
    { says: '10 s, after it [MQTT-4.1.0-2]', interval: 10, away: 10.1, present: false },
    { says: 'for ever', interval: 0xffff_ffff, away: 0xffff_ffff + 1, present: true },
    { says: 'almost for ever', interval: 0xffff_fffe, away: 0xffff_ffff, present: false },
  ];
  for (const { says, interval, away, present } of cases) {
    it(`of ${says}, decides whether the session is there`, async () => {
      const broker = new TestBroker();
      const properties = interval === undefined ? undefined : { sessionExpiryInterval: interval };
      const client = await broker.connect('id', { cleanStart: false, properties });
      await client.subscribe('news', { qos: 1 });
      await client.drop();
      await publishNews(broker, 'while away');
      await broker.advance(away);
      const back = broker.open();
      assert.equal(await returns(back, { cleanStart: false }), present);
      assert.deepEqual(back.payloads(), present ? ['while away'] : []);
      await publishNews(broker, 'when back');
      assert.deepEqual(back.payloads(), present ? ['when back'] : []);
    });
  }

  it('begins anew with each connection, and each may set another [MQTT-4.1.0-2]', async () => {
    const broker = new TestBroker();
    const properties = { sessionExpiryInterval: 10 };
    const first = await broker.connect('id', { properties });
    await first.drop();
    await broker.advance(9);
    const second = await broker.connect('id', { cleanStart: false, properties });
    await broker.advance(60);
    await second.drop();
    await broker.advance(9);
    assert.equal(await returns(broker.open(), { cleanStart: false }), true);
  });

  it('of DISCONNECT replaces that of CONNECT [MQTT-4.1.0-2]', async () => {
    const broker = new TestBroker();
    for (const { interval, present } of [
      { interval: 0, present: false },
      { interval: 100, present: true },
    ]) {
      const client = await broker.connect('id', { properties: { sessionExpiryInterval: 10 } });
      await client.send({
        type: 'disconnect',
        reasonCode: 0,
        properties: { sessionExpiryInterval: interval },
      });
      await broker.advance(50);
      assert.equal(await returns(broker.open(), { cleanStart: false }), present);
    }
  });

  it('of DISCONNECT may not keep a session that CONNECT gave up', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id');
    await client.sendBytes('e0 [00 [11 0000000a]]');
    const [disconnect] = client.received();
    assert.equal(disconnect.type === 'disconnect' && disconnect.reasonCode, 0x82);
    assert.equal(client.isClosed, true);
    assert.equal(await returns(broker.open(), { cleanStart: false }), false);
  });

  it('is cut to what the server allows, and CONNACK says so', async () => {
    const broker = new TestBroker({ limits: { sessionExpirySecondsMax: 60 } });
    const client = broker.open();
    const connack = await client.connect('id', { properties: { sessionExpiryInterval: 100 } });
    assert.equal(connack?.type, 'connack');
    assert.equal(connack.properties?.sessionExpiryInterval, 60);
    await client.drop();
    await broker.advance(61);
    assert.equal(await returns(broker.open(), { cleanStart: false }), false);
  });

  it('takes a whole session along: queue, subscriptions, QoS 2 state [MQTT-4.1.0-2]', async () => {
    const broker = new TestBroker();
    const properties = { sessionExpiryInterval: 10 };
    const client = await broker.connect('id', { properties });
    await client.subscribe('news', { qos: 2 });
    await client.publish('news', 'own', { qos: 2, packetId: 5 });
    await client.drop();
    await broker.advance(11);
    const back = broker.open();
    assert.equal(await returns(back, { cleanStart: false }), false);
    assert.deepEqual(back.received(), []);
    // The identifier is free again, so that this is no duplicate.
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('news');
    await back.publish('news', 'other', { qos: 2, packetId: 5 });
    assert.deepEqual(watcher.payloads(), ['other']);
    assert.deepEqual(
      back.received().map(({ type }) => type),
      ['pubrec'],
    );
  });
});

it('ends a clean session of MQTT 3.1.1 with its connection [MQTT3-3.1.2-6]', async () => {
  const broker = new TestBroker();
  const client = await broker.connect('id', { version: 4, cleanStart: true });
  await client.subscribe('news', { qos: 1 });
  await client.drop();
  await publishNews(broker, 'while away');
  const back = broker.open(4);
  assert.equal(await returns(back, { cleanStart: false }), false);
  await publishNews(broker, 'when back');
  assert.deepEqual(back.received(), []);
});
