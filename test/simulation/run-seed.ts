/** One seed from its first step to its last. */

import { BrokenPromise, promises } from './broken-promise.ts';
import { audit, bringToRest } from './ending.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';
import { assemble, takeStep } from './steps.ts';

export interface Outcome {
  readonly seed: number;
  /** Steps that were taken. */
  readonly steps: number;
  /** A hash of all bytes in both directions: equal runs have equal ones. */
  readonly fingerprint: string;
  readonly failure: BrokenPromise | undefined;
}

export function runSeed(seed: number, steps: number, options: SimulationOptions = {}): Outcome {
  const simulation = new Simulation(seed, options);
  let taken = 0;
  let failure: BrokenPromise | undefined;
  try {
    assemble(simulation);
    for (; taken < steps; taken++) takeStep(simulation);
    bringToRest(simulation);
    audit(simulation);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    failure = error;
  }
  return { seed, steps: taken, fingerprint: simulation.fingerprint, failure };
}

/** For whoever has to find out why. */
export function explain({ seed, steps, failure }: Outcome): string {
  const { promise, clientId, message } = failure!;
  return [
    `seed ${seed}, step ${steps}: a promise is broken`,
    `  ${promise}: ${promises[promise]}`,
    `  ${clientId ?? 'broker'}: ${message}`,
  ].join('\n');
}
