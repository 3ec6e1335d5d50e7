/** One seed of the simulation of clients, from its first step to its last. */

import { BrokenPromise } from '../broken-promise.ts';
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
