/** Who may receive what: each delivery is checked, and nobody is asked twice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Gatekeeper } from '../../../src/broker/ports.ts';
import { TestBroker, type TestBrokerOptions } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } } as const;

/** `secret/…` is for the user boss alone. */
const secretive = () =>
  new TestGatekeeper({
    receive: ({ userName }, topic) => !topic.startsWith('secret/') || userName === 'boss',
    rule: 'line 7',
  });

function scene(gatekeeper: Gatekeeper = secretive(), options: TestBrokerOptions = {}) {
  const broker = new TestBroker({ gatekeeper, ...options });
  const publisher = broker.connect('publisher');
  const publish = async (topic: string, payload: string, more = {}) =>
    (await publisher).publish(topic, payload, more);
  return { broker, gatekeeper, publish };
}

describe('a message that a subscriber may not receive', () => {
  for (const qos of [0, 1, 2] as const) {
    it(`reaches those alone who may, at QoS ${qos}`, async () => {
      const { broker, publish } = scene();
      const clerk = await broker.connect('clerk', { userName: 'clerk' });
      const boss = await broker.connect('boss', { userName: 'boss' });
      for (const client of [clerk, boss]) await client.subscribe('#', { qos });
      await publish('secret/1', 'one', { qos });
      await publish('open', 'two', { qos, packetId: 2 });
      assert.deepEqual(clerk.payloads(), ['two']);
      assert.deepEqual(boss.payloads(), ['one', 'two']);
    });
  }

  it('is not owed for any of several subscriptions', async () => {
    const { broker, publish } = scene();
    const clerk = await broker.connect('clerk');
    for (const filter of ['secret/+', 'secret/1', '#']) await clerk.subscribe(filter);
    await publish('secret/1', 'one');
    assert.deepEqual(clerk.payloads(), []);
  });

  it('is not sent as a retained one either', async () => {
    const { broker, publish } = scene();
    await publish('secret/1', 'one', { retain: true });
    await publish('open', 'two', { retain: true });
    const clerk = await broker.connect('clerk');
    await clerk.subscribe('#');
    assert.deepEqual(clerk.payloads(), ['two']);
  });

  it('is told to an observer, with the rule, once for each route', async () => {
    const told: string[] = [];
    const observer: TestBrokerOptions['observer'] = {
      receiveDenied: ({ clientId }, topic, rule) => told.push(`${clientId} ${topic}: ${rule}`),
    };
    const { broker, publish } = scene(secretive(), { observer });
    await (await broker.connect('clerk')).subscribe('#');
    for (let i = 0; i < 3; i++) await publish('secret/1', 'one');
    assert.deepEqual(told, ['clerk secret/1: line 7 receive secret/1']);
  });
});

describe('the gatekeeper', () => {
  it('is asked once for each subscriber and topic, not for each message', async () => {
    const gatekeeper = secretive();
    const { broker, publish } = scene(gatekeeper);
    const clients = [await broker.connect('1'), await broker.connect('2')];
    for (const client of clients) await client.subscribe('a/#');
    for (let i = 0; i < 50; i++) await publish('a/b', 'x');
    assert.deepEqual(gatekeeper.asked, ['1 a/b', '2 a/b']);
  });

  it('is asked anew when access has changed', async () => {
    const allowed = new Set(['open']);
    const gatekeeper = new TestGatekeeper({ receive: (_client, topic) => allowed.has(topic) });
    const { broker, publish } = scene(gatekeeper);
    const client = await broker.connect('id');
    await client.subscribe('#');
    const publishBoth = async () => {
      await publish('open', 'open');
      await publish('shut', 'shut');
      return client.payloads();
    };
    assert.deepEqual(await publishBoth(), ['open']);
    allowed.delete('open');
    allowed.add('shut');
    assert.deepEqual(await publishBoth(), ['open']);
    broker.broker.accessChanged();
    assert.deepEqual(await publishBoth(), ['shut']);
  });

  it('is asked anew when the client comes back as another user', async () => {
    const { broker, publish } = scene();
    const first = await broker.connect('id', { ...lasting, userName: 'clerk' });
    await first.subscribe('secret/1');
    await publish('secret/1', 'one');
    const second = await broker.connect('id', { ...lasting, userName: 'boss' });
    await publish('secret/1', 'two');
    assert.deepEqual(second.payloads(), ['two']);
    const third = await broker.connect('id', { ...lasting, userName: 'clerk' });
    await publish('secret/1', 'three');
    assert.deepEqual(third.payloads(), []);
  });

  it('of the listener decides, and another one when the client comes by another', async () => {
    const { broker, publish } = scene(new TestGatekeeper());
    const strict = broker.broker.listener({ name: 'strict', gatekeeper: secretive() });
    const first = await broker.connect('id', lasting, { listener: strict });
    await first.subscribe('secret/1');
    await publish('secret/1', 'one');
    assert.deepEqual(first.payloads(), []);
    const second = await broker.connect('id', lasting);
    await publish('secret/1', 'two');
    assert.deepEqual(second.payloads(), ['two']);
  });
});

describe('what comes for a client that is away', () => {
  it('is decided by who it was when it left', async () => {
    const { broker, publish } = scene();
    for (const user of ['clerk', 'boss']) {
      const client = await broker.connect(user, { ...lasting, userName: user });
      await client.subscribe('#', { qos: 1 });
      await client.drop();
    }
    await publish('secret/1', 'one', { qos: 1 });
    for (const [user, payloads] of [
      ['clerk', []],
      ['boss', ['one']],
    ] as const) {
      const back = broker.open();
      await back.connect(user, { ...lasting, userName: user });
      assert.deepEqual(back.payloads(), payloads, user);
    }
  });

  it('is decided by the new gatekeeper of its listener after a reload', async () => {
    const before = new TestGatekeeper({ receive: () => true });
    const broker = new TestBroker({ listener: { name: '1883', gatekeeper: before } });
    const client = await broker.connect('id', lasting);
    await client.subscribe('#', { qos: 1 });
    await client.drop();
    const publisher = await broker.connect('publisher');
    const after = new TestGatekeeper({ receive: () => false });
    await publisher.publish('a', 'one', { qos: 1 });
    broker.listener.change({ name: '1883', gatekeeper: after });
    await publisher.publish('a', 'two', { qos: 1 });
    assert.deepEqual([before.asked, after.asked], [['id a'], ['id a']]);
  });
});

describe('a shared subscription', () => {
  it('passes over a member that may not receive the topic', async () => {
    const { broker, publish } = scene();
    const clerk = await broker.connect('clerk', { userName: 'clerk' });
    const boss = await broker.connect('boss', { userName: 'boss' });
    for (const client of [clerk, boss]) await client.subscribe('$share/g/#');
    for (let i = 1; i <= 4; i++) await publish('secret/1', `secret ${i}`);
    for (let i = 1; i <= 4; i++) await publish('open', `open ${i}`);
    assert.deepEqual(clerk.payloads(), ['open 1', 'open 3']);
    const all = ['secret 1', 'secret 2', 'secret 3', 'secret 4', 'open 2', 'open 4'];
    assert.deepEqual(boss.payloads(), all);
  });

  it('drops with a cause what nobody in it may receive', async () => {
    const drops: string[] = [];
    const observer: TestBrokerOptions['observer'] = {
      messageDropped: (clientId, { topic }, qos, cause) => {
        drops.push(`${clientId} ${topic} ${qos} ${cause}`);
      },
    };
    const { broker, publish } = scene(secretive(), { observer });
    await (await broker.connect('clerk')).subscribe('$share/g/#', { qos: 1 });
    await publish('secret/1', 'one', { qos: 2 });
    assert.deepEqual(drops, ['clerk secret/1 1 not allowed']);
  });

  it('asks once for each member and topic, until members or access change', async () => {
    const gatekeeper = secretive();
    const { broker, publish } = scene(gatekeeper);
    await (await broker.connect('1')).subscribe('$share/g/a');
    const publishTwice = async () => {
      gatekeeper.asked.splice(0);
      for (let i = 0; i < 2; i++) await publish('a', 'x');
      return gatekeeper.asked;
    };
    assert.deepEqual(await publishTwice(), ['1 a']);
    assert.deepEqual(await publishTwice(), []);
    const second = await broker.connect('2');
    await second.subscribe('$share/g/a');
    assert.deepEqual(await publishTwice(), ['1 a', '2 a']);
    broker.broker.accessChanged();
    assert.deepEqual(await publishTwice(), ['1 a', '2 a']);
    await second.drop();
    assert.deepEqual(await publishTwice(), ['1 a']);
  });

  it('forgets some answers before they become too many, and still decides right', async () => {
    const gatekeeper = secretive();
    const { broker, publish } = scene(gatekeeper);
    const clerk = await broker.connect('clerk');
    await clerk.subscribe('$share/g/#');
    for (let i = 0; i < 1100; i++) await publish(i % 2 ? `secret/${i}` : `open/${i}`, 'x');
    assert.equal(clerk.payloads().length, 550);
  });
});

describe('a refusal', () => {
  it('is told with the rule that has decided, where somebody looks', async () => {
    const told: (string | undefined)[] = [];
    const refuses = new TestGatekeeper({ publish: () => 0x87, subscribe: () => 0x87, rule: 'r' });
    const broker = new TestBroker({
      gatekeeper: refuses,
      observer: {
        publishDenied: (_client, topic, _code, rule) => told.push(`${topic}: ${rule}`),
        subscribeDenied: (_client, filter, _code, rule) => told.push(`${filter}: ${rule}`),
      },
    });
    const will = { topic: 'will', payload: new Uint8Array(), qos: 0, retain: false } as const;
    const client = await broker.connect('id', { will });
    await client.publish('a', 'x');
    await client.publish('$SYS/a', 'x');
    await client.subscribe('$share/g/b');
    await client.drop();
    assert.deepEqual(told, [
      'a: r publish a',
      '$SYS/a: undefined',
      '$share/g/b: r subscribe b',
      'will: r publish will',
    ]);
  });
});

describe('what has waited for a client', () => {
  it('does not reach it when it comes back as somebody who may not have it', async () => {
    const drops: string[] = [];
    const observer: TestBrokerOptions['observer'] = {
      messageDropped: (_id, { topic }, _qos, cause) => drops.push(`${topic} ${cause}`),
    };
    const { broker, publish } = scene(secretive(), { observer });
    const boss = await broker.connect('id', { ...lasting, userName: 'boss' });
    await boss.subscribe('#', { qos: 1 });
    await boss.drop();
    await publish('secret/1', 'one', { qos: 1 });
    await publish('open', 'two', { qos: 1 });
    const clerk = broker.open();
    await clerk.connect('id', { ...lasting, userName: 'clerk' });
    assert.deepEqual(clerk.payloads(), ['two']);
    assert.deepEqual(drops, ['secret/1 not allowed']);
  });

  for (const qos of [1, 2] as const) {
    it(`is not sent again to somebody who may not have it, at QoS ${qos}`, async () => {
      const drops: string[] = [];
      const observer: TestBrokerOptions['observer'] = {
        messageDropped: (_id, { topic }, _qos, cause) => drops.push(`${topic} ${cause}`),
      };
      const { broker, publish } = scene(secretive(), { observer });
      const boss = await broker.connect('id', { ...lasting, userName: 'boss' });
      await boss.subscribe('#', { qos });
      await publish('secret/1', 'one', { qos });
      await publish('open', 'two', { qos, packetId: 2 });
      assert.deepEqual(boss.payloads(), ['one', 'two']);
      const clerk = broker.open();
      await clerk.connect('id', { ...lasting, userName: 'clerk' });
      assert.deepEqual(clerk.payloads(), ['two']);
      assert.deepEqual(drops, ['secret/1 not allowed']);
      // Neither does it stand in the way of what comes next.
      await publish('open', 'three', { qos, packetId: 3 });
      assert.deepEqual(clerk.payloads(), ['three']);
    });
  }

  it('reaches it when access has come since', async () => {
    const gatekeeper = new TestGatekeeper({ receive: () => true });
    const { broker, publish } = scene(gatekeeper);
    const first = await broker.connect('id', lasting);
    await first.subscribe('#', { qos: 1 });
    await first.drop();
    for (let i = 1; i <= 30; i++) await publish('a', String(i), { qos: 1 });
    const back = broker.open();
    await back.connect('id', lasting);
    assert.equal(back.payloads().length, 20);
    assert.deepEqual(gatekeeper.asked.length, 21);
  });
});
