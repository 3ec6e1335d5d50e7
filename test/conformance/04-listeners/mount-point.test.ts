/** Clients of a listener with a mount point live below it, and do not see it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Message } from '../../../src/session/message.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker, type TestBrokerOptions, type TestClient } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } } as const;

/** A broker whose usual listener has no mount point, and ways to two that have one. */
function mounted(options: TestBrokerOptions = {}) {
  const broker = new TestBroker(options);
  const way = (mountPoint: string) => ({ listener: broker.broker.listener({ mountPoint }) });
  return { broker, here: way('here/'), there: way('there/') };
}

/** Topic and payload of what has come, as the client sees it. */
function seen(client: TestClient): string[] {
  return client
    .publishes()
    .map(({ topic, payload }) => `${topic}=${new TextDecoder().decode(payload)}`);
}

describe('a mount point', () => {
  it('keeps the clients of two listeners apart', async () => {
    const { broker, here, there } = mounted();
    const clients = {
      here: await broker.connect('1', {}, here),
      there: await broker.connect('2', {}, there),
      outside: await broker.connect('3'),
    };
    for (const client of Object.values(clients)) await client.subscribe('#');
    await (await broker.connect('4', {}, here)).publish('a', 'h');
    await (await broker.connect('5', {}, there)).publish('a', 't');
    await (await broker.connect('6')).publish('a', 'o');
    await (await broker.connect('7')).publish('here/b', 'oh');
    assert.deepEqual(seen(clients.here), ['a=h', 'b=oh']);
    assert.deepEqual(seen(clients.there), ['a=t']);
    assert.deepEqual(seen(clients.outside), ['here/a=h', 'there/a=t', 'a=o', 'here/b=oh']);
  });

  it('does not show on the wire', async () => {
    const { broker, here } = mounted();
    const client = await broker.connect('1', {}, here);
    await client.sendBytes('82 [0001 [] "+/b" 01]');
    await client.sendBytes('32 ["a/b" 0002 [] (x)]');
    await client.sendBytes('a2 [0003 [] "+/b"]');
    await client.sendBytes('a2 [0004 [] "+/b"]');
    assert.equal(
      client.receivedHex(),
      [
        '90 04 00 01 00 01',
        '32 09 00 03 61 2f 62 00 01 00 78',
        '40 02 00 02',
        'b0 04 00 03 00 00',
        'b0 04 00 04 00 11',
      ].join(' '),
    );
  });

  it('is put before the filter inside of a shared subscription', async () => {
    const { broker, here, there } = mounted();
    const first = await broker.connect('1', {}, here);
    const second = await broker.connect('2', {}, here);
    const other = await broker.connect('3', {}, there);
    for (const client of [first, second, other]) await client.subscribe('$share/g/a/#');
    const publisher = await broker.connect('4', {}, here);
    for (let i = 1; i <= 4; i++) await publisher.publish('a/b', String(i));
    assert.deepEqual(seen(first), ['a/b=1', 'a/b=3']);
    assert.deepEqual(seen(second), ['a/b=2', 'a/b=4']);
    assert.deepEqual(seen(other), []);
    await first.sendBytes('a2 [0003 [] "$share/g/a/#"]');
    assert.equal(first.receivedHex().endsWith('b0 04 00 03 00 00'), true);
  });

  it('is put before the topic of a will, and taken off it', async () => {
    const { broker, here } = mounted();
    const outside = await broker.connect('1');
    const inside = await broker.connect('2', {}, here);
    for (const client of [outside, inside]) await client.subscribe('#');
    const will = { topic: 'w', payload: new Uint8Array([0x78]), qos: 0, retain: false } as const;
    await (await broker.connect('3', { will }, here)).drop();
    assert.deepEqual(seen(outside), ['here/w=x']);
    assert.deepEqual(seen(inside), ['w=x']);
  });

  it('holds for retained messages, and they can be cleared', async () => {
    const { broker, here, there } = mounted();
    const publisher = await broker.connect('1', {}, here);
    await publisher.publish('a', 'x', { retain: true });
    const seenBy = async (way?: typeof here) => {
      const client = await broker.connect('2', {}, way);
      await client.subscribe('#');
      return seen(client);
    };
    assert.deepEqual(await seenBy(here), ['a=x']);
    assert.deepEqual(await seenBy(there), []);
    assert.deepEqual(await seenBy(), ['here/a=x']);
    await publisher.publish('a', '', { retain: true });
    assert.deepEqual(await seenBy(here), []);
  });

  it('leaves topic aliases as they are, both ways', async () => {
    const { broker, here } = mounted();
    const client = await broker.connect('1', { properties: { topicAliasMaximum: 1 } }, here);
    await client.subscribe('#');
    await client.publish('a', '1', { properties: { topicAlias: 5 } });
    await client.publish('', '2', { properties: { topicAlias: 5 } });
    await client.publish('b', '3');
    const got = client.publishes().map(({ topic, properties }) => [topic, properties?.topicAlias]);
    assert.deepEqual(got, [
      ['a', 1],
      ['', 1],
      ['b', undefined],
    ]);
  });

  it('gives every receiver of one message its own topic, though it is encoded once', async () => {
    const { broker, here } = mounted();
    const inside: TestClient[] = [];
    const outside: TestClient[] = [];
    for (let i = 0; i < 4; i++) {
      inside.push(
        await broker.connect(`in ${i}`, { version: i % 2 ? 4 : 5, properties: undefined }, here),
      );
      outside.push(
        await broker.connect(`out ${i}`, { version: i % 2 ? 4 : 5, properties: undefined }),
      );
    }
    // In turns, so that what was encoded for one is at hand for the next.
    for (let i = 0; i < 4; i++) {
      for (const client of [inside[i], outside[i]]) await client.subscribe('#', { qos: 1 });
    }
    await (await broker.connect('publisher', {}, here)).publish('a', 'x', { qos: 1 });
    for (const client of inside) assert.deepEqual(seen(client), ['a=x']);
    for (const client of outside) assert.deepEqual(seen(client), ['here/a=x']);
  });

  it('is in what the gatekeeper is asked', async () => {
    const asked: string[] = [];
    const note = (what: string) => (topic: string) => {
      asked.push(`${what} ${topic}`);
      return 0 as const;
    };
    const gatekeeper = new TestGatekeeper({
      publish: note('publish'),
      subscribe: note('subscribe'),
      receive: (_client, topic) => note('receive')(topic) === 0,
    });
    const { broker, here } = mounted({ gatekeeper });
    const client = await broker.connect('1', {}, here);
    await client.subscribe('a');
    await client.subscribe('$share/g/b');
    await client.publish('a', 'x');
    assert.deepEqual(asked, [
      'subscribe here/a',
      'subscribe here/b',
      'publish here/a',
      'receive here/a',
    ]);
  });

  it('hides $SYS, and lets its clients have topics of that name', async () => {
    const { broker, here } = mounted({ systemTopicSeconds: 10 });
    const client = await broker.connect('1', {}, here);
    await client.subscribe('$SYS/#');
    await client.publish('$SYS/a', 'x');
    await broker.advance(20);
    assert.deepEqual(seen(client), ['$SYS/a=x']);
  });

  it("does not bring its parent's topic, which 'here/#' matches", async () => {
    const { broker, here } = mounted();
    const client = await broker.connect('1', {}, here);
    await client.subscribe('#', { qos: 1 });
    broker.broker.publish(new Message('here', new Uint8Array([1]), { qos: 1, retain: true }));
    await broker.settle();
    const late = await broker.connect('2', {}, here);
    await late.subscribe('#');
    assert.deepEqual([outcomeOf(client), outcomeOf(late)], [[], []]);
  });

  const tooMuch = {
    levels: `a${'/a'.repeat(200)}`,
    bytes: 'a'.repeat(65_531),
    'bytes beyond ASCII': '€'.repeat(21_844),
  };
  for (const [what, name] of Object.entries(tooMuch)) {
    it(`counts its ${what}, and refuses what has too many with it`, async () => {
      const { broker, here } = mounted();
      const outside = await broker.connect('outside');
      await outside.subscribe('#');
      const publisher = await broker.connect('1', {}, here);
      await publisher.publish(name, 'x');
      assert.deepEqual(outcomeOf(publisher), ['disconnect 90', 'closed']);
      const subscriber = await broker.connect('2', lasting, here);
      await subscriber.sendBytes(`82 [0001 [] "${name}" 00]`);
      assert.deepEqual(outcomeOf(subscriber), ['disconnect 81', 'closed']);
      const testator = broker.open(5, here);
      const will = { topic: name, payload: new Uint8Array(), qos: 0, retain: false } as const;
      const connack = await testator.connect('3', { will });
      assert.equal(connack?.type === 'connack' && connack.reasonCode, 0x90);
      assert.deepEqual(outcomeOf(outside), []);
    });
  }

  it('leaves room for as many bytes as there may be', async () => {
    const { broker, here } = mounted();
    const outside = await broker.connect('outside');
    await outside.subscribe('#');
    const publisher = await broker.connect('1', {}, here);
    await publisher.publish('a'.repeat(65_530), 'x');
    assert.deepEqual(outcomeOf(outside), ['publish x']);
  });
});

describe('a session that is taken up below another mount point', () => {
  for (const qos of [0, 1, 2] as const) {
    it(`gets nothing from outside of it any more, at QoS ${qos}`, async () => {
      const drops: string[] = [];
      const { broker, here } = mounted({
        features: { queueQos0: true },
        observer: {
          messageDropped: (_id, { topic }, _qos, cause) => drops.push(`${topic} ${cause}`),
        },
      });
      const first = await broker.connect('id', lasting);
      await first.subscribe('#', { qos });
      await first.drop();
      const publisher = await broker.connect('publisher');
      let packetId = 0;
      const publishBoth = async (payload: string) => {
        for (const topic of ['a', 'here/a']) {
          await publisher.publish(topic, payload, { qos, packetId: qos && ++packetId });
        }
      };
      await publishBoth('waits');
      const second = broker.open(5, here);
      await second.connect('id', lasting);
      await publishBoth('since');
      assert.deepEqual(seen(second), ['a=waits', 'a=since']);
      assert.deepEqual(drops, ['a not allowed']);
      assert.equal(second.isClosed, false);
    });
  }
});
