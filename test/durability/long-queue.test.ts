/** Queues that are longer than what memory holds of them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptDelivery } from '../../src/broker/state/kept-delivery.ts';
import type { Connect } from '../../src/packet/connect.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { QoS } from '../../src/packet/version.ts';
import { publishOf, type TestClient } from '../harness/test-broker.ts';
import { durable, Stage } from './stage.ts';

const count = 1000;

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

async function leaves(stage: Stage, clientId: string, filter: string, qos: QoS): Promise<void> {
  const client = await stage.durable(clientId);
  await client.subscribe(filter, { qos });
  await client.drop();
}

async function publishAll(stage: Stage, payloads: readonly string[], qos: 1 | 2 = 1) {
  const publisher = await stage.passing('publisher', { version: 4 });
  for (const [i, payload] of payloads.entries()) {
    publisher.write(publishOf('t', payload, { qos, packetId: i + 1 }));
  }
  await stage.settle();
  await publisher.drop();
}

/** Acknowledges what has come, and what comes for that, until `enough` holds. */
async function takeAll(
  client: TestClient,
  { enough = () => false, step = async () => {} }: TakeOptions = {},
): Promise<Publish[]> {
  const taken: Publish[] = [];
  for (let packets = client.received(); packets.length > 0; packets = client.received()) {
    for (const packet of packets) {
      if (packet.type === 'publish') taken.push(packet);
      if (packet.type === 'publish' && packet.qos > 0) {
        const type = packet.qos === 1 ? 'puback' : 'pubrec';
        client.write({ type, packetId: packet.packetId, reasonCode: 0 });
      } else if (packet.type === 'pubrel') {
        client.write({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
      }
    }
    await step();
    await client.send();
    if (enough(taken)) break;
  }
  return taken;
}

interface TakeOptions {
  readonly enough?: (taken: readonly Publish[]) => boolean;
  readonly step?: () => Promise<void>;
}

function payloadsOf(publishes: readonly Publish[]): string[] {
  return publishes.map(({ payload }) => new TextDecoder().decode(payload));
}

describe(`a queue of ${count} messages`, () => {
  for (const qos of [1, 2] as const) {
    for (const crashes of [false, true]) {
      const when = crashes ? 'after a crash' : 'without one';
      it(`comes in order with QoS ${qos} ${when} while more arrive, and nothing is left`, async () => {
        let stage = new Stage({ limits: { queuedMessagesMax: 0 } });
        await leaves(stage, 'client', 't', qos);
        await publishAll(stage, numbers(0, count), 2);
        if (crashes) stage = stage.crash();
        const client = await stage.durable('client');
        const publisher = await stage.passing('live', { version: 4 });
        let next = count;
        const step = async () => {
          if (next >= 2 * count) return;
          for (let i = 0; i < 20; i++, next++) {
            const packetId = 1 + (next - count);
            publisher.write(publishOf('t', String(next), { qos: 2, packetId }));
          }
        };
        const taken = await takeAll(client, { step });
        assert.equal(next, 2 * count);
        assert.deepEqual(payloadsOf(taken), numbers(0, 2 * count));
        assert.deepEqual(stage.store.tally(), { session: 1, subscription: 1 });
        assert.deepEqual(stage.events, []);
      });
    }
  }

  it('goes on in order with the next connection, whenever the last one was lost [MQTT-4.6.0-1]', async () => {
    const stage = new Stage();
    await leaves(stage, 'client', 't', 1);
    await publishAll(stage, numbers(0, count));
    const firsts: string[] = [];
    for (let goes = 0; firsts.length < count; goes++) {
      assert.ok(goes < count, 'every connection brings it on');
      const client = await stage.durable('client');
      const enough = (taken: readonly Publish[]) => taken.length > 70;
      const taken = await takeAll(client, { enough });
      for (const payload of payloadsOf(taken)) {
        if (!firsts.includes(payload)) firsts.push(payload);
      }
      await client.drop();
      if (goes % 3 === 0) await publishAll(stage, []);
    }
    assert.deepEqual(firsts, numbers(0, count));
  });

  it('takes memory for a few pages of it only, while its client takes nothing', async () => {
    const stage = new Stage({ limits: { queuedMessagesMax: 0 } });
    await leaves(stage, 'client', 't', 1);
    await publishAll(stage, numbers(0, count));
    using made = countMade();
    const client = await stage.durable('client');
    assert.ok(made.count > 0, 'some were loaded');
    assert.ok(made.count <= 2 * 128, `${made.count} were loaded`);
    await publishAll(stage, numbers(count, 2 * count));
    const taken = await takeAll(client);
    assert.deepEqual(payloadsOf(taken), numbers(0, 2 * count));
  });

  it('is bounded by the limits of the queue, wherever it lies', async () => {
    const stage = new Stage({ limits: { queuedMessagesMax: 500 } });
    await leaves(stage, 'client', 't', 1);
    await publishAll(stage, numbers(0, 400));
    const client = await stage.durable('client');
    await publishAll(stage, numbers(400, 800));
    const dropped = stage.events.filter((event) => event.includes('queue full')).length;
    assert.equal(dropped, 800 - 500 - 20, '20 are in flight');
    assert.deepEqual(payloadsOf(await takeAll(client)), numbers(0, 520));
    assert.deepEqual(stage.store.tally(), { session: 1, subscription: 1 });
  });

  it('of which some are expired is rid of these, and keeps the others in order', async () => {
    const stage = new Stage();
    await leaves(stage, 'client', 't', 1);
    const publisher = await stage.passing('publisher');
    for (let i = 0; i < 300; i++) {
      const properties = { messageExpiryInterval: i % 2 === 0 ? 10 : 1000 };
      await publisher.publish('t', String(i), { qos: 1, properties });
    }
    const next = await stage.restart(60);
    const taken = payloadsOf(await takeAll(await next.durable('client')));
    assert.deepEqual(
      taken,
      numbers(0, 300).filter((_, i) => i % 2 === 1),
    );
    assert.deepEqual(next.store.tally(), { session: 1, subscription: 1 });
  });
});

/** Counts deliveries as they are read from the store. */
function countMade(): Disposable & { readonly count: number } {
  const { restore } = KeptDelivery.prototype;
  const counter = {
    count: 0,
    [Symbol.dispose]() {
      KeptDelivery.prototype.restore = restore;
    },
  };
  KeptDelivery.prototype.restore = function (...args) {
    counter.count++;
    return restore.apply(this, args);
  };
  return counter;
}

describe('the end of a session with a long queue', () => {
  const withQueue = async (filter: string): Promise<Stage> => {
    const stage = new Stage();
    await leaves(stage, 'client', filter, 1);
    await publishAll(stage, numbers(0, 500));
    return stage;
  };
  const cleanStart = { ...durable, cleanStart: true };

  for (const crashes of [false, true]) {
    const when = crashes ? ', after a crash' : '';
    it(`by a clean start leaves nothing of it in the store${when} [MQTT-3.1.2-4]`, async () => {
      let stage = await withQueue('t');
      if (crashes) stage = stage.crash();
      const { client, isPresent } = await stage.comeIn('client', cleanStart);
      assert.equal(isPresent, false);
      assert.deepEqual(client.received(), []);
      assert.deepEqual(stage.store.tally(), { session: 1 });
      stage = stage.crash();
      assert.equal(stage.broker.recalled?.messages, 0);
    });
  }

  it('by its time leaves nothing of it in the store', async () => {
    const stage = await withQueue('t');
    await stage.advance(86_401);
    assert.deepEqual(stage.store.tally(), {});
    assert.equal(stage.events.length, 501);
  });

  it('is final: what is left of it does not come back with a crash in the middle', async () => {
    let stage = await withQueue('t');
    await stage.settle();
    stage.store.hold();
    const client = stage.open();
    await client.connect('client', cleanStart as Partial<Connect>);
    stage.store.commitNext();
    await stage.settle();
    assert.ok(stage.store.tally().delivery > 100, 'most of it is there');
    stage = stage.crash();
    await stage.settle();
    assert.equal((await stage.comeIn('client')).client.received().length, 0);
    assert.deepEqual(stage.store.tally(), { session: 1 });
  });

  for (const crashes of [false, true]) {
    const when = crashes ? ', also over a crash in the middle' : '';
    it(`passes on what it got by a shared subscription, in order${when} [MQTT-4.8.2-4]`, async () => {
      let stage = await withQueue('$share/g/t');
      await leaves(stage, 'other', '$share/g/t', 1);
      if (crashes) {
        stage.store.hold();
        await stage.open().connect('client', cleanStart as Partial<Connect>);
        stage.store.commitNext();
        await stage.settle();
        stage.store.commitNext();
        stage = stage.crash();
        await stage.settle();
      } else {
        await stage.durable('client', cleanStart);
      }
      const other = await stage.durable('other');
      assert.deepEqual(payloadsOf(await takeAll(other)), numbers(0, 500));
      const { delivery, message, holders } = stage.store.tally();
      assert.deepEqual([delivery, message, holders], [undefined, undefined, undefined]);
    });
  }
});
