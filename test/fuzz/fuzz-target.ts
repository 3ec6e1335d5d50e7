/** What the fuzzer runs: one target per parser or structure under attack. */

export interface FuzzTarget {
  readonly name: string;
  /** Tries inputs made from `seed` until told to stop; returns how many; throws on a finding. */
  run(seed: number, until: () => boolean): number;
}
