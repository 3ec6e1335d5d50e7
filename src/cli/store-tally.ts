/** Counts what is in a store. */

import type { DecodedRecord, DeliveryRecord } from './store-record.ts';

/** Some messages, and their bytes as limits in bytes count them. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

export interface Queue extends Amount {
  readonly clientId: string;
}

export interface Tally {
  /** Undefined when the store does not say. */
  readonly hasEnded: boolean | undefined;
  readonly presentSessions: number;
  /** Of these only messages are left, which go to others. */
  readonly endedSessions: number;
  readonly subscriptions: number;
  /** Messages of QoS 2 whose PUBREL has not come. */
  readonly received: number;
  /** Never sent. */
  readonly queued: Amount;
  /** Sent, and not acknowledged to the end. */
  readonly inflight: Amount;
  /** Messages for several clients, each of which counts above for each client. */
  readonly shared: Amount;
  readonly retained: Amount;
  readonly unreadable: number;
  /** The sessions with most messages. */
  readonly largestQueues: readonly Queue[];
}

const largestCount = 5;

export class Teller {
  #hasEnded: boolean | undefined;
  readonly #sessions = new Map<number, { clientId: string; messages: number; bytes: number }>();
  #endedSessions = 0;
  #subscriptions = 0;
  #received = 0;
  readonly #queued = { messages: 0, bytes: 0 };
  readonly #inflight = { messages: 0, bytes: 0 };
  readonly #shared = { messages: 0, bytes: 0 };
  readonly #retained = { messages: 0, bytes: 0 };
  #unreadable = 0;

  take({ record }: DecodedRecord): void {
    switch (record.type) {
      case 'broker':
        this.#hasEnded = record.hasEnded;
        return;
      case 'session': {
        const { clientId, isEnded } = record.record;
        this.#sessions.set(record.session, { clientId, messages: 0, bytes: 0 });
        if (isEnded) this.#endedSessions++;
        return;
      }
      case 'subscription':
        this.#subscriptions++;
        return;
      case 'received':
        this.#received++;
        return;
      case 'delivery':
        return this.#takeDelivery(record);
      case 'message':
        return add(this.#shared, record.message.bytes);
      case 'retained':
        return add(this.#retained, record.message.bytes);
      case 'unreadable':
        this.#unreadable++;
        return;
      case 'holders':
        return;
      default:
        record satisfies never;
    }
  }

  finish(): Tally {
    return {
      hasEnded: this.#hasEnded,
      presentSessions: this.#sessions.size - this.#endedSessions,
      endedSessions: this.#endedSessions,
      subscriptions: this.#subscriptions,
      received: this.#received,
      queued: this.#queued,
      inflight: this.#inflight,
      shared: this.#shared,
      retained: this.#retained,
      unreadable: this.#unreadable,
      largestQueues: [...this.#sessions.values()]
        .filter(({ messages }) => messages > 0)
        .sort((left, right) => right.messages - left.messages || right.bytes - left.bytes)
        .slice(0, largestCount),
    };
  }

  #takeDelivery({ session, head, bytes }: DeliveryRecord): void {
    add(head.state === 'waiting' ? this.#queued : this.#inflight, bytes);
    const queue = this.#sessions.get(session);
    if (queue !== undefined) add(queue, bytes);
  }
}

function add(amount: { messages: number; bytes: number }, bytes: number): void {
  amount.messages++;
  amount.bytes += bytes;
}
