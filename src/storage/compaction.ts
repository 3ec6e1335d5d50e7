/** Makes the file of a store as small as it can be. */

import { chmodSync, chownSync, realpathSync, renameSync, statSync } from 'node:fs';
import process from 'node:process';
import type { StoreFault } from '../broker/ports.ts';
import { readBroker } from '../broker/state/broker-record.ts';
import { isReadableLayout, keyOf, layoutVersion, readKey, tables } from '../broker/state/keys.ts';
import { LayoutError } from '../broker/state/recall.ts';
import { Census } from './census.ts';
import { faultOf } from './lmdb-database.ts';
import type { LmdbDamage } from './lmdb-report.ts';
import { copyPathOf, removeLmdbLock, StoreCopy } from './store-copy.ts';
import { readSound } from './store-file.ts';
import { syncDirectoryOf } from './sync-directory.ts';

export interface Compaction {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Records that are in the new file. */
  readonly records: number;
  /** Records that belonged to nothing, and are not. */
  readonly dropped: number;
}

/** A store that must not be copied, since some of it would be missing. */
export class DamagedStoreError extends Error {
  override readonly name = 'DamagedStoreError';

  constructor({ page, message }: LmdbDamage) {
    super(page === undefined ? message : `page ${page}: ${message}`);
  }
}

/** The new file could not be written. */
export class CompactionError extends Error {
  override readonly name = 'CompactionError';
  readonly fault: StoreFault;

  constructor(fault: StoreFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Writes the records of a store into a new file, and puts that in its place in one step: if it is
 * broken off at any moment, one of the two is there, whole. What belongs to nothing is left out;
 * what cannot be told, is not. The caller has locked the store.
 *
 * @throws DamagedStoreError, LayoutError, CompactionError: then the store is as it was
 * @throws what node:fs throws, when a copy that was broken off cannot be removed
 */
export async function compactStore(path: string): Promise<Compaction> {
  const file = realpathSync(path);
  return await replaceByCopy(file, takeCensus(file));
}

async function replaceByCopy(path: string, census: Census): Promise<Compaction> {
  const before = statSync(path);
  const copy = await StoreCopy.begin(copyPathOf(path));
  try {
    const dropped = copyUseful(path, census, copy);
    await copy.finish();
    checkCopy(copyPathOf(path), copy.count);
    giveTo(before, copyPathOf(path));
    const { size: bytesAfter } = statSync(copyPathOf(path));
    renameSync(copyPathOf(path), path);
    syncDirectoryOf(path);
    removeLmdbLock(path);
    return { bytesBefore: before.size, bytesAfter, records: copy.count, dropped };
  } catch (error) {
    // As it is before the copy goes, and a full disk has room again.
    const fault = faultOf(error, path);
    await copy.abandon();
    throw error instanceof DamagedStoreError ? error : new CompactionError(fault);
  }
}

/** @throws DamagedStoreError, LayoutError */
function takeCensus(path: string): Census {
  const census = new Census();
  readUndamaged(path, (key, value) => {
    const parts = readKey(key);
    if (parts === undefined) return;
    census.add(parts, value);
    if (parts.table !== tables.broker) return;
    const version = readBroker(value)?.layoutVersion ?? layoutVersion;
    if (!isReadableLayout(version)) throw new LayoutError(version);
  });
  return census;
}

/** @returns the number of records that were left out */
function copyUseful(path: string, census: Census, copy: StoreCopy): number {
  let dropped = 0;
  // As many as there are references, which is what the broker counts with.
  let holders = census.sharedMessages().filter((each) => each.isThere && each.references > 0);
  const addHolders = (): void => {
    for (const { number, references } of holders) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setUint32(0, references);
      copy.add(keyOf(tables.holders, number), value);
    }
    holders = [];
  };
  readUndamaged(path, (key, value) => {
    const parts = readKey(key);
    if (key[0] >= tables.holders) addHolders();
    const isOfUse = parts === undefined || census.isOfUse(parts, value);
    if (!isOfUse) dropped++;
    else if (parts?.table !== tables.holders) copy.add(key, value);
  });
  addHolders();
  return dropped;
}

/** @throws Error when the disk does not give back what was written */
function checkCopy(path: string, count: number): void {
  let found = 0;
  const damage = readSound(path, () => {
    found++;
  });
  if (damage.length > 0) throw new Error(`the copy is damaged: ${damage[0].message}`);
  if (found !== count) throw new Error(`the copy has ${found} records, not ${count}`);
}

/** @throws DamagedStoreError */
function readUndamaged(path: string, take: (key: Uint8Array, value: Uint8Array) => void): void {
  const [damage] = readSound(path, take);
  if (damage !== undefined) throw new DamagedStoreError(damage);
}

/** The file belongs to the same user as before, who may not be the one that compacts it. */
function giveTo(before: { uid: number; gid: number; mode: number }, path: string): void {
  chmodSync(path, before.mode & 0o777);
  if (process.platform === 'win32') return;
  const now = statSync(path);
  if (now.uid !== before.uid || now.gid !== before.gid) chownSync(path, before.uid, before.gid);
}
