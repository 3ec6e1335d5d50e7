/** Time and memory of a piece of code, within one process. */

import { openSync, readSync } from 'node:fs';

const schedulingFile =
  process.platform === 'linux' ? openSync('/proc/thread-self/schedstat', 'r') : undefined;
const scheduling = Buffer.alloc(64);

/** Of what is in use after all garbage is gone. */
export function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('no gc(): run node with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/**
 * The time of this thread, without what it has waited for a core while others had them all. Only
 * Linux tells; elsewhere it is that of the clock.
 */
export function ownMilliseconds(): number {
  if (schedulingFile === undefined) return performance.now();
  const length = readSync(schedulingFile, scheduling, 0, scheduling.length, 0);
  const [, waitedNanoseconds] = scheduling.toString('latin1', 0, length).split(' ');
  return performance.now() - Number(waitedNanoseconds) / 1e6;
}

/** Of one run, in the best of the rounds: what else the machine does only makes it slower. */
export function bestNanoseconds(
  runs: number,
  run: (turn: number) => void,
  { rounds = 5, before }: { rounds?: number; before?: () => void } = {},
): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    before?.();
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < runs; turn++) run(turn);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / runs);
  }
  return best;
}

export function report(what: string, amount: number, unit: string): void {
  console.log(`${what.padEnd(56)} ${amount.toFixed(0).padStart(10)} ${unit}`);
}
