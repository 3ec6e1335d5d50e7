/** How much of a turn of the event loop all searches for retained messages may take together. */

import { Fifo } from '../session/fifo.ts';
import type { Turn } from '../session/turn.ts';

// A step sends a message, or goes through a few topics that do not match: some 0.5 µs, and 10 to 14
// before the code is compiled. So clients that subscribe to a million retained messages, and
// filters that match none of a million, hold up others for two milliseconds, however many they are:
// from a turn's first packet until all that was written in it has left.
const stepsPerTurnMax = 1024;
const millisecondsPerTurnMax = 2;
// After so many the next one has its turn: few as long as steps take long, and then enough for a
// write that is worth its system call.
const sliceStepsMin = 32;
const sliceStepsMax = 256;
const sliceMilliseconds = 0.25;

/** A replay that has to wait for the next turn. */
export interface Paced {
  goOn(): void;
}

export class ReplayPace {
  readonly #turn: Turn;
  readonly #waiting = new Fifo<Paced>();
  #isScheduled = false;
  // Turns before the one whose share is being taken; -1: that is over.
  #turnCount = -1;
  #stepsLeft = stepsPerTurnMax;
  #millisecondsLeft = millisecondsPerTurnMax;
  #sliceSteps = sliceStepsMin;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** How many steps a replay may take now, before it has to wait. */
  get allowance(): number {
    const { count } = this.#turn;
    if (count !== this.#turnCount) {
      this.#turnCount = count;
      this.#stepsLeft = stepsPerTurnMax;
      this.#millisecondsLeft = millisecondsPerTurnMax;
    }
    if (this.#millisecondsLeft <= 0) return 0;
    return Math.min(this.#stepsLeft, this.#sliceSteps);
  }

  /** A replay has taken so many steps, in so much time. */
  took(steps: number, milliseconds: number): void {
    this.#stepsLeft -= steps;
    this.#millisecondsLeft -= milliseconds;
    if (milliseconds > sliceMilliseconds) {
      this.#sliceSteps = Math.max(this.#sliceSteps / 2, sliceStepsMin);
    } else if (steps >= this.#sliceSteps) {
      this.#sliceSteps = Math.min(this.#sliceSteps * 2, sliceStepsMax);
    }
  }

  /** `goOn` is called in this turn or a later one, after those that wait already. */
  wait(replay: Paced): void {
    this.#waiting.push(replay);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turn.add(this);
  }

  /** The turn ends: those who wait have what its packets have left. */
  flush(): void {
    const { count } = this.#turn;
    if (this.#turnCount === count - 1) this.#turnCount = count;
    while (this.#waiting.length > 0 && this.allowance > 0) this.#waiting.shift()!.goOn();
    this.#turnCount = -1;
    this.#isScheduled = this.#waiting.length > 0;
    if (this.#isScheduled) this.#turn.add(this);
  }
}
