/** Hostile stores: whatever their records are, a broker can begin on them, or says which layout. */

import assert from 'node:assert/strict';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { Changes, readChanges } from '../../src/broker/state/changes.ts';
import { writeDelivery } from '../../src/broker/state/delivery-record.ts';
import { keyOf, type Table, tables } from '../../src/broker/state/keys.ts';
import { writeMessage, writeRetained } from '../../src/broker/state/message-record.ts';
import { LayoutError, type Recalled, recall } from '../../src/broker/state/recall.ts';
import { writeSession } from '../../src/broker/state/session-record.ts';
import { writeSubscription } from '../../src/broker/state/subscription-record.ts';
import type { QoS } from '../../src/packet/version.ts';
import { Message } from '../../src/session/message.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const recordsMax = 30;
const calendar = new Calendar({ now: () => 1000 }, () => 1_000_000);
const tableNumbers: readonly Table[] = Object.values(tables);

interface StoreRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export const storeRecordFuzz: FuzzTarget = {
  name: 'store-record',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) check(randomRecords(random));
    return iterations;
  },
};

function check(records: readonly StoreRecord[]): void {
  let recalled: Recalled;
  try {
    recalled = recall((take) => {
      for (const { key, value } of records) take(key, value);
    }, calendar);
  } catch (error) {
    if (error instanceof LayoutError) return;
    const hex = records.map(({ key, value }) => `${hexOf(key)} ${hexOf(value)}`).join('\n');
    throw new Error(`with the records:\n${hex}`, { cause: error });
  }
  const { strayCount, sessions, retained } = recalled;
  assert.ok(strayCount >= 0 && strayCount <= records.length);
  let count = strayCount + retained.length;
  for (const { shelf, openIds, subscriptions } of sessions.values()) {
    assert.ok(shelf.waitingCount >= 0 && shelf.inflightCount >= 0);
    shelf.discountExpired(1e15);
    assert.ok(shelf.waitingCount >= 0 && shelf.waitingBytes >= 0);
    count += openIds.length + subscriptions.length;
  }
  assert.ok(count <= records.length, 'nothing is counted twice');
}

function randomRecords(random: Random): StoreRecord[] {
  const records = Array.from({ length: random(recordsMax) }, () => {
    if (random(6) === 0) return { key: randomBytes(random, 14), value: randomBytes(random, 40) };
    const record = realRecord(random);
    const { key, value } = record;
    if (random(3) > 0) return record;
    return random(4) === 0
      ? { key: mutated(key, random), value }
      : { key, value: mutated(value, random) };
  });
  // In order, each key once, as a store has them: or not, as a damaged one may.
  if (random(10) === 0) return records;
  const byKey = new Map(records.map((record) => [hexOf(record.key), record]));
  return [...byKey.values()].sort((a, b) => Buffer.compare(a.key, b.key));
}

function realRecord(random: Random): StoreRecord {
  const table = tableNumbers[random(tableNumbers.length)];
  const [first, second] = [random(4), random(50)];
  if (table === tables.broker)
    return { key: keyOf(table, 0), value: Uint8Array.of(0, 1, random(2)) };
  const changes = new Changes();
  const out = changes.beginPut(table, first, second);
  const qos = random(3) as QoS;
  const retain = random(2) === 0;
  if (table === tables.session) {
    const will = { topic: 'w', payload: randomBytes(random, 9), qos, retain };
    writeSession(out, {
      clientId: `client ${first}`,
      isEnded: random(5) === 0,
      expirySeconds: random(100),
      leftAt: random(1000),
      identity: random(3) === 0 ? undefined : { userName: 'u', listenerName: '1883' },
      will: retain ? { will, dueAt: random(1000) } : undefined,
    });
  } else if (table === tables.subscription) {
    const filter = random(3) === 0 ? '$share/g/#' : `f/${second}`;
    const subscriptionIdentifier = retain ? 1 + random(300) : undefined;
    const options = { qos, noLocal: false, retainAsPublished: retain };
    writeSubscription(out, { ...options, filter, subscriptionIdentifier });
  } else if (table === tables.message || table === tables.retained) {
    const message = randomMessage(random);
    if (retain) message.source = { clientId: 'c', userName: 'u', listenerName: '1883' };
    writeRetained(out, message, calendar);
  } else if (table === tables.delivery) {
    const message = randomMessage(random);
    const state = (['waiting', 'published', 'released'] as const)[random(3)];
    const marks = { order: 0, counted: false, wasSent: false, held: false };
    const terms = retain ? { subscriptionIdentifiers: [1, 300] } : undefined;
    const delivery = {
      ...marks,
      sequence: second,
      message,
      qos,
      retain,
      terms,
      state,
      packetId: 1,
    };
    writeDelivery(out, delivery, { share: undefined, isReference: false, calendar });
    writeMessage(out, message, calendar);
  }
  changes.endPut();
  return recordOf(changes);
}

function recordOf(changes: Changes): StoreRecord {
  let record: StoreRecord | undefined;
  readChanges(changes.view(), {
    put(key, value) {
      record = { key: key.slice(), value: value.slice() };
    },
    remove() {},
    hold() {},
  });
  return record!;
}

function randomMessage(random: Random): Message {
  const properties = random(2) === 0 ? undefined : { contentType: 'text/plain' };
  const expiresAt = random(2) === 0 ? Number.POSITIVE_INFINITY : random(100_000) - 50_000;
  const options = { qos: random(3) as QoS, retain: random(2) === 0, properties, expiresAt };
  return new Message(`t/${random(9)}`, randomBytes(random, 20), options);
}

function randomBytes(random: Random, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: random(lengthMax + 1) }, () => random(256));
}

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice(0, random(3) === 0 ? random(bytes.length + 1) : undefined);
  if (copy.length > 0) copy[random(copy.length)] = random(256);
  return copy;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
