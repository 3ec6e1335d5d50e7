/** Waits for promises, each as long as any other: so one timer serves all of them. */

interface Wait {
  readonly dueAt: number;
  readonly late: () => void;
}

export class Patience {
  readonly #milliseconds: number;
  // In the order in which they are due.
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000;
  }

  /** How many are waited for. */
  get count(): number {
    return this.#waits.size;
  }

  /**
   * Calls `done` or, when that takes too long, `late`; never both.
   *
   * @param promise must not reject
   */
  await<Value>(promise: PromiseLike<Value>, done: (value: Value) => void, late: () => void): void {
    const wait: Wait = { dueAt: performance.now() + this.#milliseconds, late };
    this.#waits.add(wait);
    this.#timer ??= this.#start(wait);
    promise.then((value) => {
      if (!this.#waits.delete(wait)) return;
      if (this.#waits.size === 0) this.#stop();
      done(value);
    });
  }

  #start({ dueAt }: Wait): NodeJS.Timeout {
    const milliseconds = Math.max(Math.ceil(dueAt - performance.now()), 0);
    return setTimeout(() => this.#expire(), milliseconds);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const wait of this.#waits) {
      if (wait.dueAt > now) {
        this.#timer ??= this.#start(wait);
        return;
      }
      this.#waits.delete(wait);
      wait.late();
    }
  }
}
