/** A set of packet ids, which come and go with every message of QoS 2. */

const placesFirst = 16;

/**
 * Most ids lie by their low bits, as peers give them one after another; the few whose place another
 * has lie apart. A Map would be built anew again and again: 53 → 9 ns for one that comes and goes
 * (bench/micro/session-cases.ts).
 */
export class PacketIds implements Pick<Set<number>, 'size' | 'has' | 'delete'>, Iterable<number> {
  // As many as a power of two, and at least as twice as many as there are ids; 0: nobody's.
  #places: number[] | undefined;
  #others: Set<number> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(packetId: number): boolean {
    const places = this.#places;
    if (places === undefined) return false;
    if (places[packetId & (places.length - 1)] === packetId) return true;
    return this.#others?.has(packetId) === true;
  }

  /** One that it does not have. */
  add(packetId: number): void {
    this.#places ??= new Array(placesFirst).fill(0);
    if (this.#size * 2 >= this.#places.length) this.#grow();
    this.#size++;
    this.#put(packetId);
  }

  /** @returns whether it was there */
  delete(packetId: number): boolean {
    const places = this.#places;
    if (places === undefined) return false;
    const at = packetId & (places.length - 1);
    if (places[at] === packetId) places[at] = 0;
    else if (this.#others?.delete(packetId) !== true) return false;
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const packetId of this.#places ?? []) if (packetId !== 0) yield packetId;
    yield* this.#others ?? [];
  }

  #put(packetId: number): void {
    const places = this.#places!;
    const at = packetId & (places.length - 1);
    if (places[at] === 0) {
      places[at] = packetId;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(packetId);
  }

  #grow(): void {
    const packetIds = [...this];
    this.#places = new Array(this.#places!.length * 2).fill(0);
    this.#others = undefined;
    for (const packetId of packetIds) this.#put(packetId);
  }
}
