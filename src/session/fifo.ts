/** A queue in an array: what was taken from its front is given back now and then. */

// Taken places at the front are given back once they are this many and half of the array.
const compactFrom = 32;

export class Fifo<T> implements Iterable<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head >= compactFrom && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out all for which `isOut` holds, and returns them in their order. */
  remove(isOut: (item: T) => boolean): T[] {
    const items = this.#items.slice(this.#head) as T[];
    const out = items.filter(isOut);
    if (out.length === 0) return out;
    this.#items = items.filter((item) => !isOut(item));
    this.#head = 0;
    return out;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i]!;
  }
}
