/** What a client has asked of the server and has not been answered. */

export class Unanswered {
  #count = 0;
  #idle: (() => void) | undefined;

  add(answer: Promise<unknown>): void {
    this.#count++;
    const settled = () => {
      this.#count--;
      if (this.#count > 0) return;
      this.#idle?.();
      this.#idle = undefined;
    };
    answer.then(settled, settled);
  }

  /** Calls back once, when nothing is left: now, or later. */
  whenNone(call: () => void): void {
    if (this.#count === 0) call();
    else this.#idle = call;
  }
}
