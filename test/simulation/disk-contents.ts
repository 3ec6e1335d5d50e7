/** What is on the disk when a broker begins anew, in the reference's words. */

import type { Calendar } from '../../src/broker/state/calendar.ts';
import { readDelivery } from '../../src/broker/state/delivery-record.ts';
import { readKey, readU32, tables } from '../../src/broker/state/keys.ts';
import { readMessage } from '../../src/broker/state/message-record.ts';
import { type RecalledSession, recall } from '../../src/broker/state/recall.ts';
import type { SessionRecord } from '../../src/broker/state/session-record.ts';
import type { SubscriptionRecord } from '../../src/broker/state/subscription-record.ts';
import { ByteReader } from '../../src/packet/byte-reader.ts';
import type { Message } from '../../src/session/message.ts';
import { BrokenPromise } from './broken-promise.ts';
import { identifiersText, labelOf, type Terms } from './publication.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export interface StoredDelivery extends Terms {
  readonly label: string;
  readonly topic: string;
  readonly state: 'waiting' | 'published' | 'released';
  /** 0 while it waits. */
  readonly packetId: number;
  /** The shared subscription that it came by, as the client wrote it. */
  readonly share: string | undefined;
}

export interface StoredSession {
  readonly number: number;
  readonly record: SessionRecord;
  readonly subscriptions: readonly SubscriptionRecord[];
  readonly openIds: readonly number[];
  /** In their order. */
  readonly deliveries: readonly StoredDelivery[];
}

export interface DiskContents {
  readonly hasEnded: boolean;
  /** When a broker has last begun after one that had broken off: a date. */
  readonly brokenOffAt: number;
  readonly sessions: readonly StoredSession[];
  /** The labels of retained messages, by topic, of those that have not expired. */
  readonly retained: ReadonlyMap<string, string>;
}

type Records = Map<number, Uint8Array>;

/** @throws BrokenPromise when records do not belong together */
export function contentsOf(disk: SimulatedDisk, calendar: Calendar, now: number): DiskContents {
  const recalled = recall(disk.records, calendar);
  if (recalled.strayCount > 0) throw broken(`has ${recalled.strayCount} records of nothing`);
  const deliveries = readDeliveries(disk, calendar);
  const retained = new Map<string, string>();
  for (const { message } of recalled.retained) {
    const { topic, expiresAt } = message;
    if (retained.has(topic)) throw broken(`has two retained messages for ${topic}`);
    if (expiresAt > now) retained.set(topic, labelOf(topic, message.payload));
  }
  const sessions = [...recalled.sessions.values()].map((session) =>
    storedSession(session, deliveries.get(session.number) ?? []),
  );
  const { hasEnded, brokenOffAt } = recalled;
  return { hasEnded, brokenOffAt, sessions, retained };
}

function storedSession(
  { number, record, subscriptions, openIds }: RecalledSession,
  deliveries: readonly StoredDelivery[],
): StoredSession {
  const asked = subscriptions.map((subscription) => subscription.record);
  return { number, record, subscriptions: asked, openIds, deliveries };
}

/** By the number of their session. */
function readDeliveries(disk: SimulatedDisk, calendar: Calendar): Map<number, StoredDelivery[]> {
  const bySession = new Map<number, StoredDelivery[]>();
  const messages: Records = new Map();
  const holders: Records = new Map();
  const rows: { readonly session: number; readonly value: Uint8Array }[] = [];
  disk.records((key, value) => {
    const { table, first } = readKey(key)!;
    if (table === tables.message) messages.set(first, value);
    if (table === tables.holders) holders.set(first, value);
    if (table === tables.delivery) rows.push({ session: first, value });
  });
  const held = new Map<number, number>();
  for (const { session, value } of rows) {
    const body = readerOf(value);
    const { messageNumber, ...head } = readDelivery(body);
    const shared = messages.get(messageNumber);
    if (messageNumber !== 0) held.set(messageNumber, (held.get(messageNumber) ?? 0) + 1);
    if (messageNumber !== 0 && shared === undefined) throw broken('has a delivery of no message');
    const message = readMessage(shared ? readerOf(shared) : body, calendar);
    const known = bySession.get(session) ?? [];
    bySession.set(session, [...known, storedDelivery(head, message)]);
  }
  checkHolders(messages, holders, held);
  return bySession;
}

function storedDelivery(
  head: Omit<ReturnType<typeof readDelivery>, 'messageNumber'>,
  { topic, payload }: Message,
): StoredDelivery {
  const { qos, retain, packetId, state, share, subscriptionIdentifiers } = head;
  const identifiers = identifiersText(subscriptionIdentifiers);
  const label = labelOf(topic, payload);
  return { label, topic, qos, retain, identifiers, packetId, state, share };
}

function checkHolders(messages: Records, holders: Records, held: Map<number, number>): void {
  for (const number of new Set([...messages.keys(), ...holders.keys()])) {
    const value = holders.get(number);
    const stated = value === undefined ? 0 : readU32(value, 0);
    const count = held.get(number) ?? 0;
    if (count > 0 && count === stated) continue;
    throw broken(`says that ${stated} deliveries share message ${number}, and ${count} do`);
  }
}

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.move(bytes, 0, bytes.length);
  return reader;
}

function broken(message: string): BrokenPromise {
  return new BrokenPromise('durable', undefined, `the disk ${message}`);
}
