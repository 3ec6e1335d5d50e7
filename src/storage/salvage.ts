/** Takes over what can be read of a damaged store, and sets the store itself aside. */

import { existsSync, renameSync } from 'node:fs';
import { type FileVersion, scavengeLmdbFile } from './lmdb-file.ts';
import { isSumKey } from './record-sum.ts';
import { unseal } from './sealed-record.ts';
import { copyPathOf, removeLmdbLock, StoreCopy } from './store-copy.ts';
import { readStoreFile } from './store-file.ts';
import { syncDirectoryOf } from './sync-directory.ts';

export interface Salvage {
  /** Where the damaged file is now. */
  readonly asidePath: string;
  /** Records that were taken over. */
  readonly records: number;
}

/**
 * Writes the sound records of a file into a new one, and puts that in its place. If it is broken
 * off at any moment, the next start finds either the damaged file or the whole new one.
 *
 * @throws what the system throws, when the new file cannot be written
 */
export async function salvage(path: string, date: Date, version: FileVersion): Promise<Salvage> {
  const copyPath = copyPathOf(path);
  const records = await copySound(path, copyPath, version);
  const asidePath = freePath(`${path}.damaged-${nameOf(date)}`);
  renameSync(copyPath, finishedPath(path));
  syncDirectoryOf(path);
  renameSync(path, asidePath);
  finishSalvage(path);
  return { asidePath, records };
}

/** What is left to do when a salvage was broken off after its copy was complete. */
export function finishSalvage(path: string): void {
  const finished = finishedPath(path);
  if (existsSync(path) || !existsSync(finished)) return;
  removeLmdbLock(path);
  renameSync(finished, path);
  syncDirectoryOf(path);
}

async function copySound(path: string, copyPath: string, version: FileVersion): Promise<number> {
  const copy = await StoreCopy.begin(copyPath);
  const take = (key: Uint8Array, sealed: Uint8Array): void => {
    const value = unseal(key, sealed);
    if (value !== undefined && !isSumKey(key)) copy.add(key, value);
  };
  try {
    // Those in the wrong place first, so that each in the right place counts instead.
    const { records } = readStoreFile(path, leave, { misplaced: take, version });
    if (records === 0) scavengeLmdbFile(path, take);
    else readStoreFile(path, take, { misplaced: leave, version });
  } catch (error) {
    await copy.abandon();
    throw error;
  }
  await copy.finish();
  return copy.count;
}

function leave(): void {}

function finishedPath(path: string): string {
  return `${path}.salvaged`;
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
