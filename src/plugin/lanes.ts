/** As many tasks at a time as there are lanes; some more wait, and the rest is turned away. */

/** There is no room to wait. */
class LanesFullError extends Error {
  override readonly name = 'LanesFullError';

  constructor() {
    super('too many questions wait already');
  }
}

export class Lanes {
  readonly #lanes: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(lanes: number, waitingMax: number) {
    this.#lanes = lanes;
    this.#waitingMax = waitingMax;
  }

  /** @throws LanesFullError */
  async run<Value>(task: () => Promise<Value>): Promise<Value> {
    if (this.#used >= this.#lanes) await this.#wait();
    else this.#used++;
    try {
      return await task();
    } finally {
      // The lane goes to the next in the queue, without being free in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#used--;
      else next();
    }
  }

  async #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) throw new LanesFullError();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
