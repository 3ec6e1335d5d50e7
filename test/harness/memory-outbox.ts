/** An outbox in memory that can lose its power, be slow, and fail. */

import { type DurableOutbox, durableOutbox } from '../../src/client/durable-outbox.ts';
import type { OutboxRecord, OutboxStore } from '../../src/client/ports.ts';

type Change = (records: Map<number, Uint8Array>) => void;

/** What outlives the stores that are opened in it. */
export class MemoryOutboxPlace {
  readonly #safe = new Map<number, Uint8Array>();
  // Of the store that is open: what it has changed since, in order.
  #changes: Change[] = [];
  #owner: OutboxStore | undefined;
  /** Flushes reject as long as it is set. */
  failure: Error | undefined;
  /** Flushes take until it resolves. */
  held: Promise<void> | undefined;
  flushes = 0;

  store(): OutboxStore {
    const store: OutboxStore = {
      load: async () => {
        if (this.#owner !== undefined) throw new Error('another store is open here');
        this.#owner = store;
        return this.records();
      },
      put: (key, value) => {
        const own = value.slice();
        this.#change(store, (records) => records.set(key, own));
      },
      remove: (key) => this.#change(store, (records) => records.delete(key)),
      flush: () => this.#flush(store),
      close: async () => {
        try {
          await this.#flush(store);
        } finally {
          if (this.#owner === store) this.#owner = undefined;
        }
      },
    };
    return store;
  }

  /** Another store here, for a client. */
  outbox(): DurableOutbox {
    return durableOutbox(this.store());
  }

  /** What a power cut would leave, in the order of keys. */
  records(): OutboxRecord[] {
    const records = [...this.#safe].map(([key, value]) => ({ key, value: value.slice() }));
    return records.sort((one, other) => one.key - other.key);
  }

  /** Changes that were not flushed. */
  get unsafeCount(): number {
    return this.#changes.length;
  }

  /** The power is cut, and of what was not flushed the first `count` changes are there. */
  cut(count: number): void {
    for (const change of this.#changes.slice(0, count)) change(this.#safe);
    this.#changes = [];
    this.#owner = undefined;
  }

  #change(store: OutboxStore, change: Change): void {
    if (this.#owner === store) this.#changes.push(change);
  }

  async #flush(store: OutboxStore): Promise<void> {
    this.flushes++;
    const count = this.#owner === store ? this.#changes.length : 0;
    await this.held;
    if (this.failure !== undefined) throw this.failure;
    if (this.#owner !== store) return;
    for (const change of this.#changes.splice(0, count)) change(this.#safe);
  }
}
