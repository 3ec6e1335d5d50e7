/** Whether the process uses more memory than it may. */

import type { Settings } from './settings.ts';

// Asking the host takes some microseconds, and the answer changes slowly.
const askMilliseconds = 10;

export class MemoryLimit {
  readonly #settings: Settings;
  readonly #usedBytes: (() => number) | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #lastBytes = 0;

  /** @param usedBytes what the process uses now; undefined where nobody can tell: no limit */
  constructor(settings: Settings, usedBytes: (() => number) | undefined) {
    this.#settings = settings;
    this.#usedBytes = usedBytes;
  }

  /** True while nothing should be taken that has to be kept. */
  isReached(now: number): boolean {
    const { memoryBytesMax } = this.#settings.limits;
    if (memoryBytesMax === 0 || this.#usedBytes === undefined) return false;
    if (now - this.#askedAt >= askMilliseconds) {
      this.#askedAt = now;
      this.#lastBytes = this.#usedBytes();
    }
    return this.#lastBytes > memoryBytesMax;
  }
}
