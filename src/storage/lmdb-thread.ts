/** The thread that has the LMDB file: it waits for the disk, so that the broker need not. */

import { parentPort, workerData } from 'node:worker_threads';
import type { StoreFault } from '../broker/ports.ts';
import { faultOf, LmdbDatabase } from './lmdb-database.ts';
import { bundle } from './record-bundle.ts';

/** What the thread is started with. */
export interface ThreadData {
  readonly path: string;
  /** Whether each commit waits for the disk. */
  readonly syncs: boolean;
}

export type ThreadRequest =
  | { readonly type: 'commit'; readonly changes: Uint8Array }
  | { readonly type: 'read'; readonly from: Uint8Array; readonly to: Uint8Array }
  | { readonly type: 'close' };

/** Requests are answered in their order. */
export type ThreadAnswer =
  | { readonly type: 'committed'; readonly fault: StoreFault | undefined }
  | {
      readonly type: 'found';
      readonly records: Uint8Array;
      readonly damagedCount: number;
      readonly fault: StoreFault | undefined;
    }
  | { readonly type: 'closed' };

const port = parentPort!;
const { path, syncs } = workerData as ThreadData;
const database = new LmdbDatabase(path, syncs);

function commit(changes: Uint8Array): ThreadAnswer {
  try {
    database.commit(changes);
    return { type: 'committed', fault: undefined };
  } catch (error) {
    return { type: 'committed', fault: faultOf(error, path) };
  }
}

function read(from: Uint8Array, to: Uint8Array): ThreadAnswer {
  try {
    const { records, damagedCount } = database.read(from, to);
    return { type: 'found', records: bundle(records), damagedCount, fault: undefined };
  } catch (error) {
    const fault = faultOf(error, path);
    return { type: 'found', records: new Uint8Array(0), damagedCount: 0, fault };
  }
}

port.on('message', async (request: ThreadRequest) => {
  switch (request.type) {
    case 'commit':
      return port.postMessage(commit(request.changes));
    case 'read': {
      const answer = read(request.from, request.to);
      const given = answer.type === 'found' ? [answer.records.buffer as ArrayBuffer] : [];
      return port.postMessage(answer, given);
    }
    case 'close':
      await database.close();
      port.postMessage({ type: 'closed' } satisfies ThreadAnswer);
      return port.close();
    default:
      request satisfies never;
  }
});
