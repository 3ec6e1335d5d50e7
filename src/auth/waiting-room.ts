/** Those who are made to wait, all with one timer. */

/** The time of a machine, and a way to be called later. */
export interface Timer {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** Calls once, later. */
  after(milliseconds: number, call: () => void): void;
}

/** Node's. It does not keep the process alive. */
export const nodeTimer: Timer = {
  now: () => performance.now(),
  after: (milliseconds, call) => void setTimeout(call, Math.ceil(milliseconds)).unref(),
};

// At ten seconds each, no more than one guess a second.
const placesOfSourceMax = 10;
const placesMax = 4096;

interface Guest {
  readonly source: string;
  readonly dueAt: number;
  readonly call: () => void;
}

export class WaitingRoom {
  readonly #timer: Timer;
  /** In the order in which they are called. */
  readonly #guests: Guest[] = [];
  readonly #counts = new Map<string, number>();
  /** When the timer goes off next. */
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  /**
   * Calls `call` after so many milliseconds.
   *
   * @returns false when there is no place for one more of this source: then nothing is called
   */
  admit(source: string, milliseconds: number, call: () => void): boolean {
    const count = this.#counts.get(source) ?? 0;
    if (count >= placesOfSourceMax || this.#guests.length >= placesMax) return false;
    this.#counts.set(source, count + 1);
    const dueAt = this.#timer.now() + milliseconds;
    const at = this.#guests.findLastIndex((guest) => guest.dueAt <= dueAt) + 1;
    this.#guests.splice(at, 0, { source, dueAt, call });
    this.#setTimer();
    return true;
  }

  #setTimer(): void {
    const [first] = this.#guests;
    if (first === undefined || first.dueAt >= this.#wakeAt) return;
    this.#wakeAt = first.dueAt;
    const wakeAt = first.dueAt;
    this.#timer.after(Math.max(wakeAt - this.#timer.now(), 0), () => this.#wake(wakeAt));
  }

  #wake(wakeAt: number): void {
    // One that was set before an earlier one came finds nothing to do here.
    if (wakeAt === this.#wakeAt) this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#timer.now();
    const waiting = this.#guests.findIndex(({ dueAt }) => dueAt > now);
    const due = this.#guests.splice(0, waiting === -1 ? this.#guests.length : waiting);
    for (const { source } of due) this.#leave(source);
    this.#setTimer();
    for (const { call } of due) call();
  }

  #leave(source: string): void {
    const count = this.#counts.get(source)! - 1;
    if (count === 0) this.#counts.delete(source);
    else this.#counts.set(source, count);
  }
}
