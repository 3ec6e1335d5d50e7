/** One thing that a message passes, measured alone, and what it may cost. */

export interface MicroCase {
  readonly name: string;
  /**
   * The most that one run may take, in runs of the calibration loop: 1.6 to 1.9 times what it
   * takes, so that neither another machine nor a busy one is taken for a fault, and what has become
   * twice as slow is.
   */
  readonly budget: number;
  /** Of one round: some 20 ms. */
  readonly runs: number;
  /** @param turn counts the runs of a round */
  readonly run: (turn: number) => void;
}
