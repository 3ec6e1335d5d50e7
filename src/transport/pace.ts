/** Work that takes its time, begun little by little. */

/** Begins so many pieces of work in one turn of the event loop, so that others get theirs. */
export class Pace {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Calls `work` in a later turn, after all that came before. */
  start(work: () => void): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    for (const work of this.#waiting.splice(0, this.#perTurn)) work();
    this.#schedule();
  };
}
