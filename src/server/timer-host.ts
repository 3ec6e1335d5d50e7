/** A clock and a timer of Node's: all that a client needs of its machine. */

// setTimeout takes no more; a wake that comes too early only sets the next.
const timeoutMillisecondsMax = 2 ** 31 - 1;

/** Keeps the one timer of a broker or a client. */
export class TimerHost {
  readonly clock = { now: (): number => performance.now() };
  #wake: ((now: number) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** From now on `wake` is called at the times that were asked for. */
  start(wake: (now: number) => void): void {
    this.#wake = wake;
  }

  stop(): void {
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }

  /** In the check phase: by then every socket that had something has been read. */
  readonly atEndOfTurn = (flush: () => void): void => {
    setImmediate(flush);
  };

  readonly wakeAt = (at: number): void => {
    clearTimeout(this.#timer);
    const milliseconds = Math.ceil(at - this.clock.now());
    this.#timer = setTimeout(
      () => this.#wake?.(this.clock.now()),
      Math.min(Math.max(milliseconds, 0), timeoutMillisecondsMax),
    );
  };
}
