/** The thread that reads a file for `feedRecords`: it waits until what it has read is taken. */

import { parentPort, workerData } from 'node:worker_threads';
import type { LmdbReport } from './lmdb-report.ts';
import { bundle } from './record-bundle.ts';
import { readStoreFile } from './store-file.ts';

/** What the thread is started with. */
export interface FeedData {
  readonly path: string;
  /** How many messages may be sent before others are taken. */
  readonly credit: Int32Array;
}

export type FeedMessage =
  | { readonly type: 'records'; readonly records: Uint8Array }
  | { readonly type: 'end'; readonly report: LmdbReport };

// What goes in one message, worth the way between threads.
const messageCount = 1000;
const messageBytes = 256 * 1024;

const port = parentPort!;
const { path, credit } = workerData as FeedData;
let batch: { key: Uint8Array; value: Uint8Array; message: undefined }[] = [];
let bytes = 0;

function send(): void {
  const records = bundle(batch);
  batch = [];
  bytes = 0;
  Atomics.wait(credit, 0, 0);
  Atomics.sub(credit, 0, 1);
  port.postMessage({ type: 'records', records } satisfies FeedMessage, [records.buffer]);
}

const report = readStoreFile(
  path,
  (key, value) => {
    batch.push({ key: key.slice(), value: value.slice(), message: undefined });
    bytes += value.length;
    if (batch.length >= messageCount || bytes >= messageBytes) send();
  },
  // Versions that no reader would find; the damage tells of their place.
  { misplaced: () => undefined },
);
if (batch.length > 0) send();
port.postMessage({ type: 'end', report } satisfies FeedMessage);
