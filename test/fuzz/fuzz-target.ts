/** What the fuzzer runs: one target per parser or structure under attack. */

export interface FuzzTarget {
  readonly name: string;
  /** Tries inputs made from `seed` until told to stop; returns how many; a finding is thrown. */
  run(seed: number, until: () => boolean): number | Promise<number>;
}
