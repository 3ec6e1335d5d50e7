/** Work that takes a thread for a while: a few at a time, the sources in turn. */

/** Something to do, or to leave undone. */
export interface Work {
  /** Whoever waits with others of the same source waits for these, and not for all. */
  readonly source: string;
  /** @param finished must be called once, now or later */
  start(finished: () => void): void;
  /** There are too many: it will not be started. */
  turnAway(): void;
}

// Node's pool has four threads, which files and names are looked up by as well.
const runningMaxDefault = 2;
// Some thousand devices may well come back at once after a restart; what argon2id takes for so
// many on two threads, about two minutes, is longer than most of them wait.
const waitingMaxDefault = 4096;

/**
 * Starts what waits, one of each source in turn, so that somebody who fills the queue stands in
 * his own way. When it is full, the source with the most in it loses its last.
 */
export class HashQueue {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  /** In the order of their turns. */
  readonly #waiting = new Map<string, Work[]>();
  #waitingCount = 0;
  #runningCount = 0;
  #isStarting = false;

  constructor({ runningMax = runningMaxDefault, waitingMax = waitingMaxDefault } = {}) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  add(work: Work): void {
    const queue = this.#waiting.get(work.source);
    if (queue === undefined) this.#waiting.set(work.source, [work]);
    else queue.push(work);
    this.#waitingCount += 1;
    this.#startSome();
    if (this.#waitingCount > this.#waitingMax) this.#takeLast(this.#longest()).turnAway();
  }

  #startSome(): void {
    // What finishes at once is followed by the loop below, not by a call within a call.
    if (this.#isStarting) return;
    this.#isStarting = true;
    while (this.#runningCount < this.#runningMax && this.#waitingCount > 0) {
      const work = this.#takeNext();
      this.#runningCount += 1;
      work.start(() => {
        this.#runningCount -= 1;
        this.#startSome();
      });
    }
    this.#isStarting = false;
  }

  #takeNext(): Work {
    const [[source, queue]] = this.#waiting;
    const work = queue.shift()!;
    // Behind all others, if it has more.
    this.#waiting.delete(source);
    if (queue.length > 0) this.#waiting.set(source, queue);
    this.#waitingCount -= 1;
    return work;
  }

  #takeLast(source: string): Work {
    const queue = this.#waiting.get(source)!;
    const work = queue.pop()!;
    if (queue.length === 0) this.#waiting.delete(source);
    this.#waitingCount -= 1;
    return work;
  }

  #longest(): string {
    let longest = '';
    let length = 0;
    for (const [source, queue] of this.#waiting) {
      if (queue.length < length) continue;
      longest = source;
      length = queue.length;
    }
    return longest;
  }
}
