/** Deliveries that wait for their turn, first in, first out, bounded in number and bytes. */

import type { Delivery } from './delivery.ts';
import { Fifo } from './fifo.ts';
import type { Message } from './message.ts';
import { Shelf, shelvedOf } from './shelf.ts';

export interface QueueLimits {
  /** Deliveries; 0: no limit. */
  readonly messagesMax: number;
  /** Bytes of their messages; 0: no limit. */
  readonly bytesMax: number;
}

// Looking for expired messages walks the queue, so a full one is not searched again before the
// earliest of them can have expired.
const never = Number.POSITIVE_INFINITY;

/**
 * Three parts, one behind the other: what was loaded from the store, what is still there, and what
 * came last. Without a store all is in the last.
 */
export class DeliveryQueue {
  readonly shelf: Shelf;
  readonly #limits: QueueLimits;
  // Made when they are needed: of most absent clients all that waits is in the store.
  #front: Fifo<Delivery> | undefined;
  #back: Fifo<Delivery> | undefined;
  #bytes = 0;
  #qos0Count = 0;
  #earliestExpiry = never;

  constructor(limits: QueueLimits, shelf = new Shelf()) {
    this.#limits = limits;
    this.shelf = shelf;
  }

  get length(): number {
    return this.loadedCount + this.shelf.waitingCount;
  }

  /** How many of them are in memory. */
  get loadedCount(): number {
    return (this.#front?.length ?? 0) + (this.#back?.length ?? 0);
  }

  /** How many of them come before those in the store. */
  get frontCount(): number {
    return this.#front?.length ?? 0;
  }

  get bytes(): number {
    return this.#bytes + this.shelf.waitingBytes;
  }

  /** How many of them are of QoS 0. */
  get qos0Count(): number {
    return this.#qos0Count + this.shelf.qos0Count;
  }

  /** True when not even a message without payload fits. */
  get isFull(): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return (
      (messagesMax > 0 && this.length >= messagesMax) || (bytesMax > 0 && this.bytes >= bytesMax)
    );
  }

  hasRoomFor(message: Message): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    if (messagesMax > 0 && this.length >= messagesMax) return false;
    return bytesMax === 0 || this.bytes + message.bytes <= bytesMax;
  }

  /** Behind all others; whether there is room is the caller's to ask. */
  push(delivery: Delivery): void {
    this.#back ??= new Fifo();
    this.#back.push(delivery);
    this.#count(delivery);
  }

  /** Behind what was loaded before. */
  pushLoaded(delivery: Delivery): void {
    this.#front ??= new Fifo();
    this.#front.push(delivery);
    this.#count(delivery);
  }

  /**
   * Takes out the deliveries in memory whose message has expired, in their order. Those in the
   * store stay, and do not count any more.
   */
  removeExpired(now: number): Delivery[] {
    this.shelf.discountExpired(now);
    if (this.#earliestExpiry > now) return [];
    const isExpired = ({ message }: Delivery) => message.expiresAt <= now;
    const expired = this.#parts().flatMap((part) => part.remove(isExpired));
    this.#earliestExpiry = never;
    for (const delivery of expired) this.#discount(delivery);
    for (const { message } of this.#parts().flatMap((part) => [...part])) {
      this.#earliestExpiry = Math.min(this.#earliestExpiry, message.expiresAt);
    }
    return expired;
  }

  /** @returns undefined, too, where the next one is in the store and must be loaded first */
  peek(): Delivery | undefined {
    return this.#first()?.peek();
  }

  shift(): Delivery | undefined {
    const delivery = this.#first()?.shift();
    if (delivery !== undefined) this.#discount(delivery);
    return delivery;
  }

  /** Takes out all that are in memory. */
  takeLoaded(): Delivery[] {
    const loaded = this.#parts().flatMap((part) => [...part]);
    this.#front = undefined;
    this.#back = undefined;
    for (const delivery of loaded) this.#discount(delivery);
    return loaded;
  }

  /** Takes out one that is in memory, wherever it is. @returns false when it is not */
  remove(delivery: Delivery): boolean {
    const isIt = (each: Delivery) => each === delivery;
    if (!this.#parts().some((part) => part.remove(isIt).length > 0)) return false;
    this.#discount(delivery);
    return true;
  }

  /** Takes out the first that is in memory and for which it holds. */
  take(isWanted: (delivery: Delivery) => boolean): Delivery | undefined {
    for (const part of this.#parts()) {
      for (const delivery of part) {
        if (!isWanted(delivery)) continue;
        this.remove(delivery);
        return delivery;
      }
    }
    return undefined;
  }

  /** Leaves what was loaded to the store again. */
  shelveFront(): void {
    const front = this.#front;
    this.#front = undefined;
    for (let next = front?.shift(); next !== undefined; next = front?.shift()) {
      this.#discount(next);
      this.shelf.putBack(shelvedOf(next), next.sequence);
    }
  }

  /** Leaves to the store what came last, up to the first that it does not have. */
  shelveBack(isStored: (delivery: Delivery) => boolean): void {
    const back = this.#back;
    for (let next = back?.peek(); next !== undefined && isStored(next); next = back?.peek()) {
      back!.shift();
      this.#discount(next);
      this.shelf.append(shelvedOf(next), next.sequence);
    }
    if (back?.length === 0) this.#back = undefined;
  }

  /** Has the first of those that came last count as loaded, so that they stay in memory. */
  bringForward(count: number): void {
    if (!this.shelf.isEmpty) return;
    this.#front ??= new Fifo();
    for (let left = count - this.#front.length; left > 0; left--) {
      const next = this.#back?.shift();
      if (next === undefined) return;
      this.#front.push(next);
    }
  }

  #parts(): Fifo<Delivery>[] {
    return [this.#front, this.#back].filter((part) => part !== undefined);
  }

  #first(): Fifo<Delivery> | undefined {
    if (this.#front !== undefined && this.#front.length > 0) return this.#front;
    return this.shelf.isEmpty ? this.#back : undefined;
  }

  #count({ message, qos }: Delivery): void {
    this.#bytes += message.bytes;
    if (qos === 0) this.#qos0Count++;
    this.#earliestExpiry = Math.min(this.#earliestExpiry, message.expiresAt);
  }

  #discount({ message, qos }: Delivery): void {
    this.#bytes -= message.bytes;
    if (qos === 0) this.#qos0Count--;
  }
}
