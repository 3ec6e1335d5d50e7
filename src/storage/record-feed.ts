/** Reads all records of a store, in a thread of its own and no faster than they are taken. */

import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { StoredRecord } from '../broker/ports.ts';
import type { LmdbReport } from './lmdb-report.ts';
import { unbundle } from './record-bundle.ts';
import type { FeedData, FeedMessage } from './record-feed-thread.ts';

/** As it lies in the file: its value is sealed (sealed-record.ts). */
export type SealedRecord = Pick<StoredRecord, 'key' | 'value'>;

export interface FeedOptions {
  /** Takes some records, in the order of the keys; the next ones come when it is done. */
  readonly take: (records: readonly SealedRecord[]) => Promise<void> | void;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

/**
 * @returns what is in the file; undefined when it was broken off
 * @throws what node:fs throws when the file cannot be read
 */
export async function feedRecords(
  path: string,
  { take, signal }: FeedOptions,
): Promise<LmdbReport | undefined> {
  const credit = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  const thread = new Worker(threadFile(), { workerData: { path, credit } satisfies FeedData });
  try {
    for await (const [message] of on(thread, 'message', { signal, close: ['exit'] })) {
      const answer: FeedMessage = message;
      if (answer.type === 'end') return answer.report;
      // So that it reads on meanwhile.
      Atomics.add(credit, 0, 1);
      Atomics.notify(credit, 0);
      await take(unbundle(answer.records));
    }
    throw new Error('the thread that reads the store has ended');
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await thread.terminate();
  }
}

/** Sources run as they are; what is published was compiled. */
function threadFile(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./record-feed-thread.${ending}`, import.meta.url);
}
