/** `pantala store compact`: makes the file of a store as small as it can be. */

import { LayoutError } from '../broker/state/recall.ts';
import {
  type Compaction,
  CompactionError,
  compactStore,
  DamagedStoreError,
} from '../storage/compaction.ts';
import { faultOf } from '../storage/lmdb-database.ts';
import type { Io } from './command.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';

/** @throws ToolFailure, LayoutError */
export async function compact(path: string, io: Io): Promise<number> {
  const { bytesBefore, bytesAfter, records, dropped } = await compacted(path);
  const left = dropped === 0 ? '' : `; ${dropped} that belonged to nothing are left out`;
  io.stdout.write(
    `${path}: ${bytesBefore} bytes before, ${bytesAfter} after, ${records} records${left}.\n`,
  );
  return 0;
}

async function compacted(path: string): Promise<Compaction> {
  try {
    return await compactStore(path);
  } catch (error) {
    if (error instanceof LayoutError) throw error;
    throw new ToolFailure(exitCodes.other, `Error: ${reason(error, path)}`);
  }
}

function reason(error: unknown, path: string): string {
  if (error instanceof DamagedStoreError) {
    return (
      `'${path}' is damaged: ${error.message}. Start the broker first: it sets the file aside, ` +
      'and keeps what can be read.'
    );
  }
  const { code, message } = error instanceof CompactionError ? error.fault : faultOf(error, path);
  return `Unable to compact '${path}', which is as it was: ${message} (${code}).`;
}
