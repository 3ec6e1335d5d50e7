/** Takes over what can be read of a damaged store, and sets the store itself aside. */

import { existsSync, renameSync, rmSync } from 'node:fs';
import { LmdbDatabase } from './lmdb-database.ts';
import { readLmdbFile, scavengeLmdbFile } from './lmdb-file.ts';
import { unseal } from './sealed-record.ts';

export interface Salvage {
  /** Where the damaged file is now. */
  readonly asidePath: string;
  /** Records that were taken over. */
  readonly records: number;
}

const batchCount = 1000;
const lockEnding = '-lock';

/**
 * Writes the sound records of a file into a new one, and puts that in its place. If it is broken off
 * at any moment, the next start finds either the damaged file or the whole new one.
 *
 * @throws what the system throws, when the new file cannot be written
 */
export async function salvage(path: string, date: Date): Promise<Salvage> {
  const unfinished = `${path}.unfinished`;
  removeStore(unfinished);
  const records = await copySound(path, unfinished);
  const asidePath = freePath(`${path}.damaged-${nameOf(date)}`);
  renameSync(unfinished, finishedPath(path));
  rmSync(`${unfinished}${lockEnding}`, { force: true });
  renameSync(path, asidePath);
  finishSalvage(path);
  return { asidePath, records };
}

/** What is left to do when a salvage was broken off after its copy was complete. */
export function finishSalvage(path: string): void {
  const finished = finishedPath(path);
  if (!existsSync(path) && existsSync(finished)) renameSync(finished, path);
  rmSync(`${path}${lockEnding}`, { force: true });
}

async function copySound(path: string, copyPath: string): Promise<number> {
  const copy = new LmdbDatabase(copyPath, true);
  let batch: { key: Uint8Array; value: Uint8Array }[] = [];
  let count = 0;
  const flush = (): void => {
    copy.putAll(batch);
    count += batch.length;
    batch = [];
  };
  const take = (key: Uint8Array, sealed: Uint8Array): void => {
    const value = unseal(key, sealed);
    if (value === undefined) return;
    batch.push({ key: key.slice(), value: value.slice() });
    if (batch.length >= batchCount) flush();
  };
  try {
    const { records } = readLmdbFile(path, take);
    if (records === 0) scavengeLmdbFile(path, take);
    flush();
  } finally {
    await copy.close();
  }
  return count;
}

function finishedPath(path: string): string {
  return `${path}.salvaged`;
}

function removeStore(path: string): void {
  for (const name of [path, `${path}${lockEnding}`]) rmSync(name, { force: true });
}

/** As a file name may have it on every system. */
function nameOf(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(':', '-');
}

function freePath(path: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}
