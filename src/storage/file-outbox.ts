/** Keeps a client's outbox in a file: appended to, now and then written anew. */

import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OutboxRecord, OutboxStore } from '../client/ports.ts';
import { beginOutboxFile, OutboxBatch, readOutboxFile, recordBytes } from './outbox-file.ts';
import { lockStore } from './store-lock.ts';
import { syncDirectoryOfLater } from './sync-directory.ts';

/** The file of an outbox has lost something that was safe, or is something else. */
export class OutboxDamageError extends Error {
  override readonly name = 'OutboxDamageError';
  readonly path: string;
  /** Where in the file the damage begins. */
  readonly at: number;

  constructor(path: string, { at, message }: { at: number; message: string }) {
    super(
      `${path} cannot be read from byte ${at} on: ${message}; ` +
        'move it away to begin with an empty outbox',
    );
    this.path = path;
    this.at = at;
  }
}

/**
 * A store in a file, which is made where it is missing; its folder must be there. The records stay
 * in memory as well. `load` rejects with `OutboxDamageError` when the file cannot be read, with
 * `StoreInUseError` when another program has it, or with what `node:fs` says.
 */
export function fileOutboxStore(path: string): OutboxStore {
  return new FileOutbox(resolve(path));
}

// So much may be of no use any more before the file is written anew, beside what is.
const wasteBytesMax = 2 ** 20;
// The file is written anew in pieces of this size, so that others have their turn.
const pieceBytes = 2 ** 20;

class FileOutbox implements OutboxStore {
  readonly #path: string;
  readonly #records = new Map<number, Uint8Array>();
  #recordsBytes = 0;
  #lock: AsyncDisposable | undefined;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #salt: Uint8Array = new Uint8Array(0);
  // Of the last batch.
  #number = 0;
  #batch = new OutboxBatch();
  // There is no file, or what it ends with is not known.
  #mustRewrite = false;
  #next: PromiseWithResolvers<void> | undefined;
  #isWriting = false;
  #isOpen = false;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<readonly OutboxRecord[]> {
    if (this.#isOpen) throw new Error(`${this.#path} is open already: each client needs its own`);
    this.#isOpen = true;
    try {
      this.#lock = await lockStore(this.#path);
      const found = await this.#read();
      return [...found].sort(([one], [other]) => one - other).map(recordOf);
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  put(key: number, value: Uint8Array): void {
    this.#set(key, new Uint8Array(value));
    this.#batch.put(key, value);
  }

  remove(key: number): void {
    this.#recordsBytes -= this.#bytesOf(key);
    if (this.#records.delete(key)) this.#batch.remove(key);
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
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await this.#lock?.[Symbol.asyncDispose]();
    this.#lock = undefined;
    this.#isOpen = false;
  }

  async #read(): Promise<Map<number, Uint8Array>> {
    try {
      this.#file = await open(this.#path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.#begin();
    }
    // What a program has written that was killed need not be on the disk.
    await this.#file.datasync();
    const bytes = await this.#file.readFile();
    if (bytes.length === 0) return this.#begin();
    const { records, salt, number, soundBytes, damage } = readOutboxFile(bytes);
    if (damage !== undefined) throw new OutboxDamageError(this.#path, damage);
    for (const [key, value] of records) this.#set(key, new Uint8Array(value));
    this.#salt = new Uint8Array(salt);
    this.#number = number;
    this.#fileBytes = soundBytes;
    this.#mustRewrite = soundBytes < bytes.length;
    return records;
  }

  /** That the file can be written is to be known at once. */
  async #begin(): Promise<Map<number, Uint8Array>> {
    await this.#rewrite();
    return new Map();
  }

  /** One round after the other; who comes while one is under way waits for the next. */
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
    const batch = this.#batch;
    this.#batch = new OutboxBatch();
    const waste = this.#fileBytes + batch.bytes - this.#recordsBytes;
    if (this.#mustRewrite || waste > this.#recordsBytes + wasteBytesMax) return this.#rewrite();
    if (batch.bytes === 0) return;
    // Should it fail, nobody knows what the disk has of it.
    this.#mustRewrite = true;
    const bytes = batch.sealed(this.#number + 1, this.#salt);
    await writeAll(this.#file!, bytes, this.#fileBytes);
    await this.#file!.datasync();
    this.#mustRewrite = false;
    this.#number++;
    this.#fileBytes += bytes.length;
  }

  /** Writes another file, and puts it in the place of this one. */
  async #rewrite(): Promise<void> {
    this.#mustRewrite = true;
    const records = [...this.#records];
    const path = `${this.#path}.new`;
    await rm(path, { force: true });
    const { head, salt } = beginOutboxFile();
    const file = await open(path, 'wx', 0o600);
    let number = 0;
    let at = head.length;
    try {
      await writeAll(file, head, 0);
      for (const batch of batchesOf(records)) {
        const bytes = batch.sealed(++number, salt);
        await writeAll(file, bytes, at);
        at += bytes.length;
      }
      await file.sync();
      await rename(path, this.#path);
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    const before = this.#file;
    this.#file = file;
    this.#salt = salt;
    this.#number = number;
    this.#fileBytes = at;
    await before?.close();
    await syncDirectoryOfLater(this.#path);
    this.#mustRewrite = false;
  }

  #set(key: number, value: Uint8Array): void {
    this.#recordsBytes += recordBytes(value) - this.#bytesOf(key);
    this.#records.set(key, value);
  }

  #bytesOf(key: number): number {
    const value = this.#records.get(key);
    return value === undefined ? 0 : recordBytes(value);
  }
}

function* batchesOf(records: readonly (readonly [number, Uint8Array])[]): Iterable<OutboxBatch> {
  let batch = new OutboxBatch();
  for (const [key, value] of records) {
    batch.put(key, value);
    if (batch.bytes < pieceBytes) continue;
    yield batch;
    batch = new OutboxBatch();
  }
  if (batch.bytes > 0) yield batch;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function recordOf([key, value]: [number, Uint8Array]): OutboxRecord {
  return { key, value: new Uint8Array(value) };
}
