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

export class DeliveryQueue {
  readonly #limits: QueueLimits;
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false when the queue is full. */
  push(delivery: Delivery): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    if (messagesMax > 0 && this.length >= messagesMax) return false;
    if (bytesMax > 0 && this.#bytes + delivery.message.bytes > bytesMax) return false;
    this.#bytes += delivery.message.bytes;
    this.#items.push(delivery);
    return true;
  }

  peek(): Delivery | undefined {
    return this.#items[this.#head];
  }

  shift(): Delivery | undefined {
    const delivery = this.#items[this.#head];
    if (delivery === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= delivery.message.bytes;
    if (this.#head >= compactFrom && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }
}
