/** Time comes from outside, so that a simulation can make it jump. */

export interface Clock {
  /** Milliseconds that only ever grow; where they begin does not matter. */
  now(): number;
}
