/** All that the store keeps of one session. */

import { ByteReader } from '../../packet/byte-reader.ts';
import { ProtocolError } from '../../packet/protocol-error.ts';
import type { QoS } from '../../packet/version.ts';
import type { Clock } from '../../session/clock.ts';
import type { Delivery } from '../../session/delivery.ts';
import type { DeliveryKeeper } from '../../session/delivery-keeper.ts';
import type { QueueLimits } from '../../session/delivery-queue.ts';
import type { IncomingKeeper } from '../../session/incoming.ts';
import type { Message } from '../../session/message.ts';
import type { Shelf } from '../../session/shelf.ts';
import { StoredQueue } from '../../session/stored-queue.ts';
import type { Store, StoredRecord } from '../ports.ts';
import type { SharedGroup } from '../shared-group.ts';
import type { Subscription } from '../subscription.ts';
import { readDelivery } from './delivery-record.ts';
import type { Journal } from './journal.ts';
import { type DeliveryOwner, KeptDelivery, type KeptTerms } from './kept-delivery.ts';
import type { PlacingTools } from './kept-message.ts';
import { keyOf, readKey, tables } from './keys.ts';
import { readMessage } from './message-record.ts';
import { type SessionRecord, writeSession } from './session-record.ts';
import { writeSubscription } from './subscription-record.ts';

/** What the logs of all sessions share. */
export interface SessionLogTools extends PlacingTools {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  /** The group that members of a filter `$share/…` take turns in, if it is there. */
  readonly groupOf: (share: string) => SharedGroup | undefined;
}

/** What the store had of a session when the broker began. */
export interface LogPast {
  /** The highest numbers that are in use. */
  readonly sequence?: number;
  readonly subscriptionNumber?: number;
  readonly record?: SessionRecord;
}

/** Who is told that a delivery is safe: the `Outgoing` of the session. */
export interface DeliveryListener {
  kept(delivery: Delivery, now: number): void;
  takeBack(delivery: Delivery, now: number): void;
}

export class SessionLog implements DeliveryKeeper, IncomingKeeper, DeliveryOwner {
  readonly number: number;
  readonly #tools: SessionLogTools;
  #listener: DeliveryListener | undefined;
  // What the record of the session says.
  #last: SaidOfSession | undefined;
  // The commit with which the session is there.
  #begunWith: number | undefined;
  #sequence: number;
  #subscriptionNumber: number;
  // Deliveries that are over, and that the store may still have.
  #ghosts: Set<number> | undefined;

  constructor(
    number: number,
    tools: SessionLogTools,
    { sequence = 0, subscriptionNumber = 0, record }: LogPast = {},
  ) {
    this.number = number;
    this.#tools = tools;
    this.#sequence = sequence;
    this.#subscriptionNumber = subscriptionNumber;
    if (record === undefined) return;
    this.#begunWith = 0;
    this.#last = saidBy(record);
  }

  /** The session would be there after a crash. */
  get isSafe(): boolean {
    return this.#begunWith !== undefined && this.#tools.journal.isKept(this.#begunWith);
  }

  get placing(): PlacingTools {
    return this.#tools;
  }

  listen(listener: DeliveryListener): void {
    this.#listener = listener;
  }

  /** A client that is back as it was changes nothing that must be known, unless it has a will. */
  saveSession(record: SessionRecord): void {
    const said = saidBy(record);
    if (record.leftAt === 0 && this.#last !== undefined && saysTheSame(this.#last, said)) return;
    this.#last = said;
    const { changes } = this.#tools.journal;
    writeSession(changes.beginPut(tables.session, this.number), record);
    changes.endPut();
    this.#begunWith ??= this.#tools.journal.horizon;
  }

  removeSession(): void {
    this.#tools.journal.changes.remove(tables.session, this.number);
  }

  /** @param before one to the same filter, whose place it takes */
  saveSubscription(subscription: Subscription, before: Subscription | undefined): void {
    subscription.number = before?.number ?? ++this.#subscriptionNumber;
    const { filter, qos, noLocal, retainAsPublished, subscriptionIdentifiers } = subscription;
    const subscriptionIdentifier = subscriptionIdentifiers?.[0];
    const record = { filter, qos, noLocal, retainAsPublished, subscriptionIdentifier };
    subscription.commit = before?.commit ?? 0;
    if (before?.hasOptions(record)) return;
    const { journal } = this.#tools;
    const { changes } = journal;
    const out = changes.beginPut(tables.subscription, this.number, subscription.number);
    writeSubscription(out, record);
    changes.endPut();
    subscription.commit = journal.horizon;
  }

  removeSubscription({ number }: Subscription): void {
    this.#tools.journal.changes.remove(tables.subscription, this.number, number);
  }

  opened(packetId: number): void {
    const { changes } = this.#tools.journal;
    changes.beginPut(tables.received, this.number, packetId);
    changes.endPut();
  }

  closed(packetId: number): void {
    this.#tools.journal.changes.remove(tables.received, this.number, packetId);
  }

  createQueue(limits: QueueLimits, shelf: Shelf | undefined): StoredQueue {
    return new StoredQueue(limits, this, shelf);
  }

  create(message: Message, qos: QoS, retain: boolean, terms: KeptTerms | undefined): Delivery {
    const sequence = ++this.#sequence;
    const delivery = new KeptDelivery(this, sequence, { message, qos, retain, terms });
    delivery.join();
    return delivery;
  }

  save(delivery: Delivery): boolean {
    this.#tools.journal.touch(delivery as KeptDelivery);
    return !this.#tools.journal.keepsPromises;
  }

  forget(delivery: Delivery): void {
    const kept = delivery as KeptDelivery;
    if (kept.isOver || !kept.finish()) return;
    this.#ghosts ??= new Set();
    this.#ghosts.add(kept.sequence);
    this.#tools.journal.touch(kept);
  }

  isStored(delivery: Delivery): boolean {
    return (delivery as KeptDelivery).isStored;
  }

  takeBack(delivery: KeptDelivery): void {
    this.#listener?.takeBack(delivery, this.#tools.clock.now());
  }

  deliveryStored(delivery: KeptDelivery, now: number): void {
    if (delivery.isOver) {
      if (!delivery.isGhost) this.#ghosts?.delete(delivery.sequence);
      if (this.#ghosts?.size === 0) this.#ghosts = undefined;
      return;
    }
    this.#listener?.kept(delivery, now);
  }

  load(
    { after, upTo }: { readonly after: number; readonly upTo: number },
    take: (deliveries: readonly Delivery[], now: number) => void,
  ): void {
    const from = keyOf(tables.delivery, this.number, after + 1);
    const to = keyOf(tables.delivery, this.number, upTo);
    this.#tools.store.read(from, to, (records) => {
      const deliveries = records.flatMap((record) => this.#restored(record) ?? []);
      const last = records.length > 0 && readKey(records[records.length - 1].key);
      // Nothing in it that is not over: there may be more behind it.
      if (deliveries.length === 0 && last && last.second < upTo) {
        return this.load({ after: last.second, upTo }, take);
      }
      take(deliveries, this.#tools.clock.now());
    });
  }

  /** @returns undefined for one that is over, or cannot be read */
  #restored({ key, value, message: shared }: StoredRecord): KeptDelivery | undefined {
    const sequence = readKey(key)?.second;
    if (sequence === undefined || this.#ghosts?.has(sequence)) return undefined;
    try {
      const body = readerOf(value);
      const head = readDelivery(body);
      if (head.messageNumber !== 0 && shared === undefined) return undefined;
      const message = readMessage(shared ? readerOf(shared) : body, this.#tools.calendar);
      const terms = this.#termsOf(head.subscriptionIdentifiers, head.share);
      const { qos, retain } = head;
      const delivery = new KeptDelivery(this, sequence, { message, qos, retain, terms });
      delivery.restore(head.state, head.packetId, head.messageNumber);
      return delivery;
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #termsOf(
    subscriptionIdentifiers: readonly number[] | undefined,
    share: string | undefined,
  ): KeptTerms | undefined {
    if (share === undefined) return subscriptionIdentifiers && { subscriptionIdentifiers };
    return { subscriptionIdentifiers, filter: share, group: this.#tools.groupOf(share) };
  }
}

interface SaidOfSession {
  readonly expirySeconds: number;
  readonly identity: SessionRecord['identity'];
  readonly hasWill: boolean;
}

function saidBy({ expirySeconds, identity, will }: SessionRecord): SaidOfSession {
  return { expirySeconds, identity, hasWill: will !== undefined };
}

/** Two wills are never taken for the same. */
function saysTheSame(one: SaidOfSession, other: SaidOfSession): boolean {
  return (
    one.expirySeconds === other.expirySeconds &&
    one.identity?.userName === other.identity?.userName &&
    one.identity?.listenerName === other.identity?.listenerName &&
    (one.identity === undefined) === (other.identity === undefined) &&
    !one.hasWill &&
    !other.hasWill
  );
}

function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader();
  reader.move(bytes, 0, bytes.length);
  return reader;
}
