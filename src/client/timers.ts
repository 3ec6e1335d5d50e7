/** Pauses and limits of time, on the one timer of the host. */

import type { Clock } from '../session/clock.ts';
import { Deadlines, notScheduled, type Timed } from '../session/deadlines.ts';

export class Timers {
  readonly #deadlines: Deadlines;
  readonly #clock: Clock;

  constructor(clock: Clock, wakeAt: (at: number) => void) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(wakeAt);
  }

  /** Something that is done at a time, which can be set, moved and cleared. */
  timer(due: (now: number) => void): Timer {
    return new Timer(this.#deadlines, this.#clock, due);
  }

  /** Resolves after that time, or as soon as the signal says that nobody waits any more. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      timer.clear();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = this.timer(wake);
    timer.set(milliseconds);
    signal.addEventListener('abort', wake, { once: true });
    return promise;
  }

  wake(now: number): void {
    this.#deadlines.wake(now);
  }
}

export class Timer implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly due: (now: number) => void;
  readonly #deadlines: Deadlines;
  readonly #clock: Clock;

  constructor(deadlines: Deadlines, clock: Clock, due: (now: number) => void) {
    this.#deadlines = deadlines;
    this.#clock = clock;
    this.due = due;
  }

  /** To be done after so many milliseconds from now, and not before. */
  set(milliseconds: number): void {
    this.setAt(this.#clock.now() + milliseconds);
  }

  /** @param at the clock's milliseconds */
  setAt(at: number): void {
    this.#deadlines.set(this, at);
  }

  clear(): void {
    this.#deadlines.clear(this);
  }
}
