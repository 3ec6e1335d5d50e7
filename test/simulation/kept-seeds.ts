/** Seeds that once broke a promise. They always run, long after what they showed was mended. */

interface KeptSeed {
  readonly seed: number;
  readonly steps: number;
  /** What was wrong. */
  readonly showed: string;
}

export const keptSeeds: readonly KeptSeed[] = [];
