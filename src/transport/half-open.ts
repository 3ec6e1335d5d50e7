/** Connections that are not yet what they came to be: so many at a time, and each for so long. */

export interface HalfOpenOptions {
  /** How long one may take. */
  readonly seconds: number;
  /** How many there may be; one more, and the oldest has to go. */
  readonly max: number;
  /** When the listener ends: then all have to go, and whoever comes late. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that only ever grow. */
  readonly now?: () => number;
}

/** Why a connection was not let finish. */
export type HalfOpenEnd = 'took too long' | 'crowded out' | 'listener ended';

interface Entry {
  readonly deadline: number;
  readonly drop: (cause: HalfOpenEnd) => void;
}

/**
 * What strangers have begun and not finished (a handshake, an upgrade, a header), bounded so that
 * those who never finish cost others nothing.
 */
export class HalfOpen {
  readonly #milliseconds: number;
  readonly #max: number;
  readonly #now: () => number;
  // All have the same time, so the oldest is also the next to run out of it.
  readonly #entries = new Set<Entry>();
  #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor({ seconds, max, signal, now = () => performance.now() }: HalfOpenOptions) {
    this.#milliseconds = seconds * 1000;
    this.#max = max;
    this.#now = now;
    this.#signal = signal;
    signal?.addEventListener('abort', () => this.#dropAll(), { once: true });
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * A connection begins.
   *
   * @param drop ends it; is called at most once, and not after `leave`
   * @returns `leave`, for when it has finished or ended by itself; may be called again
   */
  enter(drop: (cause: HalfOpenEnd) => void): () => void {
    const entry = { deadline: this.#now() + this.#milliseconds, drop };
    this.#entries.add(entry);
    if (this.#entries.size > this.#max) this.#drop(this.#oldest()!, 'crowded out');
    this.#timer ??= this.#wakeIn(this.#milliseconds);
    if (this.#signal?.aborted) queueMicrotask(() => this.#dropAll());
    return () => this.#entries.delete(entry);
  }

  // The timer is not moved when one leaves: it looks again when it comes.
  #wakeIn(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#wake(), milliseconds).unref();
  }

  #wake(): void {
    const now = this.#now();
    let oldest = this.#oldest();
    while (oldest !== undefined && oldest.deadline <= now) {
      this.#drop(oldest, 'took too long');
      oldest = this.#oldest();
    }
    this.#timer = oldest && this.#wakeIn(Math.ceil(oldest.deadline - now));
  }

  #dropAll(): void {
    for (const entry of [...this.#entries]) this.#drop(entry, 'listener ended');
  }

  #oldest(): Entry | undefined {
    return this.#entries.values().next().value;
  }

  #drop(entry: Entry, cause: HalfOpenEnd): void {
    this.#entries.delete(entry);
    entry.drop(cause);
  }
}
