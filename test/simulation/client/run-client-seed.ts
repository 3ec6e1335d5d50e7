/** One seed of the simulation of clients, from its first step to its last. */

import { BrokenPromise } from '../broken-promise.ts';
import type { Fault } from '../fault.ts';
import type { Outcome } from '../run-seed.ts';
import { ClientSimulation } from './client-simulation.ts';
import type { Tell } from './world.ts';

export async function runClientSeed(
  seed: number,
  steps: number,
  tell: Tell = () => {},
): Promise<Outcome> {
  const simulation = new ClientSimulation(seed, tell);
  let taken = 0;
  let failure: BrokenPromise | undefined;
  try {
    for (; taken < steps; taken++) await simulation.step();
    await simulation.rest();
    await simulation.probe();
    await simulation.end();
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    failure = error;
  }
  return { seed, steps: taken, fingerprint: simulation.world.fingerprint, failure };
}

// How far a fault is looked for: beyond what the rarest needs, as lots fall anew with a change.
export const clientFaultSeedsMax = 300;
export const clientStepsDefault = 60;

/** The first seed that shows a planted fault. @returns undefined when none does */
export async function findClientFault({ plant }: Fault): Promise<Outcome | undefined> {
  const mend = plant?.();
  try {
    for (let seed = 1; seed <= clientFaultSeedsMax; seed++) {
      const outcome = await runClientSeed(seed, clientStepsDefault);
      if (outcome.failure !== undefined) return outcome;
    }
    return undefined;
  } finally {
    mend?.();
  }
}
