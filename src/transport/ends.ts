/** Connections whose other end has gone: told a few at a time, when they are many. */

// A client that goes takes 20 µs or so, with its session and its will: a turn of the event loop
// hears of so many, and whoever else has something to say waits for a millisecond. When thousands
// went at once, it was for as long as they all took.
const endsPerTurn = 64;

export interface Ending {
  /** Its other end has gone. */
  hangUp(): void;
}

export class Ends {
  #left = endsPerTurn;
  #waiting: Ending[] = [];
  #isScheduled = false;
  // One function for all turns.
  readonly #turn = (): void => {
    this.#isScheduled = false;
    this.#left = endsPerTurn;
    const now = this.#waiting.splice(0, endsPerTurn);
    for (const ending of now) this.#tell(ending);
  };

  /** Told at once, or when those before it have been. */
  add(ending: Ending): void {
    if (this.#waiting.length === 0 && this.#left > 0) return this.#tell(ending);
    this.#waiting.push(ending);
    this.#schedule();
  }

  /** Tells of all that wait: somebody else is about to be refused for their sake. */
  flush(): void {
    for (const ending of this.#waiting.splice(0)) ending.hangUp();
  }

  #tell(ending: Ending): void {
    this.#left--;
    this.#schedule();
    ending.hangUp();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }
}
