/** Keeps a client's outbox in a browser's IndexedDB. */

import type { OutboxRecord, OutboxStore } from '../client/ports.ts';

/** Another page, or this one, has the outbox. */
export class OutboxInUseError extends Error {
  override readonly name = 'OutboxInUseError';

  constructor(name: string) {
    super(`the outbox '${name}' is used by another page`);
  }
}

/**
 * A store in a database of the page's origin, which is made where it is missing. Only one page can
 * have it at a time, where the browser has locks: in secure contexts.
 */
export function indexedDbOutboxStore(name: string): OutboxStore {
  return new IndexedDbOutbox(name);
}

const tableName = 'records';

class IndexedDbOutbox implements OutboxStore {
  readonly #name: string;
  // What is to be written; undefined: removed.
  #changes = new Map<number, Uint8Array | undefined>();
  #database: IDBDatabase | undefined;
  #unlock: (() => void) | undefined;
  #next: PromiseWithResolvers<void> | undefined;
  #isWriting = false;
  #isOpen = false;

  constructor(name: string) {
    this.#name = name;
  }

  async load(): Promise<readonly OutboxRecord[]> {
    if (this.#isOpen) throw new OutboxInUseError(this.#name);
    this.#isOpen = true;
    try {
      this.#unlock = await lock(this.#name);
      this.#database = await openDatabase(`pantala-outbox-${this.#name}`);
      return await readAll(this.#database);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  put(key: number, value: Uint8Array): void {
    this.#changes.set(key, new Uint8Array(value));
  }

  remove(key: number): void {
    this.#changes.set(key, undefined);
  }

  flush(): Promise<void> {
    this.#next ??= Promise.withResolvers();
    const { promise } = this.#next;
    void this.#writeOn();
    return promise;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.flush();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#unlock?.();
    this.#unlock = undefined;
    this.#isOpen = false;
  }

  /** One transaction after the other; who comes while one is under way waits for the next. */
  async #writeOn(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    await undefined; // All who flush in the same moment are served together.
    for (let round = this.#next; round !== undefined; round = this.#next) {
      this.#next = undefined;
      await this.#write().then(round.resolve, round.reject);
    }
    this.#isWriting = false;
  }

  async #write(): Promise<void> {
    const changes = this.#changes;
    if (changes.size === 0) return;
    this.#changes = new Map();
    try {
      await write(this.#database, changes);
    } catch (error) {
      // A transaction is made or not: all of it is still to do, but for what has changed since.
      this.#changes = new Map([...changes, ...this.#changes]);
      throw error;
    }
  }
}

function write(
  database: IDBDatabase | undefined,
  changes: ReadonlyMap<number, Uint8Array | undefined>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Resolved in the disk's words, not the system's: `relaxed` would be done before.
  const transaction = database!.transaction(tableName, 'readwrite', { durability: 'strict' });
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
  const table = transaction.objectStore(tableName);
  for (const [key, value] of changes) {
    if (value === undefined) table.delete(key);
    else table.put(value, key);
  }
  transaction.commit();
  return promise;
}

async function readAll(database: IDBDatabase): Promise<OutboxRecord[]> {
  const table = database.transaction(tableName, 'readonly').objectStore(tableName);
  const [keys, values] = await Promise.all([done(table.getAllKeys()), done(table.getAll())]);
  return keys.map((key, index) => ({ key: key as number, value: values[index] }));
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(tableName);
  return done(opening);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
  return promise;
}

/**
 * @returns what lets it go; undefined where the browser has no locks
 * @throws OutboxInUseError
 */
async function lock(name: string): Promise<(() => void) | undefined> {
  const { locks } = navigator as Partial<Navigator>;
  if (locks === undefined) return undefined;
  const held = Promise.withResolvers<void>();
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  locks
    .request(`pantala-outbox-${name}`, { ifAvailable: true }, (got) => {
      if (got === null) throw new OutboxInUseError(name);
      resolve(() => held.resolve());
      return held.promise;
    })
    .catch(reject);
  return promise;
}
