/** Who belongs to whom in a store: records to sessions, and shared messages to deliveries. */

import { sharedMessageOf } from '../broker/state/delivery-record.ts';
import { readU32, type StoreKey, tables } from '../broker/state/keys.ts';

/** A message that several deliveries share, by what its records and theirs say. */
export interface SharedMessage {
  readonly number: number;
  /** Its own record is there. */
  isThere: boolean;
  /** Deliveries that refer to it. */
  references: number;
  /** How many it is said to have; 0 where nothing is said. */
  holders: number;
}

/** Takes one pass over all records of a store, in the order of their keys; then it can tell. */
export class Census {
  readonly #sessions = new Set<number>();
  readonly #shared = new Map<number, SharedMessage>();

  add({ table, first }: StoreKey, value: Uint8Array): void {
    switch (table) {
      case tables.session:
        this.#sessions.add(first);
        return;
      case tables.delivery:
        if (this.#sessions.has(first)) this.#addReference(sharedMessageOf(value));
        return;
      case tables.message:
        this.#sharedAt(first).isThere = true;
        return;
      case tables.holders:
        this.#sharedAt(first).holders = value.length < 4 ? 0 : readU32(value, 0);
        return;
      default: // Subscriptions and packet ids lead no further, and retained messages to nobody.
    }
  }

  hasSession(number: number): boolean {
    return this.#sessions.has(number);
  }

  /** By their numbers. */
  sharedMessages(): readonly Readonly<SharedMessage>[] {
    return [...this.#shared.values()].sort((left, right) => left.number - right.number);
  }

  /** Whether a record leads to something, and something leads to it. */
  isOfUse({ table, first }: StoreKey, value: Uint8Array): boolean {
    switch (table) {
      case tables.subscription:
      case tables.received:
        return this.#sessions.has(first);
      case tables.delivery: {
        const shared = sharedMessageOf(value);
        const hasMessage = shared === undefined || this.#shared.get(shared)?.isThere === true;
        return this.#sessions.has(first) && hasMessage;
      }
      case tables.message:
        return this.#shared.get(first)!.references > 0;
      case tables.holders: {
        const { isThere, references } = this.#shared.get(first)!;
        return isThere && references > 0;
      }
      default:
        return true;
    }
  }

  #addReference(number: number | undefined): void {
    if (number !== undefined) this.#sharedAt(number).references++;
  }

  #sharedAt(number: number): SharedMessage {
    let shared = this.#shared.get(number);
    if (shared === undefined) {
      shared = { number, isThere: false, references: 0, holders: 0 };
      this.#shared.set(number, shared);
    }
    return shared;
  }
}
