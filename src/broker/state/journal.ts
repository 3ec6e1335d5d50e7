/** Gathers what changes in a turn, has it committed, and tells who waits for that. */

import type { Clock } from '../../session/clock.ts';
import type { Turn } from '../../session/turn.ts';
import { type Deadlines, notScheduled, type Timed } from '../deadlines.ts';
import type { Observer, Store, StoreFault } from '../ports.ts';
import { Changes } from './changes.ts';
import type { Kept } from './kept.ts';

/** Someone with an answer that waits until something is safe. */
export interface Waiter {
  /** More is safe than before: see `Journal.isKept`. */
  kept(): void;
  /** What is waited for cannot be stored for now. */
  failed(): void;
}

export interface JournalOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly deadlines: Deadlines;
  readonly observer: Observer;
  /** False: nobody waits, and what changes is committed once a second. */
  readonly keepsPromises: boolean;
}

const retryMilliseconds = 1000;
const lazyMilliseconds = 1000;
// With fewer waiting to be written, each goes at once: nobody is busy.
const busyFrom = 32;

/**
 * One commit is under way at a time; what changes meanwhile makes the next. Commits are numbered,
 * and each has all that changed before it began, but for what says that it may wait: so nothing is
 * ever half there.
 */
export class Journal implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly #options: JournalOptions;
  readonly #waiters = new Set<Waiter>();
  #changes = new Changes();
  #dirty: Kept[] = [];
  #committing = new Changes();
  #written: Kept[] = [];
  // The number of the commit that is being gathered, and of the last that is safe.
  #next = 1;
  #kept = 0;
  #isCommitting = false;
  #isFailing = false;
  #isScheduled = false;
  #idle: (() => void) | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Whether acknowledgements wait for the store at all. */
  get keepsPromises(): boolean {
    return this.#options.keepsPromises;
  }

  /** The store cannot take anything for now. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** What is to be written with the next commit; only for who changes something. */
  get changes(): Changes {
    this.#schedule();
    return this.#changes;
  }

  /** The commit with which all that has changed so far is safe. */
  get horizon(): number {
    if (this.#hasChanges) return this.#next;
    return this.#isCommitting ? this.#next - 1 : this.#kept;
  }

  isKept(commit: number): boolean {
    return commit <= this.#kept || !this.#options.keepsPromises;
  }

  /** It is new, has changed or is over. */
  touch(kept: Kept): void {
    if (kept.isDirty) return;
    kept.isDirty = true;
    kept.dirtySince = this.#options.turn.count;
    this.#dirty.push(kept);
    this.#schedule();
  }

  /** Until `unwatch`, the waiter is told of each commit. */
  watch(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  unwatch(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** The turn has ended. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#options.keepsPromises) this.#commit();
  }

  /** It is time to try again, or for what nobody waits for. */
  due(): void {
    if (!this.#isFailing) this.#commit();
    else if (!this.#isCommitting) this.#hand();
  }

  /** Calls back when all is safe, or cannot be made safe now. */
  close(done: () => void): void {
    this.#idle = done;
    if (!this.#isFailing) this.#commit();
    else if (!this.#isCommitting) this.#hand();
    this.#endIfIdle();
  }

  get #hasChanges(): boolean {
    return !this.#changes.isEmpty || this.#dirty.length > 0;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    const { keepsPromises, turn, deadlines, clock } = this.#options;
    this.#isScheduled = true;
    if (keepsPromises) turn.add(this);
    else if (this.heapIndex === notScheduled) {
      deadlines.set(this, clock.now() + lazyMilliseconds);
    }
  }

  #commit(): void {
    if (this.#isCommitting || this.#isFailing || !this.#hasChanges) return;
    this.#isScheduled = false;
    this.#writeDirty();
    if (this.#changes.isEmpty) {
      // All of it was over before it had to be written.
      if (this.#dirty.length > 0) return this.#schedule();
      this.#kept = this.#next++;
      return this.#tellKept();
    }
    const spare = this.#committing;
    this.#committing = this.#changes;
    this.#changes = spare;
    this.#next++;
    this.#hand();
  }

  #writeDirty(): void {
    const dirty = this.#dirty;
    const turn = this.#options.turn.count;
    const isBusy = dirty.length > busyFrom && this.#idle === undefined;
    this.#dirty = [];
    for (let i = 0; i < dirty.length; i++) {
      const kept = dirty[i];
      if (isBusy && kept.mayWait(turn)) {
        this.#dirty.push(kept);
        continue;
      }
      kept.isDirty = false;
      if (kept.write(this.#changes)) this.#written.push(kept);
    }
    if (this.#dirty.length > 0) this.#schedule();
  }

  #hand(): void {
    this.#isCommitting = true;
    this.#options.store.commit(this.#committing.view(), (fault) => this.#done(fault));
  }

  #done(fault: StoreFault | undefined): void {
    this.#isCommitting = false;
    if (fault !== undefined) return this.#fail(fault);
    const { observer, clock } = this.#options;
    if (this.#isFailing) {
      this.#isFailing = false;
      observer.storeRecovered?.();
    }
    this.#kept = this.#next - 1;
    this.#committing.clear();
    const written = this.#written;
    this.#written = [];
    const now = clock.now();
    for (let i = 0; i < written.length; i++) written[i].stored(now);
    this.#tellKept();
    if (this.#options.keepsPromises || this.#idle !== undefined) this.#commit();
    else if (this.#hasChanges) {
      this.#isScheduled = false;
      this.#schedule();
    }
    this.#endIfIdle();
  }

  /** The changes are kept as they are, and handed over again later. */
  #fail(fault: StoreFault): void {
    const { observer, deadlines, clock } = this.#options;
    const isNew = !this.#isFailing;
    this.#isFailing = true;
    if (isNew) observer.storeFailed?.(fault);
    deadlines.set(this, clock.now() + retryMilliseconds);
    if (isNew) this.#refuse();
    this.#endIfIdle();
  }

  #refuse(): void {
    for (const waiter of [...this.#waiters]) waiter.failed();
    for (const kept of [...this.#written, ...this.#dirty]) kept.takeBackRefused();
  }

  #tellKept(): void {
    for (const waiter of [...this.#waiters]) waiter.kept();
  }

  #endIfIdle(): void {
    if (this.#idle === undefined || this.#isCommitting) return;
    if (this.#hasChanges && !this.#isFailing) return;
    const idle = this.#idle;
    this.#idle = undefined;
    idle();
  }
}
