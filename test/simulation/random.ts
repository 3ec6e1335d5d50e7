/** Chance that can be had again: everything that it says follows from its seed. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 on, below `bound`. */
  below(bound: number): number {
    // mulberry32: small, fast, and good enough to choose steps with.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** One of the rows, each as often as its weight says. */
  pickWeighted<T extends { readonly weight: number }>(rows: readonly T[]): T {
    let left = this.below(rows.reduce((sum, { weight }) => sum + weight, 0));
    for (const row of rows) {
      left -= row.weight;
      if (left < 0) return row;
    }
    throw new Error('there is no row with a weight to pick from');
  }
}
