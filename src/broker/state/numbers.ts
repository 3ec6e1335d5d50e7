/** Numbers that no record has had before. */

export class Numbers {
  #last: number;

  /** @param last the highest that is in use */
  constructor(last = 0) {
    this.#last = last;
  }

  next(): number {
    return ++this.#last;
  }

  /** One is in use. */
  pass(number: number): void {
    if (number > this.#last) this.#last = number;
  }
}
