/** A new store that is written record by record, to be put in the place of another. */

import { rmSync } from 'node:fs';
import type { LmdbDatabase } from './lmdb-database.ts';

// What one transaction takes: enough for few syncs, and little for memory.
const batchCount = 1000;
const batchBytes = 4 * 1024 * 1024;
const lockEnding = '-lock';

export class StoreCopy {
  readonly #path: string;
  readonly #database: LmdbDatabase;
  #batch: { key: Uint8Array; value: Uint8Array }[] = [];
  #bytes = 0;
  #count = 0;

  private constructor(path: string, database: LmdbDatabase) {
    this.#path = path;
    this.#database = database;
  }

  /** @param path of a copy that was broken off, if there is one: it goes */
  static async begin(path: string): Promise<StoreCopy> {
    // It takes a while to load, and a start that finds its store sound does without.
    const { LmdbDatabase } = await import('./lmdb-database.ts');
    removeFile(path);
    return new StoreCopy(path, new LmdbDatabase(path, true));
  }

  /** Records that were added. */
  get count(): number {
    return this.#count;
  }

  /**
   * In place of the one with the same key, if there is one. The views may be lent.
   *
   * @throws what the system throws, when the file cannot be written
   */
  add(key: Uint8Array, value: Uint8Array): void {
    this.#batch.push({ key: key.slice(), value: value.slice() });
    this.#bytes += value.length;
    this.#count++;
    if (this.#batch.length >= batchCount || this.#bytes >= batchBytes) this.#flush();
  }

  /** All that was added is on the disk, and the file is closed. */
  async finish(): Promise<void> {
    try {
      this.#flush();
    } finally {
      await this.#database.close();
    }
    rmSync(`${this.#path}${lockEnding}`, { force: true });
  }

  /** For one that could not be finished. */
  async abandon(): Promise<void> {
    await this.#database.close();
    removeFile(this.#path);
  }

  // Even if nothing was added, so that there is a file.
  #flush(): void {
    this.#database.putAll(this.#batch);
    this.#batch = [];
    this.#bytes = 0;
  }
}

function removeFile(path: string): void {
  for (const name of [path, `${path}${lockEnding}`]) rmSync(name, { force: true });
}

/** Where the copy of a store is written. */
export function copyPathOf(path: string): string {
  return `${path}.unfinished`;
}

/** LMDB's own lock, which says nothing about a file that has come from elsewhere. */
export function removeLmdbLock(path: string): void {
  rmSync(`${path}${lockEnding}`, { force: true });
}
