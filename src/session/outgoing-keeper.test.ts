/** The sending side with a keeper: what waits for the store, and what is left to it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryKeeper } from './delivery-keeper.ts';
import type { QueueLimits } from './delivery-queue.ts';
import { Message } from './message.ts';
import { Outgoing } from './outgoing.ts';
import type { OutgoingLimits } from './outgoing-options.ts';
import type { Outlet } from './outlet.ts';
import type { Shelf } from './shelf.ts';
import { StoredQueue } from './stored-queue.ts';

const limits: OutgoingLimits = {
  inflightMessagesMax: 20,
  inflightBytesMax: 0,
  messagesMax: 0,
  bytesMax: 0,
  queueQos0: false,
};
const pageCount = 128;
const marks = { order: 0, counted: false, wasSent: false, held: false };

type Take = (deliveries: readonly Delivery[], now: number) => void;

/** Stores when it is told to; loads in pages of its own copies. */
class FakeKeeper implements DeliveryKeeper {
  readonly stored = new Map<number, Delivery>();
  readonly loads: (() => void)[] = [];
  readonly #unsaved = new Set<Delivery>();
  readonly #over = new Set<number>();
  #sequence = 0;
  isReadable = true;
  now = 0;

  createQueue(limits: QueueLimits, shelf?: Shelf): StoredQueue {
    return new StoredQueue(limits, this, shelf);
  }

  create(message: Message, qos: QoS, retain: boolean): Delivery {
    const sequence = ++this.#sequence;
    return {
      ...marks,
      sequence,
      terms: undefined,
      message,
      qos,
      retain,
      packetId: 0,
      state: 'waiting',
    };
  }

  save(delivery: Delivery): boolean {
    this.#unsaved.add(delivery);
    return false;
  }

  forget({ sequence }: Delivery): void {
    this.#over.add(sequence);
    this.stored.delete(sequence);
  }

  isStored(delivery: Delivery): boolean {
    return this.stored.has(delivery.sequence) && !this.#unsaved.has(delivery);
  }

  load({ after, upTo }: { after: number; upTo: number }, take: Take): void {
    this.loads.push(() => {
      const found = [...this.stored.values()]
        .filter(({ sequence }) => sequence > after && sequence <= upTo)
        .sort((a, b) => a.sequence - b.sequence)
        .slice(0, pageCount)
        .map((each) => ({ ...each, ...marks, wasSent: each.state !== 'waiting' }));
      take(this.isReadable ? found : [], this.now);
    });
  }

  /** All that was saved is safe. */
  store(outgoing: Outgoing): void {
    const saved = [...this.#unsaved].filter(({ sequence }) => !this.#over.has(sequence));
    this.#unsaved.clear();
    for (const delivery of saved) this.stored.set(delivery.sequence, { ...delivery });
    for (const delivery of saved) outgoing.kept(delivery, 0);
  }
}

function recorder(changed: Partial<OutgoingLimits> = {}) {
  const sent: string[] = [];
  const events: string[] = [];
  const outlet = {
    canTake: true as boolean,
    publish({ topic }, qos, _retain, _terms, packetId, dup) {
      sent.push(`${topic} q${qos} id${packetId}${dup ? ' dup' : ''}`);
      return undefined;
    },
    pubrel: (packetId) => void sent.push(`pubrel id${packetId}`),
  } satisfies Outlet;
  const keeper = new FakeKeeper();
  const outgoing = new Outgoing(
    { ...limits, ...changed },
    {
      dropped: ({ topic }, qos, cause) => events.push(`dropped ${topic} q${qos}: ${cause}`),
      unreadable: (count) => events.push(`${count} unreadable`),
    },
    { keeper },
  );
  return {
    keeper,
    outgoing,
    outlet,
    deliver: (topic: string, qos: QoS, expiresAt = Number.POSITIVE_INFINITY) =>
      outgoing.deliver(
        new Message(topic, new Uint8Array(10), { expiresAt }),
        qos,
        false,
        undefined,
        0,
      ),
    resume: (receiveMax = 65_535) => outgoing.resume(outlet, receiveMax, 0),
    store: () => keeper.store(outgoing),
    load: () => {
      for (const load of keeper.loads.splice(0)) load();
    },
    sent: () => sent.splice(0),
    events: () => events.splice(0),
  };
}

/** A peer that is away, for which `count` messages are stored. */
function away(count: number, qos: QoS = 1, changed: Partial<OutgoingLimits> = {}) {
  const all = recorder(changed);
  for (let i = 1; i <= count; i++) all.deliver(`m${i}`, qos);
  all.store();
  return all;
}

function topics(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);
}

function topicsOf(sent: readonly string[]): string[] {
  return sent.map((each) => each.split(' ')[0]);
}

describe('Outgoing with a keeper', () => {
  it('sends QoS 0 and 1 at once, QoS 2 and its PUBREL when they are safe', () => {
    const { deliver, resume, store, sent, outgoing } = recorder();
    resume();
    deliver('zero', 0);
    deliver('one', 1);
    deliver('two', 2);
    assert.deepEqual(sent(), ['zero q0 id0', 'one q1 id1']);
    store();
    assert.deepEqual(sent(), ['two q2 id2']);
    outgoing.received(2, 0, 0);
    outgoing.received(2, 0, 0);
    assert.deepEqual(sent(), []);
    store();
    assert.deepEqual(sent(), ['pubrel id2']);
    outgoing.received(2, 0, 0);
    assert.deepEqual(sent(), ['pubrel id2'], 'for a PUBREC that comes once more');
    outgoing.completed(2, 0, 0);
    assert.equal(outgoing.unacknowledgedCount, 1);
  });

  it('has what is safe wait for a network that takes no more', () => {
    const { deliver, resume, store, sent, outgoing, outlet } = recorder();
    resume();
    deliver('a', 2);
    deliver('b', 2);
    outlet.canTake = false;
    store();
    assert.deepEqual(sent(), []);
    outlet.canTake = true;
    outgoing.pump(0);
    assert.deepEqual(sent(), ['a q2 id1', 'b q2 id2']);
  });

  it('leaves to the store what waits for an absent peer, as soon as it is there', () => {
    const { deliver, store, outgoing } = recorder();
    for (const topic of ['a', 'b', 'c']) deliver(topic, 1);
    assert.equal(outgoing.shelf?.isEmpty, true);
    const { heldBytes } = outgoing;
    store();
    assert.equal(outgoing.shelf?.waitingCount, 3);
    assert.deepEqual([outgoing.queuedCount, outgoing.heldBytes], [3, heldBytes]);
    assert.deepEqual(outgoing.abandon(), [], 'memory has none of them');
  });

  it('leaves to the store what was in flight, and sends it again in order [MQTT-4.4.0-1]', () => {
    const { deliver, resume, store, load, sent, outgoing } = recorder();
    resume(3);
    for (let i = 1; i <= 5; i++) deliver(`m${i}`, i === 2 ? 2 : 1);
    store();
    outgoing.received(2, 0, 0);
    sent();
    outgoing.suspend();
    assert.equal(outgoing.shelf?.isEmpty, true, 'the PUBREC is not stored yet');
    store();
    assert.deepEqual([outgoing.unacknowledgedCount, outgoing.queuedCount], [3, 2]);
    assert.equal(outgoing.shelf?.inflightCount, 3);
    resume(3);
    assert.deepEqual(sent(), []);
    load();
    assert.deepEqual(sent(), ['m1 q1 id1 dup', 'pubrel id2', 'm3 q1 id3 dup']);
    outgoing.acknowledged(1, 0, 0);
    outgoing.completed(2, 0, 0);
    assert.deepEqual(topicsOf(sent()), ['m4', 'm5']);
    assert.deepEqual([outgoing.shelf?.isEmpty, outgoing.unacknowledgedCount], [true, 3]);
  });

  it('sends nothing new before all that was in flight is loaded', () => {
    const { deliver, resume, load, store, sent, outgoing } = recorder();
    resume();
    for (let i = 1; i <= 20; i++) deliver(`m${i}`, 1);
    store();
    outgoing.suspend();
    sent();
    resume();
    deliver('new', 1);
    outgoing.received(19, 0, 0);
    assert.deepEqual(sent(), [], 'not even PUBREL for an id that may be known');
    load();
    assert.deepEqual(topicsOf(sent()), topics(1, 20));
    outgoing.acknowledged(1, 0, 0);
    assert.deepEqual(sent(), ['new q1 id21']);
  });

  it('loads in pages, and asks for the next when few are left', () => {
    const { resume, load, sent, outgoing, keeper } = away(1000);
    resume();
    const taken: string[] = [];
    let loads = 0;
    let held = 0;
    for (let id = 1; id <= 1000; id++) {
      if (keeper.loads.length > 0) loads++;
      load();
      taken.push(...topicsOf(sent()));
      held = Math.max(held, 1000 - (outgoing.shelf?.waitingCount ?? 0) - taken.length);
      outgoing.acknowledged(id, 0, 0);
    }
    assert.deepEqual(taken, topics(1, 1000));
    assert.ok(loads >= 8 && loads <= 12, `${loads} pages`);
    assert.ok(held <= 2 * pageCount, `${held} in memory at a time`);
    assert.equal(outgoing.queuedCount, 0);
  });

  it('keeps the order of what comes while a queue is being sent', () => {
    const { resume, load, store, sent, outgoing, deliver } = away(300);
    resume();
    const taken: string[] = [];
    for (let id = 1; id <= 600; id++) {
      load();
      taken.push(...topicsOf(sent()));
      if (id <= 300) deliver(`m${300 + id}`, 1);
      if (id % 7 === 0) store();
      outgoing.acknowledged(id, 0, 0);
    }
    assert.deepEqual(taken, topics(1, 600));
  });

  it('leaves to the store what a slow peer has no use for yet', () => {
    const { resume, store, deliver, outgoing } = recorder();
    resume(1);
    for (let i = 1; i <= 1000; i++) deliver(`m${i}`, 1);
    store();
    const inMemory = outgoing.queuedCount - (outgoing.shelf?.waitingCount ?? 0);
    assert.ok(inMemory <= 2 * pageCount, `${inMemory} in memory`);
    assert.equal(outgoing.queuedCount, 999);
  });

  it('takes nothing that was loaded for a connection before', () => {
    const { resume, load, sent, outgoing, keeper } = away(5);
    resume();
    outgoing.suspend();
    load();
    assert.deepEqual([sent(), outgoing.queuedCount], [[], 5]);
    resume();
    const [late] = keeper.loads.splice(0);
    outgoing.suspend();
    resume();
    late();
    assert.deepEqual(sent(), []);
    load();
    assert.deepEqual(topicsOf(sent()), topics(1, 5));
  });

  it('puts what was loaded back when the peer goes, and has it again', () => {
    const { resume, load, sent, outgoing } = away(200, 1, { inflightMessagesMax: 5 });
    for (const round of [0, 1, 2]) {
      resume();
      load();
      assert.deepEqual(topicsOf(sent()), topics(1, 5), `connection ${round}`);
      outgoing.suspend();
      assert.deepEqual([outgoing.unacknowledgedCount, outgoing.queuedCount], [5, 195]);
    }
  });

  it('drops what has expired in the store when it is loaded [MQTT-3.3.2-5]', () => {
    const { resume, load, sent, deliver, store, events, outgoing, keeper } = recorder();
    deliver('old', 1, 1000);
    deliver('new', 1, 1001);
    store();
    resume();
    keeper.now = 1000;
    load();
    assert.deepEqual([sent(), events()], [['new q1 id1'], ['dropped old q1: expired']]);
    assert.equal(outgoing.queuedCount, 0);
  });

  it('does not count what has expired in the store towards its limits', () => {
    const { deliver, store, events, outgoing } = recorder({ messagesMax: 2 });
    deliver('old', 1, 1000);
    deliver('kept', 1);
    store();
    outgoing.deliver(new Message('late', new Uint8Array()), 1, false, undefined, 1000);
    assert.deepEqual([events(), outgoing.queuedCount], [[], 2]);
    outgoing.deliver(new Message('full', new Uint8Array()), 1, false, undefined, 1000);
    assert.deepEqual(events(), ['dropped full q1: queue full']);
  });

  it('says what the store cannot give back, and goes on', () => {
    const { resume, load, sent, events, keeper, outgoing, deliver } = away(3);
    keeper.isReadable = false;
    resume();
    deliver('new', 1);
    load();
    assert.deepEqual(events(), ['3 unreadable']);
    assert.deepEqual(topicsOf(sent()), ['new']);
    assert.equal(outgoing.queuedCount, 0);
  });

  it('does without those that are missing in the store', () => {
    const { resume, load, sent, events, keeper, outgoing } = away(3);
    keeper.stored.delete(2);
    resume();
    load();
    assert.deepEqual(topicsOf(sent()), ['m1', 'm3']);
    load();
    assert.deepEqual([events(), outgoing.queuedCount], [['1 unreadable'], 0]);
  });

  it('gives back at its end what memory has, and leaves the rest on the shelf', () => {
    const { deliver, outgoing } = away(3);
    deliver('late', 1);
    const left = outgoing.abandon().map(({ message }) => message.topic);
    assert.deepEqual([left, outgoing.shelf?.waitingCount], [['late'], 3]);
  });

  it('takes back what has not left: what waits, and QoS 2 that is held', () => {
    const { deliver, resume, sent, events, outgoing, keeper } = recorder();
    const created: Delivery[] = [];
    const { create } = keeper;
    keeper.create = (...args) => {
      const delivery = create.apply(keeper, args);
      created.push(delivery);
      return delivery;
    };
    resume(2);
    deliver('sent', 1);
    deliver('held', 2);
    deliver('waits', 1);
    for (const delivery of created.reverse()) outgoing.takeBack(delivery, 0);
    assert.deepEqual(events(), ['dropped waits q1: not stored', 'dropped held q2: not stored']);
    assert.deepEqual(
      [outgoing.unacknowledgedCount, outgoing.queuedCount, sent().length],
      [1, 0, 1],
    );
  });

  it('ends an exchange at a PUBREC with a failure, held or not [MQTT-4.3.3-4]', () => {
    const { deliver, resume, store, sent, outgoing } = recorder();
    resume(1);
    deliver('a', 2);
    store();
    outgoing.received(1, reasonCodes.quotaExceeded, 0);
    assert.deepEqual([outgoing.unacknowledgedCount, sent()], [0, ['a q2 id1']]);
  });
});
