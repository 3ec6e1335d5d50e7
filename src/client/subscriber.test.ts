/** What the server is asked for, through connections; what becomes of what it sends. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../test/harness/client-stage.ts';
import {
  granted,
  identifierOf,
  mqttStage,
  mqttWelcomed,
  published,
  Reader,
  reconnected,
} from '../../test/harness/mqtt-client-stage.ts';
import type { IncomingMessage } from './incoming-message.ts';

const filtersOf = (packets: { type: string }[]) =>
  packets.flatMap((packet) => {
    if (packet.type === 'subscribe') {
      const { subscriptions } = packet as never as { subscriptions: { filter: string }[] };
      return subscriptions.map(({ filter }) => `+${filter}`);
    }
    if (packet.type !== 'unsubscribe') return [];
    return (packet as never as { filters: string[] }).filters.map((filter) => `-${filter}`);
  });

const refusal = { type: 'suback', reasonCodes: [0x87], properties: undefined } as const;

describe('subscriptions through connections', () => {
  it('are asked for again when the server has lost the session, in their order', async () => {
    const stage = await mqttWelcomed();
    stage.client.subscribe(['a', 'b']);
    stage.client.subscribe('c', () => {});
    await granted(stage);
    await reconnected(stage, { sessionPresent: false });
    assert.deepEqual(filtersOf(stage.server.received()), ['+a', '+b', '+c']);
  });

  it('that the server refuses are told of, at once and when they are to be restored', async () => {
    const stage = await mqttWelcomed();
    const refused: string[] = [];
    stage.client.on('refused', ({ filter, failure: { reasonCode } }) => {
      refused.push(`${filter} 0x${reasonCode?.toString(16)}`);
    });
    const answer = async (reasonCodes: readonly (0 | 0x87)[]) => {
      await stage.network.settle();
      for (const packet of stage.server.received()) {
        if (packet.type !== 'subscribe') continue;
        const [{ filter }] = packet.subscriptions;
        const { packetId } = packet;
        const reasonCode = reasonCodes[filter === 'a' ? 0 : 1];
        await stage.server.send({ ...refusal, packetId, reasonCodes: [reasonCode] });
      }
    };
    // Nobody looks at `granted`, and nothing is left unhandled.
    stage.client.subscribe('a', () => {});
    stage.client.subscribe('b', () => {});
    await answer([0x87, 0]);
    assert.deepEqual(refused, ['a 0x87']);
    await reconnected(stage, { sessionPresent: false });
    await answer([0x87, 0x87]);
    assert.deepEqual(refused, ['a 0x87', 'b 0x87']);
  });

  it('are not asked for again when the server has kept it', async () => {
    const stage = await mqttWelcomed();
    stage.client.subscribe(['a', 'b']);
    await granted(stage);
    await reconnected(stage, { sessionPresent: true });
    assert.deepEqual(filtersOf(stage.server.received()), []);
  });

  it('are asked for again where the server has not answered, also in a session that it kept', async () => {
    const stage = await mqttWelcomed();
    const first = stage.client.subscribe('a');
    const second = stage.client.subscribe('a', { qos: 1 });
    await stage.network.settle();
    const [{ packetId }] = stage.server.received() as never as { packetId: number }[];
    await stage.server.send({ ...refusal, packetId, reasonCodes: [0] });
    assert.deepEqual(await first.granted, [0]);
    await reconnected(stage, { sessionPresent: true });
    const [again, ...others] = await granted(stage);
    assert.deepEqual([again.subscriptions[0].qos, others], [1, []]);
    assert.deepEqual(await stage.network.settled(second.granted), [1]);
  });

  it('that were made meanwhile are asked for, and those that ended are ended there', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    await granted(stage);
    await stage.server.drop();
    await stage.network.settled(a.unsubscribe());
    const b = stage.client.subscribe('b');
    await stage.network.advance(1);
    await stage.server.letIn({ sessionPresent: true });
    const packets = stage.server.received();
    assert.deepEqual(filtersOf(packets), ['+b', '-a']);
    const { packetId } = packets[0] as { packetId: number } & (typeof packets)[0];
    await stage.server.send({ ...refusal, packetId, reasonCodes: [0] });
    assert.deepEqual(await stage.network.settled(b.granted), [0]);
  });

  it('that ended and came back stay', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    await granted(stage);
    await stage.server.drop();
    await stage.network.settled(a.unsubscribe());
    stage.client.subscribe('a');
    await stage.network.advance(1);
    await stage.server.letIn({ sessionPresent: true });
    assert.deepEqual(filtersOf(stage.server.received()), ['+a']);
  });

  it('are asked for again where the session may be another than it was', async () => {
    const stage = await mqttWelcomed();
    stage.client.subscribe('a', { retainHandling: 0 });
    await granted(stage);
    await stage.server.drop();
    await stage.network.advance(1);
    // CONNACK, with a new session, is lost on the way.
    await stage.server.drop();
    await stage.network.advance(3);
    await stage.server.letIn({ sessionPresent: true });
    const [again] = await granted(stage);
    assert.deepEqual(
      again.subscriptions.map(({ filter, retainHandling }) => [filter, retainHandling]),
      [['a', 1]],
    );
    await stage.server.drop();
    await stage.network.advance(5);
    await stage.server.letIn({ sessionPresent: true });
    assert.deepEqual(filtersOf(stage.server.received()), []);
  });

  it('get a message of QoS 2 that a session which may be another sends under an id of the old', async () => {
    const stage = await mqttWelcomed();
    const reader = new Reader(stage.client.subscribe('a', { qos: 2 }));
    await granted(stage);
    const send = (payload: string, dup: boolean) =>
      stage.server.send(published('a', payload, { qos: 2, packetId: 1, dup }));
    await send('1', false);
    await stage.network.settle();
    await stage.server.drop();
    await stage.network.advance(1);
    // CONNACK is lost on the way.
    await stage.server.drop();
    await stage.network.advance(3);
    await stage.server.letIn({ sessionPresent: true });
    await send('1', true);
    assert.deepEqual(reader.texts, ['1']);
    await send('2', false);
    assert.deepEqual(reader.texts, ['1', '2']);
    await send('2', true);
    assert.deepEqual(reader.texts, ['1', '2']);
  });

  it('that ended when their end was not confirmed are ended once more', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    await granted(stage);
    const ending = a.unsubscribe();
    await stage.network.settle();
    assert.deepEqual(filtersOf(stage.server.received()), ['-a']);
    await reconnected(stage, { sessionPresent: true });
    assert.deepEqual(filtersOf(stage.server.received()), ['-a']);
    await ending;
    await reconnected(stage, { sessionPresent: false });
    assert.deepEqual(filtersOf(stage.server.received()), []);
  });

  it('that were never asked for leave nothing behind', async () => {
    const stage = await mqttWelcomed();
    await stage.server.drop();
    const a = stage.client.subscribe('a');
    const refused = assert.rejects(a.granted, failure('not connected'));
    await stage.network.settled(a.unsubscribe());
    await stage.network.settled(refused);
    await stage.network.advance(1);
    await stage.server.letIn({ sessionPresent: true });
    assert.deepEqual(stage.server.received(), []);
  });

  it('of an earlier program are ended, too', async () => {
    const stage = mqttStage({ cleanStart: false });
    const starting = stage.client.start();
    const a = stage.client.subscribe('a');
    a.granted.catch(() => {});
    await stage.network.settled(a.unsubscribe());
    await stage.server.letIn({ sessionPresent: true });
    await stage.network.settled(starting);
    assert.deepEqual(filtersOf(stage.server.received()), ['-a']);
  });

  it('whose end came before the answer say so when the connection is lost', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    const refused = assert.rejects(a.granted, failure('not connected'));
    const ending = a.unsubscribe();
    await stage.network.settle();
    await stage.server.drop();
    await stage.network.settled(refused);
    await stage.network.settled(ending);
  });

  it('that somebody makes behind CONNACK are asked for once', async () => {
    const stage = await mqttWelcomed();
    stage.client.subscribe('a', () => void stage.client.subscribe('b'));
    await granted(stage);
    await stage.server.drop();
    await stage.network.advance(1);
    // In one piece, so that the message is handled before anybody hears of the connection.
    await stage.server.sendBytes('20 03 01 00 00 30 05 00 01 61 00 78');
    assert.deepEqual(filtersOf(stage.server.received()), ['+b']);
  });

  it('wait for the first connection, and fail with it', async () => {
    const { client, server, network } = mqttStage();
    const refused = assert.rejects(client.start(), failure('refused'));
    const a = client.subscribe('a');
    const failed = assert.rejects(a.granted, failure('refused'));
    const reader = new Reader(a);
    await server.letIn({ reasonCode: 0x87 });
    await network.settled(Promise.all([refused, failed]));
    assert.ok(failure('refused')(reader.end));
  });
});

describe('a subscription', () => {
  it('that the server refuses fails, and so does its reader', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    const reader = new Reader(a);
    const failed = assert.rejects(a.granted, failure('refused', 0x87));
    await stage.network.settle();
    const [{ packetId }] = stage.server.received() as never as { packetId: number }[];
    await stage.server.send({ ...refusal, packetId });
    await stage.network.settled(failed);
    assert.ok(failure('refused', 0x87)(reader.end));
    await reconnected(stage, { sessionPresent: false });
    assert.deepEqual(filtersOf(stage.server.received()), []);
  });

  it('of which the server refuses one filter keeps the others', async () => {
    const stage = await mqttWelcomed();
    const both = stage.client.subscribe(['a', 'b']);
    const reader = new Reader(both);
    const failed = assert.rejects(both.granted, failure('refused', 0x87));
    await stage.network.settle();
    const [a, b] = stage.server.received() as never as { packetId: number }[];
    await stage.server.send({ ...refusal, packetId: a.packetId });
    await stage.server.send({ ...refusal, packetId: b.packetId, reasonCodes: [0] });
    await stage.network.settled(failed);
    await stage.server.send(published('b', '1'));
    assert.deepEqual([reader.texts, reader.end], [['1'], undefined]);
  });

  it('ends when its reader leaves the loop', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    await granted(stage);
    const loop = (async () => {
      for await (const _ of a) break;
    })();
    await stage.server.send(published('a', '1', { packetId: 1 }));
    await stage.network.settled(loop);
    assert.deepEqual(stage.server.heard(), ['puback 1', 'unsubscribe 2']);
  });

  it('ends by its signal, by `await using`, and once only', async () => {
    const stage = await mqttWelcomed();
    const controller = new AbortController();
    const a = stage.client.subscribe('a', { signal: controller.signal });
    await granted(stage);
    controller.abort();
    controller.abort();
    await stage.network.settle();
    assert.deepEqual(filtersOf(stage.server.received()), ['-a']);
    const scope = async () => {
      await using b = stage.client.subscribe('b');
      assert.deepEqual(b.filters, ['b']);
    };
    const left = scope();
    await stage.network.settle();
    assert.deepEqual(filtersOf(stage.server.received()), ['+b', '-b']);
    void left;
    assert.throws(() => stage.client.subscribe('c', { signal: controller.signal }));
    void a;
  });

  it('says at once what no server could make sense of', async () => {
    const { client } = await mqttWelcomed();
    assert.throws(() => client.subscribe('a/#/b'), RangeError);
    assert.throws(() => client.subscribe(['a', '']), RangeError);
    assert.throws(() => client.subscribe('$share/g/a', { noLocal: true }), RangeError);
  });

  it('with a handler is read by nobody else', async () => {
    const { client } = await mqttWelcomed();
    const a = client.subscribe('a', () => {});
    assert.throws(() => a[Symbol.asyncIterator](), TypeError);
  });

  it('that nobody has read does not hold up the others once it has ended', async () => {
    const stage = await mqttWelcomed();
    const unread = stage.client.subscribe('a');
    const b = stage.client.subscribe('b', () => {});
    const [forA, forB] = (await granted(stage)).map(identifierOf);
    const send = (topic: string, packetId: number, identifier: number) =>
      stage.server.send(published(topic, 'x', { packetId, identifiers: [identifier] }));
    await send('a', 1, forA);
    await send('b', 2, forB);
    assert.deepEqual(stage.server.heard(), []);
    void unread.unsubscribe();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), ['puback 1', 'puback 2', 'unsubscribe 3']);
    void b;
  });

  for (const { how, options, limits, enough } of [
    { how: 'reads', options: {}, limits: {}, enough: 5 },
    { how: 'reads, in bytes', options: {}, limits: { inboxBytesMax: 3 }, enough: 3 },
    { how: 'acknowledges', options: { manualAck: true }, limits: {}, enough: 5 },
  ] as const) {
    it(`that nobody ${how} is told of once when so much waits that no more may come`, async () => {
      const stage = await mqttWelcomed({ receiveMaximum: 5, limits });
      const stalls: unknown[] = [];
      stage.client.on('stalled', (stall) => stalls.push(stall));
      const messages = stage.client.subscribe('a', { qos: 1, ...options })[Symbol.asyncIterator]();
      const [identifier] = (await granted(stage)).map(identifierOf);
      const send = async (packetId: number) => {
        const packet = { packetId, identifiers: [identifier] };
        await stage.server.send(published('a', 'x', packet));
      };
      const read: IncomingMessage[] = [];
      const take = async () => {
        for (let left = enough; left > 0; left--) read.push((await messages.next()).value!);
      };
      const isRead = 'manualAck' in options;
      for (let packetId = 1; packetId < enough; packetId++) await send(packetId);
      await stage.network.advance(100);
      assert.deepEqual(stalls, []);
      await send(enough);
      if (isRead) await take();
      await stage.network.advance(9);
      assert.deepEqual(stalls, []);
      await stage.network.advance(100);
      assert.deepEqual(stalls, [{ messages: enough, filters: isRead ? [] : ['a'] }]);
      // Once they have been dealt with, the next stall is told of, too.
      if (!isRead) await take();
      for (const message of read) message.ack();
      for (let packetId = 1; packetId <= enough; packetId++) await send(10 + packetId);
      await stage.network.advance(100);
      assert.equal(stalls.length, 2);
    });
  }

  it('whose reader is slow has not stalled', async () => {
    const stage = await mqttWelcomed({ receiveMaximum: 5 });
    let stalls = 0;
    stage.client.on('stalled', () => stalls++);
    const handled: (() => void)[] = [];
    stage.client.subscribe('a', () => new Promise((resolve) => handled.push(resolve)), { qos: 1 });
    const [forA] = (await granted(stage)).map(identifierOf);
    for (let packetId = 1; packetId <= 25; packetId++) {
      await stage.server.send(published('a', 'x', { packetId, identifiers: [forA] }));
    }
    for (let i = 0; i < 20; i++) {
      await stage.network.advance(9);
      handled.at(-1)?.();
    }
    await stage.network.settle();
    assert.deepEqual([handled.length, stalls], [21, 0]);
    await stage.network.advance(30);
    assert.equal(stalls, 1);
  });

  it('goes by topic in MQTT 3.1.1, where one copy serves all readers', async () => {
    const stage = await mqttWelcomed({ version: 4 });
    const [a, b] = [stage.client.subscribe('a/+'), stage.client.subscribe('a/#')];
    const [first] = await granted(stage);
    assert.equal(first.properties, undefined);
    const readers = [a, b].map((each) => new Reader(each));
    await stage.server.send(published('a/b', '1'));
    await stage.server.send(published('a/b/c', '2'));
    assert.deepEqual(
      readers.map(({ texts }) => texts),
      [['1'], ['1', '2']],
    );
  });

  it('has no identifier where the server knows none, and goes by topic', async () => {
    const properties = { subscriptionIdentifierAvailable: 0 } as const;
    const stage = await mqttWelcomed({}, { properties });
    const reader = new Reader(stage.client.subscribe('a', { userProperties: [['k', 'v']] }));
    const [first] = await granted(stage);
    assert.equal(first.properties?.subscriptionIdentifier, undefined);
    await stage.server.send(published('a', '1'));
    assert.deepEqual(reader.texts, ['1']);
  });

  it('that the server does not offer fails without being asked for', async () => {
    const properties = { sharedSubscriptionAvailable: 0 } as const;
    const { client, network, server } = await mqttWelcomed({}, { properties });
    const shared = client.subscribe('$share/g/a');
    await assert.rejects(network.settled(shared.granted), failure('not supported', 0x9e));
    assert.deepEqual(server.received(), []);
  });
});

describe('messages that nobody has subscribed to', () => {
  it('wait for whoever subscribes, unacknowledged, and are told of', async () => {
    const stage = await mqttWelcomed({ cleanStart: false }, { sessionPresent: true });
    const told: string[] = [];
    stage.client.on('unclaimed', (message) => told.push(message.text()));
    await stage.server.send(
      published('a', '1', { packetId: 1 }),
      published('b', '2', { packetId: 2 }),
    );
    assert.deepEqual([told, stage.server.heard()], [['1', '2'], []]);
    const reader = new Reader(stage.client.subscribe('a'));
    await stage.network.settle();
    assert.deepEqual(reader.texts, ['1']);
    assert.deepEqual(stage.server.heard(), ['subscribe 1', 'puback 1']);
    const rest = new Reader(stage.client.messages());
    await stage.network.settle();
    assert.deepEqual([rest.texts, stage.server.heard()], [['2'], ['puback 2']]);
  });

  it('are dropped beyond as many as are kept, the oldest first', async () => {
    const limits = { unclaimedMessagesMax: 2 };
    const stage = await mqttWelcomed({ limits });
    for (const packetId of [1, 2, 3]) {
      await stage.server.send(published('a', `${packetId}`, { packetId }));
    }
    assert.deepEqual(stage.server.heard(), ['puback 1']);
    assert.deepEqual(stage.events, ['connected', 'dropped']);
    const reader = new Reader(stage.client.subscribe('a'));
    await stage.network.settle();
    assert.deepEqual(reader.texts, ['2', '3']);
  });

  it('hold up the others for a while only', async () => {
    const stage = await mqttWelcomed({ receiveMaximum: 1, limits: { unclaimedSeconds: 20 } });
    await stage.server.send(published('a', '1', { packetId: 1 }));
    await stage.network.advance(19);
    assert.deepEqual(stage.server.heard(), []);
    await stage.network.advance(2);
    assert.deepEqual(stage.server.heard(), ['puback 1']);
    await stage.server.send(published('a', '2', { packetId: 2 }));
    assert.deepEqual(stage.server.heard(), ['puback 2']);
    assert.deepEqual(stage.events, ['connected', 'dropped', 'dropped']);
  });

  it('are no more of interest when they come late', async () => {
    const stage = await mqttWelcomed();
    const a = stage.client.subscribe('a');
    const [subscribe] = await granted(stage);
    void a.unsubscribe();
    await stage.network.settle();
    const identifiers = [identifierOf(subscribe)];
    await stage.server.send(published('a', '1', { packetId: 7, identifiers }));
    assert.deepEqual(stage.server.heard(), ['unsubscribe 2', 'puback 7']);
    assert.deepEqual(stage.events, ['connected']);
  });
});
