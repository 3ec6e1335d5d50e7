/**
 * Measures what a message passes, piece by piece, and fails where a piece costs more than its
 * budget. Budgets are in runs of a calibration loop that is measured in the same round, so that
 * they mean the same on any machine; arguments choose the cases that have them in their names.
 */

import { spawnSync } from 'node:child_process';
import { aclCases } from './acl-cases.ts';
import { calibrate } from './calibration.ts';
import { codecCases } from './codec-cases.ts';
import { bestNanoseconds } from './measure.ts';
import type { MicroCase } from './micro-case.ts';
import { sessionCases } from './session-cases.ts';
import { topicCases } from './topic-cases.ts';

const rounds = 8;
// What is over its budget is measured again: another process may have had the machine meanwhile.
const roundsAtMost = 40;
const calibrationRuns = 50_000;
// What the compiler makes of the code can be slow in one process for as long as that lives.
const processesMore = 2;
const isRepetition = 'PANTALA_BUDGETS_AGAIN';

interface Result {
  readonly of: MicroCase;
  nanoseconds: number;
}

const asked = process.argv.slice(2);
const cases = [...codecCases, ...topicCases, ...sessionCases, ...aclCases];
const results = cases
  .filter(({ name }) => asked.length === 0 || asked.some((part) => name.includes(part)))
  .map((of): Result => ({ of, nanoseconds: Number.POSITIVE_INFINITY }));
let calibration = Number.POSITIVE_INFINITY;

for (let round = 0; round < rounds; round++) measure(results);
for (let round = rounds; round < roundsAtMost && results.some(isOver); round++) {
  measure(results.filter(isOver));
}
for (const result of results) console.log(line(result));
console.log(`  calibration loop: ${calibration.toFixed(0)} ns`);
const over = results.filter(isOver).map((result) => result.of.name);
process.exitCode = over.length > 0 && !isWellIn(processesMore) ? 1 : 0;

/** Whether what is over its budget here is within it in one of so many other processes. */
function isWellIn(processes: number): boolean {
  if (process.env[isRepetition] !== undefined || processes === 0) return false;
  console.log(`once more, in a process of its own: ${over.join(', ')}`);
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, import.meta.filename, ...over],
    {
      stdio: 'inherit',
      env: { ...process.env, [isRepetition]: '1' },
    },
  );
  return status === 0 || isWellIn(processes - 1);
}

/** One round; the best counts, as what else the machine does only makes it slower. */
function measure(some: readonly Result[]): void {
  for (const result of some) {
    calibration = Math.min(calibration, once(calibrationRuns, calibrate));
    result.nanoseconds = Math.min(result.nanoseconds, once(result.of.runs, result.of.run));
  }
}

function once(runs: number, run: (turn: number) => void): number {
  return bestNanoseconds(runs, run, { rounds: 1 });
}

function ratioOf({ nanoseconds }: Result): number {
  return nanoseconds / calibration;
}

function isOver(result: Result): boolean {
  return ratioOf(result) > result.of.budget;
}

function line(result: Result): string {
  const { name, budget } = result.of;
  const nanoseconds = `${result.nanoseconds.toFixed(0).padStart(6)} ns`;
  const ratio = `${ratioOf(result).toFixed(2).padStart(6)} of ${budget}`;
  return `${isOver(result) ? '✖' : '✔'} ${name.padEnd(52)} ${nanoseconds} ${ratio}`;
}
