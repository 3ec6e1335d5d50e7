/** Reads a store at the start: who has which session, and how much waits in it. */

import { ByteReader } from '../../packet/byte-reader.ts';
import { ProtocolError } from '../../packet/protocol-error.ts';
import type { Message } from '../../session/message.ts';
import { Shelf } from '../../session/shelf.ts';
import { type BrokerRecord, readBroker } from './broker-record.ts';
import type { Calendar } from './calendar.ts';
import { readTally, sharedMessageOf } from './delivery-record.ts';
import {
  isReadableLayout,
  layoutVersion,
  layoutVersionOldest,
  readKey,
  type StoreKey,
  tables,
} from './keys.ts';
import { readMessage } from './message-record.ts';
import { readSession, type SessionRecord } from './session-record.ts';
import { readSubscription, type SubscriptionRecord } from './subscription-record.ts';

export interface RecalledSession {
  readonly number: number;
  readonly record: SessionRecord;
  readonly subscriptions: { readonly number: number; readonly record: SubscriptionRecord }[];
  /** Packet ids of QoS 2 whose PUBREL has not come. */
  readonly openIds: number[];
  readonly shelf: Shelf;
}

export interface Recalled {
  /** The broker before has ended as it should, or there was none. */
  readonly hasEnded: boolean;
  /** When a broker has last begun after one that had broken off; 0: never. A date. */
  readonly brokenOffAt: number;
  readonly sessions: ReadonlyMap<number, RecalledSession>;
  readonly retained: readonly { readonly number: number; readonly message: Message }[];
  /** The highest numbers that records name, also those whose session or message is missing. */
  readonly sessionNumberMax: number;
  readonly messageNumberMax: number;
  /** Records that belong to no session, or cannot be read. */
  readonly strayCount: number;
}

/** The store was written by another version of Pantala. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
  readonly found: number;

  constructor(found: number) {
    super(
      `the store has layout ${found}, this version reads ${layoutVersionOldest} to ${layoutVersion}`,
    );
    this.found = found;
  }
}

/**
 * @param records hands over all records in the order of their keys
 * @throws LayoutError
 */
export function recall(
  records: (take: (key: Uint8Array, value: Uint8Array) => void) => void,
  calendar: Calendar,
): Recalled {
  const reader = new Recall(calendar);
  records((key, value) => reader.take(key, value));
  return reader.finish();
}

class Recall {
  readonly #calendar: Calendar;
  readonly #body = new ByteReader();
  readonly #sessions = new Map<number, RecalledSession>();
  readonly #retained: { number: number; message: Message }[] = [];
  #broker: BrokerRecord | undefined;
  #sessionNumberMax = 0;
  #messageNumberMax = 0;
  #recordCount = 0;
  #strayCount = 0;
  // Of the record before: most belong to the same session.
  #session: RecalledSession | undefined;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  take(key: Uint8Array, value: Uint8Array): void {
    const parts = readKey(key);
    this.#recordCount++;
    if (parts === undefined) this.#strayCount++;
    else if (parts.table === tables.delivery) this.#takeDelivery(parts, value);
    else this.#takeOther(parts, value);
  }

  finish(): Recalled {
    return {
      // A store without that record, and with others, has lost it.
      hasEnded: this.#broker?.hasEnded ?? this.#recordCount === 0,
      brokenOffAt: this.#broker?.brokenOffAt ?? 0,
      sessions: this.#sessions,
      retained: this.#retained,
      sessionNumberMax: this.#sessionNumberMax,
      messageNumberMax: this.#messageNumberMax,
      strayCount: this.#strayCount,
    };
  }

  #takeDelivery({ first, second }: StoreKey, value: Uint8Array): void {
    const session = this.#sessionOf(first);
    this.#noteSession(first);
    this.#noteMessage(sharedMessageOf(value) ?? 0);
    const tally = session && readTally(value, this.#calendar);
    if (tally === undefined) this.#strayCount++;
    else session!.shelf.append(tally, second);
  }

  #takeOther({ table, first, second }: StoreKey, value: Uint8Array): void {
    try {
      this.#body.move(value, 0, value.length);
      this.#read({ table, first, second }, value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#strayCount++;
    }
  }

  /** @throws ProtocolError for what is no record of its table */
  #read({ table, first, second }: StoreKey, value: Uint8Array): void {
    switch (table) {
      case tables.broker:
        this.#broker = readBroker(value);
        if (this.#broker !== undefined && !isReadableLayout(this.#broker.layoutVersion)) {
          throw new LayoutError(this.#broker.layoutVersion);
        }
        return;
      case tables.session:
        this.#noteSession(first);
        // The bytes are lent, and a will keeps views of its own.
        this.#body.move(value.slice(), 0, value.length);
        this.#sessions.set(first, {
          number: first,
          record: readSession(this.#body),
          subscriptions: [],
          openIds: [],
          shelf: new Shelf(),
        });
        return;
      case tables.subscription: {
        const subscription = { number: second, record: readSubscription(this.#body) };
        this.#demandSession(first)?.subscriptions.push(subscription);
        return;
      }
      case tables.received:
        this.#demandSession(first)?.openIds.push(second);
        return;
      case tables.message:
      case tables.holders:
        return this.#noteMessage(first);
      case tables.retained:
        this.#body.move(value.slice(), 0, value.length);
        this.#retained.push({ number: first, message: readMessage(this.#body, this.#calendar) });
        return;
      case tables.delivery:
        return;
      default:
        table satisfies never;
    }
  }

  #demandSession(number: number): RecalledSession | undefined {
    const session = this.#sessionOf(number);
    this.#noteSession(number);
    if (session === undefined) this.#strayCount++;
    return session;
  }

  #noteSession(number: number): void {
    this.#sessionNumberMax = Math.max(this.#sessionNumberMax, number);
  }

  #noteMessage(number: number): void {
    this.#messageNumberMax = Math.max(this.#messageNumberMax, number);
  }

  #sessionOf(number: number): RecalledSession | undefined {
    if (this.#session?.number !== number) this.#session = this.#sessions.get(number);
    return this.#session;
  }
}
