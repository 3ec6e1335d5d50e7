/** Looks for the first seed in which a planted fault breaks a promise. */

import type { Fault } from './fault.ts';
import { type Outcome, runSeed } from './run-seed.ts';

/** How far it is looked for: far beyond what the rarest needs, as lots fall anew with a change. */
export const faultSeedsMax = 1000;
const steps = 100;

/** @returns undefined when no seed finds it */
export function findFault({ plant, createBroker }: Fault): Outcome | undefined {
  const mend = plant?.();
  try {
    for (let seed = 1; seed <= faultSeedsMax; seed++) {
      const outcome = runSeed(seed, steps, { createBroker });
      if (outcome.failure !== undefined) return outcome;
    }
    return undefined;
  } finally {
    mend?.();
  }
}
