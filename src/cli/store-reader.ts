/** Reads all records of a store for a command that says something of them. */

import { isReadableLayout } from '../broker/state/keys.ts';
import { LayoutError } from '../broker/state/recall.ts';
import type { LmdbReport } from '../storage/lmdb-report.ts';
import { feedRecords } from '../storage/record-feed.ts';
import { type DecodedRecord, decodeRecord } from './store-record.ts';

/**
 * @param take is given some records at a time, in the order of their keys
 * @returns undefined when the signal came first
 * @throws LayoutError; what node:fs throws when the file cannot be read
 */
export function readStore(
  path: string,
  take: (records: readonly DecodedRecord[]) => Promise<void> | void,
  signal: AbortSignal,
): Promise<LmdbReport | undefined> {
  return feedRecords(path, {
    signal,
    take: (sealed) => {
      const records = sealed.map(decodeRecord);
      for (const { record } of records) if (record.type === 'broker') checkLayout(record);
      return take(records);
    },
  });
}

function checkLayout({ layoutVersion: found }: { readonly layoutVersion: number }): void {
  if (!isReadableLayout(found)) throw new LayoutError(found);
}
