/** How long to wait before the next attempt to connect. */

export interface BackoffOptions {
  /** Milliseconds that the first pause may last; each one may last twice as long. */
  readonly firstDelayMilliseconds: number;
  /** The longest that any pause may last. */
  readonly delayMillisecondsMax: number;
}

// Far beyond every longest pause, and far from numbers that are none.
const doublingsMax = 60;

/**
 * Exponential, with full jitter: any time from none to the longest, so that thousands of clients
 * whose server has restarted do not come back at the same moment, and again at the next.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** @param random gives numbers from 0 up to 1 */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Attempts that have failed since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Another attempt has failed. @returns milliseconds to wait before the next */
  next(): number {
    const { firstDelayMilliseconds, delayMillisecondsMax } = this.#options;
    const doubled = firstDelayMilliseconds * 2 ** Math.min(this.#failures, doublingsMax);
    const longest = Math.min(doubled, delayMillisecondsMax);
    this.#failures++;
    return Math.round(this.#random() * longest);
  }

  /** A connection has lasted. */
  reset(): void {
    this.#failures = 0;
  }
}
