/** Limits that are nobody else's subject: each is crossed, and what happens is what is promised. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { publishOf, TestBroker, type TestClient } from '../../test/harness/test-broker.ts';
import type { Packet } from '../packet/packet.ts';
import { completeLimits, type Limits } from './limits.ts';

type ReasonCodes = readonly number[];

async function subscribeAll(client: TestClient, filters: readonly string[]): Promise<ReasonCodes> {
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = filters.map((filter) => ({ filter, ...options }));
  await client.send({ type: 'subscribe', packetId: 1, subscriptions });
  const [answer] = client.received();
  return 'reasonCodes' in answer ? answer.reasonCodes : [codeOf(answer)];
}

function codeOf(packet: Packet | undefined): number {
  return packet !== undefined && 'reasonCode' in packet ? packet.reasonCode : -1;
}

describe('a limit on subscriptions refuses with 0x97', () => {
  const check = (limits: Partial<Limits>, filters: readonly string[], codes: ReasonCodes) =>
    it(`${JSON.stringify(limits)}: ${filters.map((filter) => filter.slice(0, 20))}`, async () => {
      const client = await new TestBroker({ limits }).connect('client');
      assert.deepEqual(await subscribeAll(client, filters), codes);
    });

  check({ subscriptionsMax: 2 }, ['a', 'b', 'a', 'c'], [0, 0, 0, 0x97]);
  check({ sharedSubscriptionsMax: 1 }, ['$share/g/a', '$share/g/b', 'c'], [0, 0x97, 0]);
  check({ subscriptionBytesMax: 500 }, ['a/b/c', 'd', `e${'/'.repeat(9)}`], [0, 0x97, 0x97]);
  check({ filtersPerPacketMax: 2 }, ['a', 'b'], [0, 0]);
  check({ filtersPerPacketMax: 2 }, ['a', 'b', 'c'], [0x97]);

  it('counts what is unsubscribed no more', async () => {
    const limits = { sharedSubscriptionsMax: 1, subscriptionBytesMax: 200 };
    const client = await new TestBroker({ limits }).connect('client');
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await subscribeAll(client, ['$share/g/a']), [0x97]);
      assert.deepEqual(await subscribeAll(client, ['a']), [0]);
      await client.send({ type: 'unsubscribe', packetId: 1, filters: ['a'] });
      client.received();
    }
  });

  it('holds for UNSUBSCRIBE too', async () => {
    const client = await new TestBroker({ limits: { filtersPerPacketMax: 1 } }).connect('client');
    await client.send({ type: 'unsubscribe', packetId: 1, filters: ['a', 'b'] });
    assert.deepEqual([codeOf(client.received()[0]), client.isClosed], [0x97, true]);
  });
});

describe('what one connection may do in a turn', () => {
  const publishes = Array.from({ length: 100 }, (_, i) => publishOf('a', String(i)));

  const check = (limits: Partial<Limits>) =>
    it(`${JSON.stringify(limits)}: the rest comes in later turns, and all of it`, async () => {
      const broker = new TestBroker({ limits });
      const subscriber = await broker.connect('subscriber');
      await subscriber.subscribe('a');
      const publisher = await broker.connect('publisher');
      broker.turns = 0;
      await publisher.send(...publishes, { type: 'pingreq' });
      assert.deepEqual(
        subscriber.payloads(),
        publishes.map((_, i) => String(i)),
      );
      assert.deepEqual(
        publisher.received().map(({ type }) => type),
        ['pingresp'],
      );
      assert.equal(publisher.far.isPaused, false);
      assert.ok(broker.turns > 5, `${broker.turns} turns`);
    });

  check({ deliveriesPerTurnMax: 10 });

  it('deliveriesPerTurnMax: messages to retain count more', async () => {
    const broker = new TestBroker({ limits: { deliveriesPerTurnMax: 400 } });
    const publisher = await broker.connect('publisher');
    broker.turns = 0;
    await publisher.send(
      ...publishes.map((_, i) => publishOf(`a/${i}`, 'retained', { retain: true })),
    );
    assert.ok(broker.turns >= 9 && broker.turns <= 11, `${broker.turns} turns`);
  });

  it('inputBytesPerTurnMax: a client that sends more is not read until the next', async () => {
    const broker = new TestBroker({ limits: { inputBytesPerTurnMax: 100 } });
    const client = await broker.connect('client');
    client.write(...publishes);
    client.carry();
    assert.equal(client.far.isPaused, true);
    await broker.settle();
    assert.equal(client.far.isPaused, false);
  });
});

describe('completeLimits', () => {
  const check = (changes: Partial<Limits>, expected: Partial<Limits>) =>
    it(`makes ${Object.entries(expected)} of ${Object.entries(changes)}`, () => {
      const [name] = Object.keys(changes) as (keyof Limits)[];
      assert.equal(completeLimits(changes)[name], expected[name]);
    });

  check({ sessionExpirySecondsMax: 0xffff_fffe }, { sessionExpirySecondsMax: 0xffff_fffe });
  check({ sessionExpirySecondsMax: 6e9 }, { sessionExpirySecondsMax: Number.POSITIVE_INFINITY });
  check({ sessionExpirySecondsMax: 1.5 }, { sessionExpirySecondsMax: 1 });
  check({ packetBytesMax: 2 ** 31 }, { packetBytesMax: 267_386_880 });
  check({ inflightMessagesMax: 100_000 }, { inflightMessagesMax: 65_535 });
  check({ keepAliveSecondsMax: 100_000 }, { keepAliveSecondsMax: 65_535 });
  check({ topicAliasMax: 100_000 }, { topicAliasMax: 65_535 });

  it('lets a client in where every limit is beyond what MQTT can say', async () => {
    const limits = {
      sessionExpirySecondsMax: 6.3e9,
      packetBytesMax: Number.POSITIVE_INFINITY,
      inflightMessagesMax: 1e6,
      keepAliveSecondsMax: 1e6,
      topicAliasMax: 1e6,
    };
    const properties = { sessionExpiryInterval: 0xffff_ffff };
    await new TestBroker({ limits }).connect('client', { properties });
  });
});
