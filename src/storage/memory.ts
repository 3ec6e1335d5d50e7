/** A store in memory: as good as the process lives. */

import type { Store, StoredRecord, StoreFault } from '../broker/ports.ts';
import { readChanges } from '../broker/state/changes.ts';
import { sharedMessageOf } from '../broker/state/delivery-record.ts';
import { keyOf, readU32, tables } from '../broker/state/keys.ts';

// As many as the store on disk gives at a time.
const pageCount = 128;
const nothing = new Uint8Array(0);

/** Answers when it is told to: in the next microtask unless `later` says otherwise. */
export class MemoryStore implements Store {
  readonly #later: (answer: () => void) => void;
  readonly #records = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>();
  // The keys in their order; undefined when one has come or gone.
  #sorted: string[] | undefined;

  constructor(later: (answer: () => void) => void = queueMicrotask) {
    this.#later = later;
  }

  commit(changes: Uint8Array<ArrayBuffer>, done: (fault: StoreFault | undefined) => void): void {
    this.apply(changes);
    this.#later(() => done(undefined));
  }

  read(
    from: Uint8Array<ArrayBuffer>,
    to: Uint8Array<ArrayBuffer>,
    answer: (records: readonly StoredRecord[]) => void,
  ): void {
    const found = this.find(from, to);
    this.#later(() => answer(found));
  }

  /** Hands over all records in the order of their keys. */
  readonly records = (take: (key: Uint8Array, value: Uint8Array) => void): void => {
    for (const name of this.#order()) {
      const { key, value } = this.#records.get(name)!;
      take(key, value);
    }
  };

  /** What `commit` does. */
  apply(changes: Uint8Array): void {
    const held = new Map<number, number>();
    readChanges(changes, {
      put: (key, value) => this.#put(key.slice(), value.slice()),
      remove: (key) => this.#remove(key),
      hold: (message, difference) => held.set(message, (held.get(message) ?? 0) + difference),
    });
    for (const [message, difference] of held) this.#hold(message, difference);
  }

  /** What `read` answers. */
  find(from: Uint8Array, to: Uint8Array): StoredRecord[] {
    const [first, last] = [nameOf(from), nameOf(to)];
    const names = this.#order().filter((name) => name >= first && name <= last);
    return names.slice(0, pageCount).map((name) => {
      const { key, value } = this.#records.get(name)!;
      const number = key[0] === tables.delivery ? sharedMessageOf(value) : undefined;
      const shared = number === undefined ? undefined : this.#get(keyOf(tables.message, number));
      return { key, value, message: shared };
    });
  }

  #hold(message: number, difference: number): void {
    const key = keyOf(tables.holders, message);
    const value = this.#get(key) ?? nothing;
    const count = (value.length === 0 ? 0 : readU32(value, 0)) + difference;
    if (count > 0) return this.#put(key, u32(count));
    this.#remove(key);
    this.#remove(keyOf(tables.message, message));
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    return this.#records.get(nameOf(key))?.value;
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    const name = nameOf(key);
    if (!this.#records.has(name)) this.#sorted = undefined;
    this.#records.set(name, { key, value });
  }

  #remove(key: Uint8Array): void {
    if (this.#records.delete(nameOf(key))) this.#sorted = undefined;
  }

  #order(): readonly string[] {
    this.#sorted ??= [...this.#records.keys()].sort();
    return this.#sorted;
  }
}

/** A text that sorts as the key does. */
function nameOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
