/** Time and memory of a piece of code, within one process. */

/** Of what is in use after all garbage is gone. */
export function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('no gc(): run node with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
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
