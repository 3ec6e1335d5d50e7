/** Remembers who gave wrong passwords, and for how long he has to wait for the next answer. */

/** For tests; the defaults are what serves. */
export interface ThrottleOptions {
  /** How many sources are remembered: the longest without a wrong password is forgotten first. */
  readonly sourcesMax?: number;
}

// Four guesses are free: people mistype. From the fifth on, the answer takes a second, then two,
// and so on. As ten may wait at once (waiting-room.ts), a million guesses take twelve days.
const freeFailures = 4;
const firstDelayMilliseconds = 1000;
const delayMillisecondsMax = 10_000;
/** After this long without a wrong password, a source begins anew. */
const memoryMilliseconds = 60_000;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/**
 * Counts the wrong passwords of each source, by which those that guess are slowed down and nobody
 * else is. A right password makes its source begin anew.
 */
export class Throttle {
  readonly #sourcesMax: number;
  /** In the order of their last failures. */
  readonly #failures = new Map<string, Failures>();

  constructor({ sourcesMax = 10_000 }: ThrottleOptions = {}) {
    this.#sourcesMax = sourcesMax;
  }

  /** For how many milliseconds the next answer to this source has to wait, right or wrong. */
  delay(source: string, now: number): number {
    const count = this.#count(source, now);
    if (count < freeFailures) return 0;
    const doublings = Math.min(count - freeFailures, 10);
    return Math.min(firstDelayMilliseconds * 2 ** doublings, delayMillisecondsMax);
  }

  failed(source: string, now: number): void {
    const count = this.#count(source, now) + 1;
    // Behind all others.
    this.#failures.delete(source);
    this.#failures.set(source, { count, lastAt: now });
    if (this.#failures.size > this.#sourcesMax) {
      const [oldest] = this.#failures.keys();
      this.#failures.delete(oldest);
    }
  }

  succeeded(source: string): void {
    this.#failures.delete(source);
  }

  #count(source: string, now: number): number {
    const failures = this.#failures.get(source);
    if (failures === undefined || now - failures.lastAt > memoryMilliseconds) return 0;
    return failures.count;
  }
}
