/** Deliveries that wait, in three parts, one behind the other: the store has the middle one. */

import type { Delivery } from './delivery.ts';
import type { DeliveryKeeper } from './delivery-keeper.ts';
import {
  DeliveryQueue,
  hasRoomFor,
  isAtLimit,
  type QueueLimits,
  type WaitingDeliveries,
} from './delivery-queue.ts';
import type { Inflight } from './inflight.ts';
import type { Message } from './message.ts';
import { Shelf, shelvedOf } from './shelf.ts';

// Deliveries that are loaded at a time; with fewer in memory, more are asked for.
const pageCount = 128;
const lowCount = 32;

/**
 * Takes what was loaded: `sent` are those that were in flight; with neither, `lostCount` cannot be
 * read.
 */
type TakeLoaded = (sent: readonly Delivery[], lostCount: number, now: number) => void;

export class StoredQueue implements WaitingDeliveries {
  readonly shelf: Shelf;
  readonly #limits: QueueLimits;
  readonly #keeper: DeliveryKeeper;
  // What was loaded from the store, and what came last. Made when they are needed: of most absent
  // clients all that waits is in the store.
  #front: DeliveryQueue | undefined;
  #back: DeliveryQueue | undefined;
  #isLoading = false;
  // Counts connections, so that what was loaded for an earlier one is not taken.
  #connections = 0;

  /** @param shelf what the keeper has from before */
  constructor(limits: QueueLimits, keeper: DeliveryKeeper, shelf = new Shelf()) {
    this.#limits = limits;
    this.#keeper = keeper;
    this.shelf = shelf;
  }

  get length(): number {
    return this.loadedCount + this.shelf.waitingCount;
  }

  get isEmpty(): boolean {
    return this.loadedCount === 0 && this.shelf.isEmpty;
  }

  /** How many of them are in memory. */
  get loadedCount(): number {
    return this.frontCount + (this.#back?.length ?? 0);
  }

  /** How many of them come before those in the store. */
  get frontCount(): number {
    return this.#front?.length ?? 0;
  }

  get bytes(): number {
    return (this.#front?.bytes ?? 0) + this.shelf.waitingBytes + (this.#back?.bytes ?? 0);
  }

  get qos0Count(): number {
    return (this.#front?.qos0Count ?? 0) + this.shelf.qos0Count + (this.#back?.qos0Count ?? 0);
  }

  get isAtLimit(): boolean {
    return isAtLimit(this, this.#limits);
  }

  hasRoomFor(message: Message): boolean {
    return hasRoomFor(message, this, this.#limits);
  }

  push(delivery: Delivery): void {
    this.#back ??= new DeliveryQueue(this.#limits);
    this.#back.push(delivery);
  }

  /** Behind what was loaded before. */
  pushLoaded(delivery: Delivery): void {
    this.#front ??= new DeliveryQueue(this.#limits);
    this.#front.push(delivery);
  }

  /** Those in the store stay, and do not count any more. */
  removeExpired(now: number): Delivery[] {
    this.shelf.discountExpired(now);
    return this.#parts().flatMap((part) => part.removeExpired(now));
  }

  peek(): Delivery | undefined {
    return this.#first()?.peek();
  }

  shift(): Delivery | undefined {
    return this.#first()?.shift();
  }

  takeLoaded(): Delivery[] {
    return this.#parts().flatMap((part) => part.takeLoaded());
  }

  remove(delivery: Delivery): boolean {
    return this.#parts().some((part) => part.remove(delivery));
  }

  take(isWanted: (delivery: Delivery) => boolean): Delivery | undefined {
    return this.#front?.take(isWanted) ?? this.#back?.take(isWanted);
  }

  /** The peer has come, or gone: what is being loaded is not for this connection. */
  interrupt(): void {
    this.#connections++;
    this.#isLoading = false;
  }

  /** Whether some of the store's are to be loaded before long. */
  get isLow(): boolean {
    return !this.shelf.isEmpty && this.frontCount < lowCount;
  }

  /** Loads the next ones that the store has, unless that is under way. */
  load(take: TakeLoaded): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const connection = this.#connections;
    this.#keeper.load({ after: this.shelf.taken, upTo: this.shelf.last }, (deliveries, now) => {
      if (connection !== this.#connections) return;
      this.#isLoading = false;
      const lostCount = deliveries.length === 0 ? this.shelf.clear() : 0;
      for (const delivery of deliveries) {
        this.shelf.take(shelvedOf(delivery), delivery.sequence);
        if (delivery.state === 'waiting') this.pushLoaded(delivery);
      }
      const sent = deliveries.filter(({ state }) => state !== 'waiting');
      take(sent, lostCount, now);
    });
  }

  /** Leaves to the store what it has and memory does not need, while the peer is there. */
  shelveRest(): void {
    if (this.shelf.isEmpty && this.loadedCount < 2 * pageCount) return;
    this.bringForward(pageCount);
    this.shelveBack();
  }

  /** The same while it is not, where nothing need be in memory. */
  shelveAll(inflight: Inflight): void {
    if (this.#shelveInflight(inflight)) this.shelveBack();
  }

  /** Leaves to the store what came last, up to the first that it does not have. */
  shelveBack(): void {
    const back = this.#back;
    for (let next = back?.peek(); next && this.#keeper.isStored(next); next = back?.peek()) {
      back!.shift();
      this.shelf.append(shelvedOf(next), next.sequence);
    }
    if (back?.length === 0) this.#back = undefined;
  }

  /** Leaves what was loaded to the store again. */
  shelveFront(): void {
    for (const delivery of this.#front?.takeLoaded() ?? []) {
      this.shelf.putBack(shelvedOf(delivery), delivery.sequence);
    }
    this.#front = undefined;
  }

  /** Has the first of those that came last count as loaded, so that they stay in memory. */
  bringForward(count: number): void {
    if (!this.shelf.isEmpty) return;
    for (let left = count - this.frontCount; left > 0; left--) {
      const next = this.#back?.shift();
      if (next === undefined) return;
      this.pushLoaded(next);
    }
  }

  /** What is in flight and what was loaded: all or nothing, since what is shelved has no gaps. */
  #shelveInflight(inflight: Inflight): boolean {
    const sent = inflight.values();
    if (!sent.every((delivery) => this.#keeper.isStored(delivery))) return false;
    for (const delivery of sent) this.shelf.putBack(shelvedOf(delivery), delivery.sequence);
    if (sent.length > 0) inflight.clear();
    this.shelveFront();
    return true;
  }

  #parts(): DeliveryQueue[] {
    return [this.#front, this.#back].filter((part) => part !== undefined);
  }

  #first(): DeliveryQueue | undefined {
    if (this.#front !== undefined && this.#front.length > 0) return this.#front;
    return this.shelf.isEmpty ? this.#back : undefined;
  }
}
