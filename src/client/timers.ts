/** Pauses and limits of time, until the client ends. */

import { whenAborted } from './abort.ts';
import type { ClientPlatform } from './ports.ts';

/** Something that is done at a time. */
export interface Timer {
  /** To be done after so many milliseconds from now, and not before. */
  set(milliseconds: number): void;
  /** @param at the clock's milliseconds */
  setAt(at: number): void;
  clear(): void;
}

export class Timers {
  readonly #platform: Pick<ClientPlatform, 'clock' | 'after'>;
  // What takes back those that are set, by what clears them.
  readonly #running = new Map<() => void, () => void>();
  #isStopped = false;

  constructor(platform: Pick<ClientPlatform, 'clock' | 'after'>) {
    this.#platform = platform;
  }

  timer(due: (now: number) => void): Timer {
    const { clock, after } = this.#platform;
    const clear = () => {
      this.#running.get(clear)?.();
      this.#running.delete(clear);
    };
    const setAt = (at: number) => {
      clear();
      if (this.#isStopped) return;
      const takeBack = after(Math.max(at - clock.now(), 0), () => {
        const now = clock.now();
        if (now < at) return setAt(at);
        this.#running.delete(clear);
        due(now);
      });
      this.#running.set(clear, takeBack);
    };
    return { setAt, clear, set: (milliseconds) => setAt(clock.now() + milliseconds) };
  }

  /** Resolves after that time, or as soon as the signal says that nobody waits any more. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      timer.clear();
      off();
      resolve();
    };
    const timer = this.timer(wake);
    timer.set(milliseconds);
    const off = whenAborted(signal, wake);
    return promise;
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#isStopped = true;
    for (const clear of this.#running.keys()) clear();
  }
}
