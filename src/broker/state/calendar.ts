/** Between the clock, which begins anew with every process, and dates, which the store keeps. */

import type { Clock } from '../../session/clock.ts';

/** The time of the clock that never comes. */
export const never = Number.POSITIVE_INFINITY;

export class Calendar {
  readonly #clock: Clock;
  readonly #date: () => number;

  /** @param date milliseconds since 1970 */
  constructor(clock: Clock, date: () => number) {
    this.#clock = clock;
    this.#date = date;
  }

  /** The date of a time of the clock, in whole milliseconds since 1970. */
  dateOf(at: number): number {
    return Math.max(1, Math.round(at + this.#date() - this.#clock.now()));
  }

  /** The time of the clock at a date. */
  clockOf(date: number): number {
    return date - this.#date() + this.#clock.now();
  }
}
