/** A queue in a ring of places, which grows as it must. */

const placesFirst = 16;
// An empty queue does not hold more for whatever comes next.
const emptyPlacesDefault = 64;

export class Fifo<T> implements Iterable<T> {
  readonly #emptyPlacesMax: number;
  // As many as a power of two; those that hold nothing are undefined.
  #places: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  /** @param emptyPlacesMax that are kept when the queue is empty */
  constructor(emptyPlacesMax = emptyPlacesDefault) {
    this.#emptyPlacesMax = emptyPlacesMax;
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    const places = this.#places;
    places[(this.#head + this.#length) & (places.length - 1)] = item;
    this.#length++;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#places[this.#head];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const places = this.#places;
    const item = places[this.#head];
    places[this.#head] = undefined;
    this.#head = (this.#head + 1) & (places.length - 1);
    this.#length--;
    if (this.#length === 0 && places.length > this.#emptyPlacesMax) this.#refill([]);
    return item;
  }

  /** Takes out all for which `isOut` holds, and returns them in their order. */
  remove(isOut: (item: T) => boolean): T[] {
    const items = [...this];
    const out = items.filter(isOut);
    if (out.length > 0) this.#refill(items.filter((item) => !isOut(item)));
    return out;
  }

  *[Symbol.iterator](): Iterator<T> {
    const places = this.#places;
    const head = this.#head;
    const length = this.#length;
    for (let i = 0; i < length; i++) yield places[(head + i) & (places.length - 1)]!;
  }

  #grow(): void {
    this.#refill([...this], Math.max(placesFirst, this.#places.length * 2));
  }

  #refill(items: readonly T[], placesMin = items.length): void {
    let count = placesMin === 0 ? 0 : placesFirst;
    while (count < placesMin) count *= 2;
    const places = new Array<T | undefined>(count).fill(undefined);
    for (let i = 0; i < items.length; i++) places[i] = items[i];
    this.#places = places;
    this.#head = 0;
    this.#length = items.length;
  }
}
