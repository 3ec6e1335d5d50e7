/** Everything that happens at a time: one heap, so that the host needs one timer. */

import type { Clock } from './clock.ts';

// When a network fails, thousands of clients exceed their keep-alive at once, each of which takes
// 35 µs with its session and its will. Others have their turns in between.
const wakeMilliseconds = 0.5;

/** Something with at most one deadline at a time. */
export interface Timed {
  /** Its place in the heap, kept by `Deadlines`; start with `notScheduled`. */
  heapIndex: number;
  /** Kept by `Deadlines`: the clock's milliseconds. */
  dueAt: number;
  /** The deadline has passed. It is not scheduled any more, and may be set anew. */
  due(now: number): void;
}

export const notScheduled = -1;

/** A binary heap by `dueAt`; setting and clearing take logarithmic time. */
export class Deadlines {
  readonly #heap: Timed[] = [];
  readonly #wakeAt: (at: number) => void;
  readonly #clock: Clock;
  #announced = Number.POSITIVE_INFINITY;

  /** @param wakeAt asks the host to call `wake` at that time; the last call counts */
  constructor(wakeAt: (at: number) => void, clock: Clock) {
    this.#wakeAt = wakeAt;
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline, or undefined when there is none. */
  get next(): number | undefined {
    return this.#heap[0]?.dueAt;
  }

  /** Sets or moves the deadline of `timed`. */
  set(timed: Timed, at: number): void {
    timed.dueAt = at;
    if (timed.heapIndex === notScheduled) {
      this.#place(timed, this.#heap.length);
    }
    this.#rise(timed);
    this.#sink(timed);
    if (at < this.#announced) this.#announce(at);
  }

  clear(timed: Timed): void {
    const index = timed.heapIndex;
    if (index === notScheduled) return;
    timed.heapIndex = notScheduled;
    const last = this.#heap.pop()!;
    if (last === timed) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  /** Calls `due` for everything whose time has come; asks to be woken again if that takes long. */
  wake(now: number): void {
    this.#announced = Number.NEGATIVE_INFINITY;
    const endsAt = this.#clock.now() + wakeMilliseconds;
    for (let first = this.#heap[0]; first !== undefined && first.dueAt <= now; ) {
      this.clear(first);
      first.due(now);
      if (this.#clock.now() >= endsAt) break;
      first = this.#heap[0];
    }
    this.#announced = Number.POSITIVE_INFINITY;
    if (this.next !== undefined) this.#announce(this.next);
  }

  #announce(at: number): void {
    this.#announced = at;
    this.#wakeAt(at);
  }

  #place(timed: Timed, index: number): void {
    this.#heap[index] = timed;
    timed.heapIndex = index;
  }

  #rise(timed: Timed): void {
    let index = timed.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent.dueAt <= timed.dueAt) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(timed, index);
  }

  #sink(timed: Timed): void {
    let index = timed.heapIndex;
    for (;;) {
      let childIndex = index * 2 + 1;
      if (childIndex >= this.#heap.length) break;
      const right = this.#heap[childIndex + 1];
      if (right !== undefined && right.dueAt < this.#heap[childIndex].dueAt) childIndex++;
      const child = this.#heap[childIndex];
      if (child.dueAt >= timed.dueAt) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(timed, index);
  }
}
