/** How much of a turn of the event loop all searches for retained messages may take together. */

import { Fifo } from '../session/fifo.ts';
import type { Turn } from '../session/turn.ts';

// A step sends a message, or goes through a few topics that do not match: some 0.5 µs, 3 µs before
// the code is compiled. So clients that subscribe to a million retained messages, and filters that
// match none of a million, hold up others for a millisecond or three, however many they are.
const stepsPerTurnMax = 1024;
// After so many the next one has its turn: enough for a write that is worth its system call.
const stepsAtATimeMax = 256;

/** A replay that has to wait for the next turn. */
export interface Paced {
  goOn(): void;
}

export class ReplayPace {
  readonly #turn: Turn;
  readonly #waiting = new Fifo<Paced>();
  #isScheduled = false;
  #turnCount = 0;
  #left = stepsPerTurnMax;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** How many steps a replay may take now, before it has to wait. */
  get allowance(): number {
    const { count } = this.#turn;
    if (count !== this.#turnCount) {
      this.#turnCount = count;
      this.#left = stepsPerTurnMax;
    }
    return Math.min(this.#left, stepsAtATimeMax);
  }

  took(steps: number): void {
    this.#left -= steps;
  }

  /** `goOn` is called in this turn or a later one, after those that wait already. */
  wait(replay: Paced): void {
    this.#waiting.push(replay);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turn.add(this);
  }

  /** The next turn has come. */
  flush(): void {
    while (this.#waiting.length > 0 && this.allowance > 0) this.#waiting.shift()!.goOn();
    this.#isScheduled = this.#waiting.length > 0;
    if (this.#isScheduled) this.#turn.add(this);
  }
}
