/** Reads the file of a store, without LMDB, and sees whether its records are all of one commit. */

import { statSync } from 'node:fs';
import { type FileVersion, type ReadOptions, readLmdbFile } from './lmdb-file.ts';
import type { LmdbDamage, LmdbReport } from './lmdb-report.ts';
import type { VisitRecord } from './lmdb-tree.ts';
import { isSumKey, RecordSum } from './record-sum.ts';
import { unseal } from './sealed-record.ts';

const sealBytes = 4;

/**
 * What `readLmdbFile` does, for a file with a sum of its records: that is not handed over, and
 * where it is wrong the damage says so.
 *
 * @param visit is given records as they lie on the disk: sealed
 */
export function readStoreFile(
  path: string,
  visit: VisitRecord,
  { misplaced = visit, version }: ReadOptions = {},
): LmdbReport {
  const found = new RecordSum();
  let told: RecordSum | undefined;
  let sumsCount = 0;
  const take: VisitRecord = (key, sealed) => {
    if (isSumKey(key)) {
      sumsCount++;
      const value = unseal(key, sealed);
      told = value && RecordSum.ofValue(value);
      return;
    }
    if (sealed.length >= sealBytes) found.add(sealed);
    visit(key, sealed);
  };
  const skipSum: VisitRecord = (key, sealed) => {
    if (!isSumKey(key)) misplaced(key, sealed);
  };
  const read = readLmdbFile(path, take, { misplaced: skipSum, version });
  const report = { ...read, records: read.records - sumsCount };
  const fault = sumFault(told, found);
  if (fault === undefined) return report;
  return { ...report, damage: [...report.damage, { page: undefined, message: fault }] };
}

function sumFault(told: RecordSum | undefined, found: RecordSum): string | undefined {
  if (told === undefined)
    return found.count === 0 ? undefined : 'the sum of the records is missing';
  if (told.equals(found)) return undefined;
  if (told.count !== found.count) {
    return `there are ${found.count} records of ${told.count}`;
  }
  return 'some records are not of the last commit';
}

/** @returns what is wrong; what is not is handed over */
export function readSound(
  path: string,
  take: (key: Uint8Array, value: Uint8Array) => void,
  version: FileVersion = 'newest',
): readonly LmdbDamage[] {
  // LMDB takes it for one that it has just begun, and so would nobody miss what was in it.
  if (statSync(path).size === 0) return [{ page: undefined, message: 'the file is empty' }];
  let unsoundCount = 0;
  const visit = (key: Uint8Array, sealed: Uint8Array): void => {
    const value = unseal(key, sealed);
    if (value === undefined) unsoundCount++;
    else take(key, value);
  };
  const { damage } = readStoreFile(path, visit, { version });
  if (unsoundCount === 0) return damage;
  const message = `${unsoundCount} records are not what was written`;
  return [...damage, { page: undefined, message }];
}
