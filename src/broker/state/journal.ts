/** Gathers what changes in a turn, has it committed, and tells who waits for that. */

import type { Clock } from '../../session/clock.ts';
import { type Deadlines, notScheduled, type Timed } from '../../session/deadlines.ts';
import type { Turn } from '../../session/turn.ts';
import type { Observer, Store, StoreFault } from '../ports.ts';
import { Changes } from './changes.ts';
import type { Kept } from './kept.ts';

/** Someone with an answer that waits until something is safe. */
export interface Waiter {
  /** More is safe than before: see `Journal.isKept`. */
  kept(): void;
  /** What is waited for cannot be stored for now: says what is refused. */
  failing?(): void;
  /** What was refused is taken back, and may be told of. */
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
// What may wait is left out of a commit in its first turns, and in its first moment: a connected
// receiver has acknowledged it by then, and it need not be written at all. With 1,000 messages of
// QoS 1 a second, 229 → 41 µs of CPU for each.
const youngTurns = 2;
const youngMilliseconds = 0.5;
const anyTurn = Number.POSITIVE_INFINITY;

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
  // Some of these may not wait, as far as is known.
  #hasFirmObjects = false;
  #committing = new Changes();
  #written: Kept[] = [];
  // The number of the commit that is being gathered, and of the last that is safe.
  #next = 1;
  #kept = 0;
  #isCommitting = false;
  #isFailing = false;
  #isScheduled = false;
  // The turn in which something has changed last, and when that was.
  #turn = -1;
  #turnAt = 0;
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
    return this.#hasFirmChanges ? this.#next : this.#next - 1;
  }

  /** The commit that is being gathered. */
  get gathering(): number {
    return this.#next;
  }

  isKept(commit: number): boolean {
    return commit <= this.#kept || !this.#options.keepsPromises;
  }

  /** It is new, has changed or is over. */
  touch(kept: Kept): void {
    if (kept.isDirty) return;
    kept.isDirty = true;
    this.#hasFirmObjects = true;
    const { turn, clock } = this.#options;
    if (turn.count !== this.#turn) {
      this.#turn = turn.count;
      this.#turnAt = clock.now();
    }
    kept.dirtyTurn = this.#turn;
    kept.dirtyAt = this.#turnAt;
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
    if (!this.#isFailing) this.#commit(anyTurn);
    else if (!this.#isCommitting) this.#retry();
  }

  /** Calls back when all is safe, or cannot be made safe now. */
  close(done: () => void): void {
    this.#idle = done;
    if (!this.#isFailing) this.#commit();
    else if (!this.#isCommitting) this.#retry();
    this.#endIfIdle();
  }

  /** Something that may not wait. */
  get #hasFirmChanges(): boolean {
    return !this.#changes.isEmpty || this.#hasFirmObjects;
  }

  get #hasChanges(): boolean {
    return !this.#changes.isEmpty || this.#dirty.length > 0;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    const { keepsPromises, turn, deadlines, clock } = this.#options;
    this.#isScheduled = true;
    if (keepsPromises) turn.addLast(this);
    else if (this.heapIndex === notScheduled) {
      deadlines.set(this, clock.now() + lazyMilliseconds);
    }
  }

  /** @param youngAfter what has changed in a later turn, and may wait, waits */
  #commit(youngAfter = this.#options.turn.count - youngTurns): void {
    if (this.#isCommitting || this.#isFailing || !this.#hasChanges) return;
    this.#isScheduled = false;
    this.#writeDirty(youngAfter);
    if (this.#changes.isEmpty) {
      // All of it was over before it had to be written, or is too young for it.
      this.#kept = this.#next++;
      if (this.#dirty.length > 0) this.#awaitYoung();
      return this.#tellKept();
    }
    const spare = this.#committing;
    this.#committing = this.#changes;
    this.#changes = spare;
    this.#next++;
    this.#hand();
  }

  #writeDirty(youngAfter: number): void {
    const dirty = this.#dirty;
    const at = this.#options.clock.now() - youngMilliseconds;
    const isClosing = this.#idle !== undefined;
    this.#dirty = [];
    this.#hasFirmObjects = false;
    for (let i = 0; i < dirty.length; i++) {
      const kept = dirty[i];
      if ((kept.dirtyTurn > youngAfter || kept.dirtyAt > at) && !isClosing && kept.mayWait) {
        this.#dirty.push(kept);
        continue;
      }
      kept.isDirty = false;
      if (kept.write(this.#changes)) this.#written.push(kept);
    }
  }

  /** There is nothing to commit but what is too young. */
  #awaitYoung(): void {
    if (this.heapIndex !== notScheduled) return;
    const { deadlines, clock } = this.#options;
    deadlines.set(this, clock.now() + youngMilliseconds);
  }

  /**
   * Hands over what has failed once more, and what has changed since along with it: what was
   * refused meanwhile must not be stored for a moment.
   */
  #retry(): void {
    if (this.#hasChanges) {
      this.#writeDirty(anyTurn);
      this.#committing.append(this.#changes);
      this.#changes.clear();
      this.#written = [...new Set(this.#written)];
      this.#next++;
    }
    this.#hand();
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

  /** The changes are kept, and handed over again later. */
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
    for (const waiter of this.#waiters) waiter.failing?.();
    // The last first, so that each goes back to what was there before it.
    for (const kept of [...this.#written, ...this.#dirty].reverse()) kept.takeBackRefused();
    for (const waiter of [...this.#waiters]) waiter.failed();
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
