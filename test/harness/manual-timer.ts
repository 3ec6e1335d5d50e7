/** A timer that a test moves. */

import type { Timer } from '../../src/auth/waiting-room.ts';

export class ManualTimer implements Timer {
  #now = 0;
  #calls: { readonly at: number; readonly call: () => void }[] = [];

  /** Timers that have been set and have not gone off. */
  get pending(): number {
    return this.#calls.length;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): void {
    this.#calls.push({ at: this.#now + milliseconds, call });
  }

  /** Lets time pass, and calls what has become due, in its order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#calls.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#calls = this.#calls.filter((call) => call !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
  }
}
