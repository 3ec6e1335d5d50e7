/** Deliveries that wait for their turn, first in, first out, bounded in number and bytes. */

import type { Delivery } from './delivery.ts';

export interface QueueLimits {
  /** Deliveries; 0: no limit. */
  readonly messagesMax: number;
  /** Bytes of their messages; 0: no limit. */
  readonly bytesMax: number;
}

// Taken places at the front are given back once they are this many and half of the array.
const compactFrom = 32;

// Looking for expired messages walks the queue, so a full one is not searched again before the
// earliest of them can have expired.
const never = Number.POSITIVE_INFINITY;

export class DeliveryQueue {
  readonly #limits: QueueLimits;
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #qos0Count = 0;
  #earliestExpiry = never;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them are of QoS 0. */
  get qos0Count(): number {
    return this.#qos0Count;
  }

  /** True when not even a message without payload fits. */
  get isFull(): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    return (
      (messagesMax > 0 && this.length >= messagesMax) || (bytesMax > 0 && this.#bytes >= bytesMax)
    );
  }

  /** @returns false when the queue is full. */
  push(delivery: Delivery): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    if (messagesMax > 0 && this.length >= messagesMax) return false;
    if (bytesMax > 0 && this.#bytes + delivery.message.bytes > bytesMax) return false;
    this.#bytes += delivery.message.bytes;
    if (delivery.qos === 0) this.#qos0Count++;
    this.#items.push(delivery);
    this.#earliestExpiry = Math.min(this.#earliestExpiry, delivery.message.expiresAt);
    return true;
  }

  /** Takes out the deliveries whose message has expired, in their order. */
  removeExpired(now: number): Delivery[] {
    if (this.#earliestExpiry > now) return [];
    const waiting = this.#items.slice(this.#head) as Delivery[];
    const expired = waiting.filter((each) => each.message.expiresAt <= now);
    this.#items = waiting.filter((each) => each.message.expiresAt > now);
    this.#head = 0;
    this.#earliestExpiry = never;
    for (const { message, qos } of expired) {
      this.#bytes -= message.bytes;
      if (qos === 0) this.#qos0Count--;
    }
    for (const each of this.#items) {
      this.#earliestExpiry = Math.min(this.#earliestExpiry, each!.message.expiresAt);
    }
    return expired;
  }

  peek(): Delivery | undefined {
    return this.#items[this.#head];
  }

  shift(): Delivery | undefined {
    const delivery = this.#items[this.#head];
    if (delivery === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= delivery.message.bytes;
    if (delivery.qos === 0) this.#qos0Count--;
    if (this.#head >= compactFrom && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }
}
