/** A store whose commits happen when the test says so, and that outlives its broker. */

import type { Store, StoredRecord, StoreFault } from '../../src/broker/ports.ts';
import { keyOf, readKey, type StoreKey, tables } from '../../src/broker/state/keys.ts';
import { MemoryStore } from '../../src/storage/memory.ts';

interface Commit {
  readonly changes: Uint8Array;
  readonly done: (fault: StoreFault | undefined) => void;
}

/** A commit that waits for the test, or a read that waits behind one. */
type Request = Commit | (() => void);

export const diskFull: StoreFault = { code: 'ENOSPC', message: 'no space is left on the disk' };

/** Requests are answered in their order, one at a time, as by the thread of the store on disk. */
export class HeldStore implements Store {
  /** What commits end with until it is undefined again. */
  fault: StoreFault | undefined;
  /** Commits that have changed something. */
  commits = 0;
  readonly #later: (answer: () => void) => void;
  readonly #disk = new MemoryStore();
  // All that was committed, in order: a disk is made anew from it.
  readonly #history: Uint8Array[];
  #requests: Request[] = [];
  #isHeld = false;

  /**
   * @param later calls back in a later turn
   * @param before a store whose broker has ended, however it did
   */
  constructor(later: (answer: () => void) => void, before?: HeldStore) {
    this.#later = later;
    this.#history = before === undefined ? [] : [...before.#history];
    for (const changes of this.#history) this.#disk.apply(changes);
  }

  get records(): MemoryStore['records'] {
    return this.#disk.records;
  }

  /** Commits that wait for the test. */
  get waitingCount(): number {
    return this.#requests.filter((request) => typeof request !== 'function').length;
  }

  commit(changes: Uint8Array<ArrayBuffer>, done: (fault: StoreFault | undefined) => void): void {
    this.#ask({ changes, done });
  }

  read(
    from: Uint8Array<ArrayBuffer>,
    to: Uint8Array<ArrayBuffer>,
    answer: (records: readonly StoredRecord[]) => void,
  ): void {
    this.#ask(() => answer(this.#disk.find(from, to)));
  }

  /** From now on commits wait. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Those that wait, and all that come, are done without being asked for. */
  release(): void {
    this.#isHeld = false;
    this.#later(() => this.#go());
  }

  /** Does the first commit that waits; its answer, too, comes later. @returns false for none */
  commitNext(): boolean {
    const request = this.#requests[0];
    if (request === undefined || typeof request === 'function') return false;
    this.#requests.shift();
    this.#do(request);
    this.#later(() => this.#go());
    return true;
  }

  /** The keys of all records. */
  keys(): StoreKey[] {
    const keys: StoreKey[] = [];
    this.#disk.records((key) => keys.push(readKey(key)!));
    return keys;
  }

  /** How many records there are in each table that has some, but for the broker's own. */
  tally(): Readonly<Record<string, number>> {
    const tally: Record<string, number> = {};
    for (const { table } of this.keys()) {
      if (table === tables.broker) continue;
      const name = tableNames[table];
      tally[name] = (tally[name] ?? 0) + 1;
    }
    return tally;
  }

  /** Takes a record away behind the broker's back, as a damaged disk does. */
  lose({ table, first, second }: StoreKey): void {
    const key = keyOf(table, first, second);
    const change = Uint8Array.of(2, key.length, ...key);
    this.#disk.apply(change);
    this.#history.push(change);
  }

  #ask(request: Request): void {
    this.#requests.push(request);
    this.#later(() => this.#go());
  }

  #go(): void {
    for (let next = this.#requests[0]; next !== undefined; next = this.#requests[0]) {
      if (typeof next !== 'function' && this.#isHeld) return;
      this.#requests.shift();
      if (typeof next === 'function') next();
      else this.#do(next);
    }
  }

  #do({ changes, done }: Commit): void {
    const { fault } = this;
    if (fault === undefined) {
      const own = changes.slice();
      this.#disk.apply(own);
      this.#history.push(own);
      this.commits++;
    }
    this.#later(() => done(fault));
  }
}

const tableNames = Object.fromEntries(
  Object.entries(tables).map(([name, table]) => [table, name]),
) as Readonly<Record<number, string>>;
