/** The store on disk: one LMDB file, in the hands of a thread of its own. */

import { Worker } from 'node:worker_threads';
import type { Store, StoredRecord, StoreFault } from '../broker/ports.ts';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './lmdb-thread.ts';
import { unbundle } from './record-bundle.ts';

export interface LmdbStoreOptions extends ThreadData {
  /** Is told of records that the disk has changed, and that are left out. */
  readonly damaged?: (count: number) => void;
}

type Taker = (answer: ThreadAnswer) => void;

const retryMilliseconds = 1000;
const threadEnded: StoreFault = { code: 'ESRCH', message: 'the thread of the store has ended' };

export class LmdbStore implements Store {
  readonly #options: LmdbStoreOptions;
  #thread: Worker | undefined;
  // Who waits for the answers, in the order of the requests.
  #takers: Taker[] = [];
  #isClosed = false;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
    // It takes some milliseconds until it is there: time to do other things.
    this.#thread = this.#start();
  }

  commit(changes: Uint8Array<ArrayBuffer>, done: (fault: StoreFault | undefined) => void): void {
    if (this.#isClosed) return queueMicrotask(() => done(threadEnded));
    // A copy, to be given away: the caller may have to try again.
    const given = changes.slice();
    this.#ask({ type: 'commit', changes: given }, [given.buffer], (answer) => {
      done(answer.type === 'committed' ? answer.fault : threadEnded);
    });
  }

  read(
    from: Uint8Array<ArrayBuffer>,
    to: Uint8Array<ArrayBuffer>,
    answer: (records: readonly StoredRecord[]) => void,
  ): void {
    // Nobody waits any more, and nothing that is there may be taken for gone.
    if (this.#isClosed) return;
    this.#ask({ type: 'read', from, to }, [], (found) => {
      if (found.type !== 'found' || found.fault !== undefined) {
        setTimeout(() => this.read(from, to, answer), retryMilliseconds).unref();
        return;
      }
      if (found.damagedCount > 0) this.#options.damaged?.(found.damagedCount);
      answer(unbundle(found.records));
    });
  }

  /** Waits until all is on the disk. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#thread === undefined) return;
    const closed = Promise.withResolvers<void>();
    this.#ask({ type: 'close' }, [], () => closed.resolve());
    await closed.promise;
  }

  #ask(request: ThreadRequest, given: ArrayBuffer[], taker: Taker): void {
    this.#thread ??= this.#start();
    this.#takers.push(taker);
    this.#thread.postMessage(request, given);
  }

  #start(): Worker {
    const { path, syncs } = this.#options;
    const workerData: ThreadData = { path, syncs };
    const thread = new Worker(threadFile(), { workerData, stdin: false });
    thread.on('message', (answer: ThreadAnswer) => this.#takers.shift()?.(answer));
    // Its errors are answers; what else may end it is as good as a broken disk, and tried again.
    let fault = threadEnded;
    thread.on('error', (error) => {
      fault = { code: 'ESRCH', message: String((error as Error)?.message ?? error) };
    });
    thread.on('exit', () => {
      if (this.#thread === thread) this.#thread = undefined;
      const takers = this.#takers;
      this.#takers = [];
      for (const take of takers) take({ type: 'committed', fault });
    });
    return thread;
  }
}

/** Sources run as they are; what is published was compiled. */
function threadFile(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./lmdb-thread.${ending}`, import.meta.url);
}
