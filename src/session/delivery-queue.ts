/** Deliveries that wait for their turn, first in, first out, bounded in number and bytes. */

import type { Delivery } from './delivery.ts';
import { Fifo } from './fifo.ts';
import type { Message } from './message.ts';

export interface QueueLimits {
  /** Deliveries; 0: no limit. */
  readonly messagesMax: number;
  /** Bytes of their messages; 0: no limit. */
  readonly bytesMax: number;
}

/** What waits: a `DeliveryQueue`, or a `StoredQueue`, of which memory need not have all. */
export interface WaitingDeliveries {
  readonly length: number;
  /** Nothing waits, in memory or in the store. */
  readonly isEmpty: boolean;
  readonly bytes: number;
  /** How many of them are of QoS 0. */
  readonly qos0Count: number;
  /** True when not even a message without payload fits. */
  readonly isAtLimit: boolean;

  hasRoomFor(message: Message): boolean;

  /** Behind all others; whether there is room is the caller's to ask. */
  push(delivery: Delivery): void;

  /** Takes out the deliveries in memory whose message has expired, in their order. */
  removeExpired(now: number): Delivery[];

  /** @returns undefined, too, where the next one is in the store and must be loaded first */
  peek(): Delivery | undefined;

  shift(): Delivery | undefined;

  /** Takes out all that are in memory. */
  takeLoaded(): Delivery[];

  /** Takes out one that is in memory, wherever it is. @returns false when it is not */
  remove(delivery: Delivery): boolean;

  /** Takes out the first that is in memory and for which it holds. */
  take(isWanted: (delivery: Delivery) => boolean): Delivery | undefined;
}

// Looking for expired messages walks the queue, so a full one is not searched again before the
// earliest of them can have expired.
const never = Number.POSITIVE_INFINITY;

export class DeliveryQueue implements WaitingDeliveries {
  readonly #limits: QueueLimits;
  readonly #waiting = new Fifo<Delivery>();
  #bytes = 0;
  #qos0Count = 0;
  #earliestExpiry = never;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get qos0Count(): number {
    return this.#qos0Count;
  }

  get isAtLimit(): boolean {
    return isAtLimit(this, this.#limits);
  }

  hasRoomFor(message: Message): boolean {
    return hasRoomFor(message, this, this.#limits);
  }

  push(delivery: Delivery): void {
    const { message, qos } = delivery;
    this.#waiting.push(delivery);
    this.#bytes += message.bytes;
    if (qos === 0) this.#qos0Count++;
    this.#earliestExpiry = Math.min(this.#earliestExpiry, message.expiresAt);
  }

  removeExpired(now: number): Delivery[] {
    if (this.#earliestExpiry > now) return [];
    const expired = this.#waiting.remove(({ message }) => message.expiresAt <= now);
    this.#earliestExpiry = never;
    for (const delivery of expired) this.#discount(delivery);
    for (const { message } of this.#waiting) {
      this.#earliestExpiry = Math.min(this.#earliestExpiry, message.expiresAt);
    }
    return expired;
  }

  peek(): Delivery | undefined {
    return this.#waiting.peek();
  }

  shift(): Delivery | undefined {
    const delivery = this.#waiting.shift();
    if (delivery !== undefined) this.#discount(delivery);
    return delivery;
  }

  takeLoaded(): Delivery[] {
    const loaded: Delivery[] = [];
    for (let next = this.shift(); next !== undefined; next = this.shift()) loaded.push(next);
    return loaded;
  }

  remove(delivery: Delivery): boolean {
    const isThere = this.#waiting.remove((each) => each === delivery).length > 0;
    if (isThere) this.#discount(delivery);
    return isThere;
  }

  take(isWanted: (delivery: Delivery) => boolean): Delivery | undefined {
    for (const delivery of this.#waiting) {
      if (!isWanted(delivery)) continue;
      this.remove(delivery);
      return delivery;
    }
    return undefined;
  }

  #discount({ message, qos }: Delivery): void {
    this.#bytes -= message.bytes;
    if (qos === 0) this.#qos0Count--;
  }
}

type Size = Pick<WaitingDeliveries, 'length' | 'bytes'>;

export function isAtLimit(
  { length, bytes }: Size,
  { messagesMax, bytesMax }: QueueLimits,
): boolean {
  return (messagesMax > 0 && length >= messagesMax) || (bytesMax > 0 && bytes >= bytesMax);
}

export function hasRoomFor(
  message: Message,
  { length, bytes }: Size,
  { messagesMax, bytesMax }: QueueLimits,
): boolean {
  if (messagesMax > 0 && length >= messagesMax) return false;
  return bytesMax === 0 || bytes + message.bytes <= bytesMax;
}
