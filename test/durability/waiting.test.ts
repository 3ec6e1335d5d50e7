/** What waits for the store, and what does not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import { publishOf, type TestClient } from '../harness/test-broker.ts';
import { durable, Stage } from './stage.ts';

/** Packets as `type id`, with the payload of PUBLISH. */
function told(packets: readonly Packet[]): string[] {
  return packets.map((packet) => {
    if (packet.type === 'publish') return `publish ${new TextDecoder().decode(packet.payload)}`;
    return 'packetId' in packet ? `${packet.type} ${packet.packetId}` : packet.type;
  });
}

function subscribeOf(filter: string, qos: QoS, packetId = 1): Packet {
  const entry = { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
  return { type: 'subscribe', packetId, subscriptions: [entry as never] };
}

/** A durable subscriber that is away. */
async function absentSubscriber(stage: Stage, filter = 't', qos: QoS = 2): Promise<void> {
  const subscriber = await stage.durable('absent');
  await subscriber.subscribe(filter, { qos });
  await subscriber.drop();
}

interface WaitingCase {
  readonly answer: string;
  /** What goes on before the store is held. */
  readonly before?: (client: TestClient, stage: Stage) => Promise<void>;
  readonly question: Packet;
}

const waitingCases: readonly WaitingCase[] = [
  {
    answer: 'puback 7',
    before: async (_, stage) => await absentSubscriber(stage),
    question: publishOf('t', 'x', { qos: 1, packetId: 7 }),
  },
  { answer: 'puback 7', question: publishOf('r', 'x', { qos: 1, packetId: 7, retain: true }) },
  { answer: 'pubrec 7', question: publishOf('t', 'x', { qos: 2, packetId: 7 }) },
  {
    answer: 'pubcomp 7',
    before: async (client) =>
      await client.send(publishOf('t', 'x', { qos: 2, packetId: 7 })).then(() => {
        client.received();
      }),
    question: { type: 'pubrel', packetId: 7, reasonCode: 0 },
  },
  { answer: 'suback 7', question: subscribeOf('s', 1, 7) },
  {
    answer: 'unsuback 7',
    before: async (client) => void (await client.subscribe('s', { qos: 1 })),
    question: { type: 'unsubscribe', packetId: 7, filters: ['s'] },
  },
];

describe('the answer to a client with a durable session', () => {
  for (const version of [4, 5] as const) {
    for (const { answer, before, question } of waitingCases) {
      const retain = question.type === 'publish' && question.retain ? ' for what is retained' : '';
      it(`leaves when it is stored, not before: ${answer}${retain}, version ${version}`, async () => {
        const stage = new Stage();
        const client = await stage.durable('client', { version });
        await before?.(client, stage);
        stage.store.hold();
        await client.send(question);
        await stage.advance(100);
        assert.equal(stage.store.waitingCount, 1);
        assert.deepEqual(told(client.received()), []);
        stage.store.commitNext();
        await stage.settle();
        assert.deepEqual(told(client.received()), [answer]);
      });
    }
  }

  for (const version of [4, 5] as const) {
    it(`is CONNACK only when its session is stored, version ${version}`, async () => {
      const stage = new Stage();
      await stage.settle();
      stage.store.hold();
      const client = stage.open(version);
      const properties = version === 5 ? durable.properties : undefined;
      assert.equal(await client.connect('client', { ...durable, properties }), undefined);
      await client.publish('t', 'too early', { qos: 1 });
      assert.deepEqual(told(client.received()), []);
      stage.store.commitNext();
      await stage.settle();
      assert.deepEqual(told(client.received()), ['connack', 'puback 1']);
    });
  }

  it('is CONNACK at once where nothing has changed', async () => {
    const stage = new Stage();
    await (await stage.durable('client')).drop();
    await stage.settle();
    stage.store.hold();
    assert.equal((await stage.comeIn('client')).isPresent, true);
    assert.equal(stage.store.waitingCount, 0);
  });

  it('comes in the order of the questions, whatever each waits for [MQTT-4.6.0-2] [MQTT-4.6.0-3]', async () => {
    const stage = new Stage();
    await absentSubscriber(stage);
    const client = await stage.durable('client');
    stage.store.hold();
    await client.send(publishOf('t', 'x', { qos: 1, packetId: 1 }));
    await client.send(publishOf('nobody', 'x', { qos: 1, packetId: 2 }));
    await client.send(publishOf('nobody', 'x', { qos: 2, packetId: 3 }));
    await client.send(subscribeOf('s', 1, 4));
    await client.send(publishOf('nobody', 'x', { qos: 1, packetId: 5 }));
    assert.deepEqual(told(client.received()), []);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(told(client.received()), ['puback 1', 'puback 2']);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(told(client.received()), ['pubrec 3', 'suback 4', 'puback 5']);
  });

  it('does not leave for a connection that is over', async () => {
    const stage = new Stage();
    await absentSubscriber(stage);
    const client = await stage.durable('client');
    stage.store.hold();
    await client.send(publishOf('t', 'x', { qos: 1, packetId: 1 }));
    await client.drop();
    stage.store.release();
    const { client: back, isPresent } = await stage.comeIn('client');
    assert.equal(isPresent, true);
    assert.deepEqual(told(back.received()), []);
  });
});

describe('traffic that needs no store', () => {
  it('does not wait for it: QoS 0 to a durable subscriber, and PINGRESP', async () => {
    const stage = new Stage();
    const subscriber = await stage.durable('subscriber');
    await subscriber.subscribe('t', { qos: 2 });
    stage.store.hold();
    await subscriber.publish('t', 'x');
    await subscriber.send({ type: 'pingreq' });
    assert.deepEqual(told(subscriber.received()), ['publish x', 'pingresp']);
    assert.equal(stage.store.waitingCount, 0);
  });

  it('overtakes what waits: PINGRESP', async () => {
    const stage = new Stage();
    const client = await stage.durable('client');
    stage.store.hold();
    await client.send(publishOf('t', 'x', { qos: 2, packetId: 1 }), { type: 'pingreq' });
    assert.deepEqual(told(client.received()), ['pingresp']);
  });

  for (const qos of [1, 2] as const) {
    it(`does not wait for it: QoS ${qos} among clients without a durable session`, async () => {
      const stage = new Stage();
      const subscriber = await stage.passing('subscriber');
      const publisher = await stage.passing('publisher');
      stage.store.hold();
      await subscriber.subscribe('t', { qos });
      await publisher.publish('t', 'x', { qos, packetId: 9 });
      const answer = qos === 1 ? 'puback 9' : 'pubrec 9';
      assert.deepEqual(told(publisher.received()), [answer]);
      assert.deepEqual(told(subscriber.received()), ['publish x']);
      if (qos === 2) {
        await publisher.send({ type: 'pubrel', packetId: 9, reasonCode: 0 });
        assert.deepEqual(told(publisher.received()), ['pubcomp 9']);
      }
      assert.equal(stage.store.waitingCount, 0);
    });
  }

  it('is QoS 1 that a durable subscriber acknowledges before it had to be stored', async () => {
    const stage = new Stage();
    const subscriber = await stage.durable('subscriber');
    await subscriber.subscribe('t', { qos: 1 });
    const other = await stage.durable('other');
    const publisher = await stage.passing('publisher');
    stage.store.hold();
    // A commit is under way, so that the next has to wait.
    await other.send(subscribeOf('o', 0));
    await publisher.publish('t', 'x', { qos: 1, packetId: 9 });
    assert.deepEqual(told(subscriber.received()), ['publish x']);
    assert.deepEqual(told(publisher.received()), []);
    await subscriber.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    assert.deepEqual(told(publisher.received()), ['puback 9']);
    assert.equal(stage.store.waitingCount, 1);
    const commitsBefore = stage.store.commits;
    stage.store.release();
    await stage.advance(10);
    assert.equal(stage.store.commits, commitsBefore + 1, 'that of SUBSCRIBE, and no other');
  });
});

describe('a message to a durable subscriber that is there', () => {
  const online = async (qos: QoS, version: ProtocolVersion = 5) => {
    const stage = new Stage();
    const subscriber = await stage.durable('subscriber', { version });
    await subscriber.subscribe('t', { qos });
    const publisher = await stage.passing('publisher');
    stage.store.hold();
    await publisher.publish('t', 'x', { qos: 2, packetId: 9 });
    return { stage, subscriber, publisher };
  };

  it('leaves before it is stored with QoS 1, and its publisher waits', async () => {
    const { stage, subscriber, publisher } = await online(1);
    assert.deepEqual(told(subscriber.received()), ['publish x']);
    assert.deepEqual(told(publisher.received()), []);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(told(publisher.received()), ['pubrec 9']);
  });

  it('leaves only when it is stored with QoS 2, PUBREL too', async () => {
    const { stage, subscriber } = await online(2);
    assert.deepEqual(told(subscriber.received()), []);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(told(subscriber.received()), ['publish x']);
    await subscriber.send({ type: 'pubrec', packetId: 1, reasonCode: 0 });
    assert.deepEqual(told(subscriber.received()), []);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(told(subscriber.received()), ['pubrel 1']);
  });

  it('leaves in order when several were stored in one go [MQTT-4.6.0-6]', async () => {
    const { stage, subscriber, publisher } = await online(2);
    for (let id = 10; id < 15; id++) {
      await publisher.publish('t', String(id), { qos: 2, packetId: id });
    }
    stage.store.release();
    await stage.settle();
    const expected = ['x', '10', '11', '12', '13', '14'];
    assert.deepEqual(subscriber.payloads(), expected);
  });

  it('is not sent twice when the client comes back before it was stored', async () => {
    const { stage, subscriber } = await online(2);
    await subscriber.drop();
    const back = stage.open();
    assert.equal(await back.connect('subscriber', durable), undefined);
    stage.store.release();
    await stage.settle();
    assert.deepEqual(told(back.received()), ['connack', 'publish x']);
  });
});

describe('a store that does not wait for the disk', () => {
  it('has nobody wait, and gets what has changed once a second', async () => {
    const stage = new Stage({ keepsPromises: false });
    await stage.advance(1);
    const commitsBefore = stage.store.commits;
    const client = await stage.durable('client');
    await client.subscribe('t', { qos: 2 });
    await client.publish('t', 'x', { qos: 2, packetId: 9 });
    assert.deepEqual(told(client.received()), ['publish x', 'pubrec 9']);
    assert.equal(stage.store.commits, commitsBefore);
    await stage.advance(1);
    assert.equal(stage.store.commits, commitsBefore + 1);
    assert.deepEqual(stage.store.tally(), {
      session: 1,
      subscription: 1,
      received: 1,
      delivery: 1,
    });
  });

  it('has all when the broker has ended as it should', async () => {
    let stage = new Stage({ keepsPromises: false });
    const client = await stage.durable('client');
    await client.subscribe('t', { qos: 1 });
    await client.publish('t', 'x', { qos: 1 });
    stage = await stage.restart();
    const back = await stage.durable('client');
    assert.deepEqual(back.payloads(), ['x']);
  });
});
