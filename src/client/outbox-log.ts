/** Has a store know what a session would need after a restart, before the server relies on it. */

import { ByteWriter } from '../packet/byte-writer.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Delivery, Terms } from '../session/delivery.ts';
import type { DeliveryKeeper } from '../session/delivery-keeper.ts';
import type { QueueLimits } from '../session/delivery-queue.ts';
import type { IncomingKeeper } from '../session/incoming.ts';
import type { Message } from '../session/message.ts';
import { Shelf, shelvedOf } from '../session/shelf.ts';
import { StoredQueue } from '../session/stored-queue.ts';
import { Arrivals } from './arrivals.ts';
import {
  Dates,
  firstMessageKey,
  type OutboxContents,
  type OutboxEntry,
  ownerKey,
  readOutbox,
  writeMessage,
  writeOwner,
  writeProgress,
} from './outbox-record.ts';
import type { OutboxStore } from './ports.ts';
import { Publication } from './publications.ts';

export interface OutboxLogOptions {
  readonly store: OutboxStore;
  readonly clientId: string;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  readonly atEndOfTurn: (flush: () => void) => void;
  /** The store cannot be written; `retry` is to be called some time later. */
  readonly failed: (error: unknown) => void;
}

/** Who is told of deliveries that are safe: the `Outgoing` of the session. */
export interface DeliveryListener {
  kept(delivery: Delivery, now: number): void;
}

interface Waiting {
  readonly safe: () => void;
  readonly failed: ((error: unknown) => void) | undefined;
}

/** What is being written, or is to be. */
interface Batch {
  readonly deliveries: Set<OutboxDelivery>;
  readonly waiting: Waiting[];
}

/**
 * What changes in a turn is written in one go, and what is over by then not at all. While the store
 * is at work, the changes of the next turns gather. Everything stays in memory as well.
 */
export class OutboxLog implements DeliveryKeeper, IncomingKeeper {
  /** Of QoS 2, what has come and is not dealt with: not before that is it `taken`. */
  readonly arrivals = new Arrivals();
  readonly #options: OutboxLogOptions;
  readonly #dates: Dates;
  readonly #scratch = new ByteWriter(1024);
  // By their sequence numbers, in the order of those.
  readonly #deliveries = new Map<number, OutboxDelivery>();
  readonly #byMessage = new Map<Message, OutboxDelivery>();
  readonly #openIds: Set<number>;
  #isNew: boolean;
  #listener: DeliveryListener | undefined;
  #sequence = 0;
  #nextKey = firstMessageKey;
  #removedKeys: number[];
  // Packet ids that came in → whether they are open.
  #changedIds = new Map<number, boolean>();
  #changed = emptyBatch();
  #inHand = emptyBatch();
  #flushing: Promise<void> | undefined;
  #isScheduled = false;
  #isClosed = false;

  private constructor(options: OutboxLogOptions, dates: Dates, contents: OutboxContents) {
    this.#options = options;
    this.#dates = dates;
    this.#openIds = new Set(contents.openIds);
    this.#isNew = contents.owner?.hasSession !== true;
    this.#removedKeys = [...contents.strayKeys];
    for (const entry of withoutConflicts(contents.entries)) this.#restore(entry);
  }

  /**
   * Opens a store and takes over what it has.
   *
   * @throws RangeError when it is another client's, or the client has no identifier
   * @throws ClientError when it cannot be read; what the store says
   */
  static async open(options: OutboxLogOptions): Promise<OutboxLog> {
    const { store, clientId, clock, date } = options;
    if (clientId === '') {
      throw new RangeError(
        'an outbox with a store needs a `clientId`, by which the server knows the session again',
      );
    }
    const dates = new Dates(clock, date);
    const records = await store.load();
    try {
      const contents = readOutbox(records, dates);
      const owner = contents.owner ?? { clientId, hasSession: false };
      if (owner.clientId !== clientId) throw foreign(owner.clientId, clientId);
      const log = new OutboxLog(options, dates, contents);
      if (contents.owner === undefined) log.#put(ownerKey, (out) => writeOwner(out, owner));
      return log;
    } catch (error) {
      await store.close().catch(() => {}); // What went wrong first is what matters.
      throw error;
    }
  }

  /** The server has had no session that the store knows of; what else it may have, nobody does. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** From now on the server has one. */
  sessionBegun(): void {
    if (!this.#isNew || this.#isClosed) return;
    this.#isNew = false;
    const { clientId } = this.#options;
    this.#put(ownerKey, (out) => writeOwner(out, { clientId, hasSession: true }));
    this.#schedule();
  }

  /** The client has ended: what is left is for the next program. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Packet ids of QoS 2 that came in, and that the server may still ask for. */
  get openIds(): Iterable<number> {
    return this.#openIds;
  }

  /** Messages that are not acknowledged to the end. */
  messages(): Publication[] {
    return [...this.#byMessage.keys()].filter((message) => message instanceof Publication);
  }

  /** @returns all deliveries, for the session that goes on with them */
  shelf(): Shelf {
    const shelf = new Shelf();
    for (const delivery of this.#deliveries.values()) {
      shelf.append(shelvedOf(delivery), delivery.sequence);
    }
    return shelf;
  }

  listen(listener: DeliveryListener): void {
    this.#listener = listener;
  }

  createQueue(limits: QueueLimits, shelf: Shelf | undefined): StoredQueue {
    return new StoredQueue(limits, this, shelf);
  }

  /** A message that is known keeps its place in the store, as part of another session. */
  create(message: Message, qos: QoS, retain: boolean, terms: Terms | undefined): Delivery {
    const before = this.#byMessage.get(message);
    const delivery = new OutboxDelivery(++this.#sequence, { message, qos, retain, terms });
    this.#deliveries.set(delivery.sequence, delivery);
    if (qos === 0) return delivery;
    if (before === undefined) {
      delivery.key = this.#nextKey;
      this.#nextKey += 2;
    } else {
      delivery.replace(before);
      this.#deliveries.delete(before.sequence);
      this.#changed.deliveries.delete(before);
    }
    this.#byMessage.set(message, delivery);
    return delivery;
  }

  save(delivery: Delivery): boolean {
    if (delivery.qos === 0 || this.#isClosed) return true;
    this.#changed.deliveries.add(delivery as OutboxDelivery);
    this.#schedule();
    return false;
  }

  forget(delivery: Delivery): void {
    if (this.#isClosed) return;
    const { sequence, message, key, hasMessage, hasProgress } = delivery as OutboxDelivery;
    if (!this.#deliveries.delete(sequence) || delivery.qos === 0) return;
    this.#byMessage.delete(message);
    this.#changed.deliveries.delete(delivery as OutboxDelivery);
    // In this order: what is left of it must not look like a message that was never sent.
    if (hasMessage) this.#removedKeys.push(key);
    if (hasProgress) this.#removedKeys.push(key + 1);
    if (hasMessage || hasProgress) this.#schedule();
  }

  /** Nothing is left to the store alone. */
  isStored(): boolean {
    return false;
  }

  load(
    range: { readonly after: number; readonly upTo: number },
    take: (deliveries: readonly Delivery[], now: number) => void,
  ): void {
    queueMicrotask(() => take(this.#between(range), this.#options.clock.now()));
  }

  /** Those that the session has not loaded yet, which it forgets. */
  takeShelved(shelf: Shelf | undefined): Delivery[] {
    if (shelf === undefined || shelf.isEmpty) return [];
    const shelved = this.#between({ after: shelf.taken, upTo: shelf.last });
    shelf.clear();
    return shelved;
  }

  /** It has arrived, which says nothing yet: once it is `taken`, another one is a duplicate. */
  opened(_packetId: number): void {}

  /** A message of QoS 2 has been dealt with: the server is about to be told so. */
  taken(packetId: number): void {
    if (this.#isClosed || this.#openIds.has(packetId)) return;
    this.#openIds.add(packetId);
    this.#changedIds.set(packetId, true);
    this.#schedule();
  }

  closed(packetId: number): void {
    if (this.#isClosed || !this.#openIds.delete(packetId)) return;
    this.#changedIds.set(packetId, false);
    this.#schedule();
  }

  /** The server has another session: its packet ids mean something else. */
  closeAll(): void {
    this.arrivals.clear();
    for (const packetId of this.#openIds) this.closed(packetId);
  }

  /** Calls back as soon as all that has changed until now is safe. */
  whenSafe(safe: () => void, failed?: (error: unknown) => void): void {
    const waiting = { safe, failed };
    if (this.#hasChanges) {
      this.#changed.waiting.push(waiting);
      this.#schedule();
    } else if (this.#flushing !== undefined) this.#inHand.waiting.push(waiting);
    else safe();
  }

  /** Tries to write what could not be written before. */
  retry(): void {
    this.#schedule();
  }

  /**
   * Writes what is left to write, and lets the store go. From now on nothing changes.
   *
   * @throws what the store says
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#flushing;
    this.#write();
    const { waiting } = this.#inHand;
    try {
      await this.#options.store.close();
    } catch (error) {
      for (const { failed } of waiting) failed?.(error);
      throw error;
    }
    for (const { safe } of waiting) safe();
  }

  /** Deliveries behind one sequence number and up to another. */
  #between({ after, upTo }: { readonly after: number; readonly upTo: number }): Delivery[] {
    const deliveries = [...this.#deliveries.values()];
    return deliveries.filter(({ sequence }) => sequence > after && sequence <= upTo);
  }

  get #hasChanges(): boolean {
    const { deliveries, waiting } = this.#changed;
    const count = deliveries.size + waiting.length + this.#changedIds.size;
    return count + this.#removedKeys.length > 0;
  }

  #restore({ key, message, qos, state, packetId }: OutboxEntry): void {
    const known = message ?? new Publication('', new Uint8Array(0), { qos });
    const delivery = new OutboxDelivery(++this.#sequence, {
      message: known,
      qos,
      retain: known.retain,
      terms: undefined,
    });
    delivery.key = key;
    delivery.packetId = packetId;
    delivery.state = state;
    delivery.wasSent = state !== 'waiting';
    delivery.hasMessage = true;
    delivery.hasProgress = true;
    this.#deliveries.set(delivery.sequence, delivery);
    this.#byMessage.set(known, delivery);
    this.#nextKey = key + 2;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#flushing !== undefined || this.#isClosed) return;
    this.#isScheduled = true;
    this.#options.atEndOfTurn(() => {
      this.#isScheduled = false;
      if (this.#flushing === undefined && !this.#isClosed) this.#flush();
    });
  }

  #flush(): void {
    this.#write();
    this.#flushing = this.#options.store.flush().then(
      () => this.#flushed(),
      (error) => {
        this.#flushing = undefined;
        if (!this.#isClosed) this.#options.failed(error);
      },
    );
  }

  #flushed(): void {
    this.#flushing = undefined;
    const { deliveries, waiting } = this.#inHand;
    this.#inHand = emptyBatch();
    const now = this.#options.clock.now();
    for (const delivery of deliveries) {
      const isOver = this.#deliveries.get(delivery.sequence) !== delivery;
      if (isOver || this.#isClosed || this.#changed.deliveries.has(delivery)) continue;
      this.#listener?.kept(delivery, now);
    }
    for (const { safe } of waiting) safe();
    if (this.#hasChanges) this.#schedule();
  }

  /**
   * Hands over what has changed. A part of it must make sense, too: so what is over goes first, as
   * its packet id may be another's by now.
   */
  #write(): void {
    const { store } = this.#options;
    for (const key of this.#removedKeys) store.remove(key);
    this.#removedKeys = [];
    for (const [packetId, isOpen] of this.#changedIds) {
      if (isOpen) store.put(packetId, nothing);
      else store.remove(packetId);
    }
    this.#changedIds = new Map();
    const { deliveries, waiting } = this.#changed;
    this.#changed = emptyBatch();
    for (const delivery of [...deliveries].sort((one, other) => one.key - other.key)) {
      this.#writeDelivery(delivery);
      this.#inHand.deliveries.add(delivery);
    }
    this.#inHand.waiting.push(...waiting);
  }

  #writeDelivery(delivery: OutboxDelivery): void {
    const { store } = this.#options;
    const { key, message, state } = delivery;
    if (state !== 'released' && !delivery.hasMessage) {
      this.#put(key, (out) => writeMessage(out, message, this.#dates));
      delivery.hasMessage = true;
    }
    if (state !== 'waiting') this.#put(key + 1, (out) => writeProgress(out, delivery));
    else if (delivery.hasProgress) store.remove(key + 1);
    delivery.hasProgress = state !== 'waiting';
    if (state !== 'released' || !delivery.hasMessage) return;
    store.remove(key);
    delivery.hasMessage = false;
  }

  #put(key: number, write: (out: ByteWriter) => void): void {
    this.#scratch.reset();
    write(this.#scratch);
    this.#options.store.put(key, this.#scratch.view());
  }
}

class OutboxDelivery implements Delivery {
  readonly sequence: number;
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly terms: Terms | undefined;
  packetId = 0;
  state: Delivery['state'] = 'waiting';
  order = 0;
  counted = false;
  wasSent = false;
  held = false;
  /** 0 for QoS 0, which is not stored. */
  key = 0;
  /** Whether the store has been handed the one and the other of its records. */
  hasMessage = false;
  hasProgress = false;

  constructor(
    sequence: number,
    { message, qos, retain, terms }: Pick<OutboxDelivery, 'message' | 'qos' | 'retain' | 'terms'>,
  ) {
    this.sequence = sequence;
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.terms = terms;
  }

  /** Takes the place of another in the store. */
  replace({ key, hasMessage, hasProgress }: OutboxDelivery): void {
    this.key = key;
    this.hasMessage = hasMessage;
    this.hasProgress = hasProgress;
  }
}

/**
 * Messages of QoS 1 are given other packet ids in another session, in their turn. A power cut in
 * the middle of that can leave two with the same: what QoS 1 was sent before may be sent anew.
 */
function* withoutConflicts(entries: readonly OutboxEntry[]): Iterable<OutboxEntry> {
  const taken = new Set(entries.filter(({ qos }) => qos === 2).map(({ packetId }) => packetId));
  for (const entry of entries) {
    const { packetId, qos, state } = entry;
    const isConflict = qos === 1 && state === 'published' && taken.has(packetId);
    if (qos === 1) taken.add(packetId);
    yield isConflict ? { ...entry, state: 'waiting', packetId: 0 } : entry;
  }
}

const nothing = new Uint8Array(0);

function emptyBatch(): Batch {
  return { deliveries: new Set(), waiting: [] };
}

function foreign(owner: string, clientId: string): RangeError {
  return new RangeError(
    `the outbox is that of the client '${owner}', not of '${clientId}': ` +
      'give each client its own',
  );
}
