/** Records of a store, decoded: what stands in them, with dates instead of times of a clock. */

import { type BrokerRecord, readBroker } from '../broker/state/broker-record.ts';
import { Calendar } from '../broker/state/calendar.ts';
import { type DeliveryHead, readDelivery, readTally } from '../broker/state/delivery-record.ts';
import { layoutVersion, readKey, readU32, type StoreKey, tables } from '../broker/state/keys.ts';
import { readMessage } from '../broker/state/message-record.ts';
import { readSession, type SessionRecord } from '../broker/state/session-record.ts';
import { readSubscription, type SubscriptionRecord } from '../broker/state/subscription-record.ts';
import { ByteReader } from '../packet/byte-reader.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import type { Message } from '../session/message.ts';
import type { SealedRecord } from '../storage/record-feed.ts';
import { unseal } from '../storage/sealed-record.ts';

/** `session` is the number of one. */
export type StoreRecord =
  | ({ readonly type: 'broker' } & BrokerRecord)
  | { readonly type: 'session'; readonly session: number; readonly record: SessionRecord }
  | {
      readonly type: 'subscription';
      readonly session: number;
      readonly number: number;
      readonly record: SubscriptionRecord;
    }
  | { readonly type: 'received'; readonly session: number; readonly packetId: number }
  | DeliveryRecord
  | { readonly type: 'message'; readonly number: number; readonly message: Message }
  | { readonly type: 'holders'; readonly number: number; readonly count: number }
  | { readonly type: 'retained'; readonly number: number; readonly message: Message }
  | UnreadableRecord;

export interface DeliveryRecord {
  readonly type: 'delivery';
  readonly session: number;
  readonly sequence: number;
  readonly head: DeliveryHead;
  /** Bytes of its message, as limits count them. */
  readonly bytes: number;
  /** Milliseconds since 1970; Infinity: never. */
  readonly expiresAt: number;
  /** Undefined when it shares one with others. */
  readonly message: Message | undefined;
}

interface UnreadableRecord {
  readonly type: 'unreadable';
  /** Undefined when it is no key of this layout. */
  readonly key: StoreKey | undefined;
  readonly keyBytes: Uint8Array;
  /** The checksum is wrong: the disk has changed it. */
  readonly isDamaged: boolean;
  readonly message: string;
}

/** A record, decoded and as it was written. */
export interface DecodedRecord {
  /** Undefined when it is no key of this layout. */
  readonly key: StoreKey | undefined;
  /** Undefined when the disk has changed it. */
  readonly value: Uint8Array | undefined;
  readonly record: StoreRecord;
}

// At the time 0 of its clock it is the date 0: then a time of the clock is a date.
const dates = new Calendar({ now: () => 0 }, () => 0);
const body = new ByteReader();

export function decodeRecord({ key: keyBytes, value: sealed }: SealedRecord): DecodedRecord {
  const key = readKey(keyBytes);
  const value = unseal(keyBytes, sealed);
  const of = (record: StoreRecord): DecodedRecord => ({ key, value, record });
  const unreadable = (message: string) => {
    return of({ type: 'unreadable', key, keyBytes, isDamaged: value === undefined, message });
  };
  if (value === undefined) return unreadable('it is not what was written');
  if (key === undefined) return unreadable(`layout ${layoutVersion} has no such key`);
  try {
    body.move(value, 0, value.length);
    const record = decodeValue(key, value);
    return record === undefined ? unreadable('it is too short') : of(record);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return unreadable(error.message);
  }
}

/**
 * @returns undefined for what is no record of its table
 * @throws ProtocolError
 */
function decodeValue(key: StoreKey, value: Uint8Array): StoreRecord | undefined {
  const { table, first, second } = key;
  switch (table) {
    case tables.broker: {
      const broker = readBroker(value);
      return broker && { type: 'broker', ...broker };
    }
    case tables.session:
      return { type: 'session', session: first, record: readSession(body) };
    case tables.subscription: {
      const record = readSubscription(body);
      return { type: 'subscription', session: first, number: second, record };
    }
    case tables.received:
      return { type: 'received', session: first, packetId: second };
    case tables.delivery:
      return decodeDelivery(key, value);
    case tables.message:
    case tables.retained: {
      const type = table === tables.message ? 'message' : 'retained';
      return { type, number: first, message: readMessage(body, dates) };
    }
    case tables.holders: {
      const count = value.length < 4 ? undefined : readU32(value, 0);
      return count === undefined ? undefined : { type: 'holders', number: first, count };
    }
    default:
      return table satisfies never;
  }
}

function decodeDelivery(
  { first: session, second: sequence }: StoreKey,
  value: Uint8Array,
): DeliveryRecord | undefined {
  const tally = readTally(value, dates);
  if (tally === undefined) return undefined;
  const head = readDelivery(body);
  const message = head.messageNumber === 0 ? readMessage(body, dates) : undefined;
  const { bytes, expiresAt } = tally;
  return { type: 'delivery', session, sequence, head, bytes, expiresAt, message };
}
