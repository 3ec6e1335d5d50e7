/** A queue for a page, which has few and short ones: in the place of `session/fifo.ts`. */

import type { Fifo as Ring } from '../session/fifo.ts';

export class Fifo<T> implements Pick<Ring<T>, keyof Ring<T>> {
  #items: T[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  remove(isOut: (item: T) => boolean): T[] {
    const out = this.#items.filter(isOut);
    this.#items = this.#items.filter((item) => !isOut(item));
    return out;
  }

  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }
}
