/** The LMDB file itself: changes made in transactions, records read. Runs in the store's thread. */

import { chmodSync, closeSync, existsSync, fdatasyncSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { getSystemErrorMap } from 'node:util';
import { open, type RootDatabase } from 'lmdb';
import type { StoredRecord, StoreFault } from '../broker/ports.ts';
import { readChanges } from '../broker/state/changes.ts';
import { sharedMessageOf } from '../broker/state/delivery-record.ts';
import { keyOf, readU32, tables } from '../broker/state/keys.ts';
import { RecordSum, sumKey } from './record-sum.ts';
import { seal, unseal } from './sealed-record.ts';
import { syncDirectoryOf } from './sync-directory.ts';

type Database = RootDatabase<Uint8Array, Buffer>;

// Address space, not memory: LMDB maps as much as the file may ever have.
const mapBytes = 2 ** 38;
// What one read gives: worth a turn of the broker's, and no more than that in memory.
const pageCount = 128;
const pageBytes = 256 * 1024;
// With less, LMDB may find no room for a page; it then says no more than that writing has failed.
const fullBytes = 256 * 1024;

// Pages of the file that were touched count as memory of the process, though the system may take
// them back: opened anew now and then, LMDB starts with none. With 200 MB written: 206 → 33 MB.
const reopenBytes = 8 * 1024 * 1024;

export class LmdbDatabase {
  readonly #path: string;
  readonly #syncs: boolean;
  #database: Database | undefined;
  #isReadOnly = false;
  #bytesSinceOpen = 0;
  #descriptor: number | undefined;
  #sum = new RecordSum();
  // The disk has refused to say that it has what it was given: nobody knows what it has.
  #syncFault: unknown;

  /** @param syncs whether each transaction waits for the disk */
  constructor(path: string, syncs: boolean) {
    this.#path = path;
    this.#syncs = syncs;
  }

  /** @throws what LMDB or the system throws: then nothing has changed */
  commit(changes: Uint8Array): void {
    this.#change((transaction) => apply(transaction, changes));
    const database = this.#database!;
    this.#bytesSinceOpen += changes.length;
    if (this.#bytesSinceOpen < reopenBytes) return;
    this.#bytesSinceOpen = 0;
    this.#database = undefined;
    // Nothing is under way, so that it closes at once; the next request opens it.
    void database.close();
  }

  /** Puts records as they are, in one transaction. */
  putAll(records: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): void {
    this.#change((transaction) => {
      for (const { key, value } of records) transaction.put(key, value);
    });
  }

  /** @returns the first records between two keys, both included, but those that are damaged */
  read(from: Uint8Array, to: Uint8Array): { records: StoredRecord[]; damagedCount: number } {
    const database = this.#readable();
    const records: StoredRecord[] = [];
    let damagedCount = 0;
    let bytes = 0;
    const range = { start: Buffer.from(from), end: Buffer.from(to), inclusiveEnd: true };
    for (const { key, value: sealed } of database.getRange(range)) {
      const value = unseal(key, sealed);
      if (value === undefined) {
        damagedCount++;
        continue;
      }
      const message = this.#messageOf(database, key, value);
      records.push({ key: Buffer.from(key), value: Buffer.from(value), message });
      bytes += value.length + (message?.length ?? 0);
      if (records.length >= pageCount || bytes >= pageBytes) break;
    }
    return { records, damagedCount };
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
    if (database !== undefined && !this.#isReadOnly && !this.#syncs) {
      this.#descriptor ??= openSync(this.#path, 'r+');
      fdatasyncSync(this.#descriptor);
    }
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /**
   * LMDB writes the pages of a transaction to places that the one before it does not use, and then
   * the page that points to them, without waiting. Then all of it is waited for at once. Should the
   * power fail in between, the sum of the records tells that some of it is missing, and the
   * transaction before is there still.
   */
  #change(act: (transaction: Transaction) => void): void {
    if (this.#syncFault !== undefined) throw this.#syncFault;
    const database = this.#writable();
    const sum = this.#sum.copy();
    database.transactionSync(() => {
      act(new Transaction(database, sum));
      database.putSync(sumKey, seal(sumKey, sum.toValue()));
    });
    this.#sum = sum;
    if (!this.#syncs) return;
    try {
      this.#descriptor ??= openSync(this.#path, 'r+');
      fdatasyncSync(this.#descriptor);
    } catch (error) {
      this.#syncFault = error;
      throw error;
    }
  }

  #messageOf(database: Database, key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    const number = key[0] === tables.delivery ? sharedMessageOf(value) : undefined;
    if (number === undefined) return undefined;
    const name = Buffer.from(keyOf(tables.message, number));
    const sealed = database.get(name);
    return sealed && unseal(name, Buffer.from(sealed));
  }

  #writable(): Database {
    if (this.#database !== undefined && this.#isReadOnly) {
      void this.#database.close();
      this.#database = undefined;
    }
    if (this.#database === undefined) {
      this.#database = this.#open(false);
      const sealed = this.#database.get(sumKey);
      const value = sealed && unseal(sumKey, sealed);
      this.#sum = (value && RecordSum.ofValue(value)) ?? new RecordSum();
    }
    this.#isReadOnly = false;
    return this.#database;
  }

  /** Also where nothing can be written, and so LMDB's own lock neither. */
  #readable(): Database {
    if (this.#database !== undefined) return this.#database;
    try {
      return this.#writable();
    } catch {
      this.#database = this.#open(true);
      this.#isReadOnly = true;
      return this.#database;
    }
  }

  #open(readOnly: boolean): Database {
    const isNew = !existsSync(this.#path);
    const database = this.#openFile(readOnly);
    if (!isNew) return database;
    // What clients send is nobody else's business. LMDB makes its files readable for all.
    if (process.platform !== 'win32') chmodSync(this.#path, 0o600);
    if (this.#syncs) syncDirectoryOf(this.#path);
    return database;
  }

  #openFile(readOnly: boolean): Database {
    return open<Uint8Array, Buffer>({
      path: this.#path,
      noSubdir: true,
      readOnly,
      // It is waited for here: once, where LMDB would wait twice.
      overlappingSync: false,
      noSync: true,
      noMemInit: true,
      mapSize: mapBytes,
      keyEncoding: 'binary',
      encoding: 'binary',
    });
  }
}

/** What an error of LMDB's or the system's says, in the system's names. */
export function faultOf(error: unknown, path: string): StoreFault {
  const { code, message } = error as { code?: unknown; message?: string };
  const name = typeof code === 'number' ? systemName(code) : String(code ?? 'EIO');
  const isFull = (name === 'EIO' || name === 'ENOSPC') && freeBytes(path) < fullBytes;
  if (isFull) return { code: 'ENOSPC', message: 'no space is left on the disk' };
  return { code: name, message: message ?? String(error) };
}

/** Changes records, and the sum of all with them. */
class Transaction {
  readonly #database: Database;
  readonly #sum: RecordSum;

  constructor(database: Database, sum: RecordSum) {
    this.#database = database;
    this.#sum = sum;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const name = Buffer.from(key);
    const sealed = this.#database.get(name);
    return sealed && unseal(name, sealed);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const name = Buffer.from(key);
    const sealed = seal(name, value);
    this.#forget(name);
    this.#sum.add(sealed);
    this.#database.putSync(name, sealed);
  }

  remove(key: Uint8Array): void {
    const name = Buffer.from(key);
    if (this.#forget(name)) this.#database.removeSync(name);
  }

  /** @returns whether there was a record */
  #forget(name: Buffer): boolean {
    // In memory of LMDB's own, until the next call.
    const before = this.#database.getBinaryFast(name);
    if (before === undefined) return false;
    this.#sum.remove(before);
    return true;
  }
}

function apply(transaction: Transaction, changes: Uint8Array): void {
  const held = new Map<number, number>();
  readChanges(changes, {
    put: (key, value) => transaction.put(key, value),
    remove: (key) => transaction.remove(key),
    hold: (message, difference) => {
      held.set(message, (held.get(message) ?? 0) + difference);
    },
  });
  for (const [message, difference] of held) hold(transaction, message, difference);
}

/** The message goes with the last delivery that shares it. */
function hold(transaction: Transaction, message: number, difference: number): void {
  const key = keyOf(tables.holders, message);
  const before = transaction.get(key);
  const count = (before === undefined ? 0 : readU32(before, 0)) + difference;
  if (count > 0) {
    const value = Buffer.allocUnsafe(4);
    value.writeUInt32BE(count, 0);
    transaction.put(key, value);
    return;
  }
  transaction.remove(key);
  transaction.remove(keyOf(tables.message, message));
}

function systemName(code: number): string {
  return getSystemErrorMap().get(-code)?.[0] ?? `LMDB ${code}`;
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
