/**
 * Runs the simulation: `run.ts [--seed N] [--seeds COUNT] [--steps N] [--verbose]`. It prints a
 * line when all promises are kept, and the story of the first seed that breaks one. With `--faults`
 * it plants one fault after the other, and prints which seed finds it.
 */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { faults } from './faults.ts';
import { faultSeedsMax, findFault } from './find-fault.ts';
import { explain, type Outcome, runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    steps: { type: 'string', default: '100' },
    verbose: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
  },
});
const storyLinesMax = 40;

if (values.faults) tabulateFaults();
else runSeeds();

function runSeeds(): void {
  const first = wholeNumber('seed', values.seed ?? '1');
  // Whoever names a seed wants to see that one.
  const count = wholeNumber('seeds', values.seeds ?? (values.seed === undefined ? '1000' : '1'));
  const steps = wholeNumber('steps', values.steps);
  const startedAt = performance.now();
  for (let seed = first; seed < first + count; seed++) {
    const outcome = runSeed(seed, steps, values.verbose ? { tell: print } : {});
    if (outcome.failure !== undefined) return report(outcome, steps);
    if (count === 1 || values.verbose) {
      console.log(`seed ${seed}: ${steps} steps, fingerprint ${outcome.fingerprint}`);
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const seeds = count === 1 ? `seed ${first}` : `${count} seeds from ${first}`;
  console.log(`${seeds}: ${count * steps} steps in ${seconds} s, all promises kept`);
}

/** Runs the seed once more, to tell how it came to its end. */
function report(outcome: Outcome, steps: number): void {
  const { seed, failure, fingerprint } = outcome;
  const clientId = failure?.clientId;
  const story: string[] = [];
  runSeed(seed, steps, {
    tell: (teller, text, now) => {
      const concerns = clientId === undefined || teller === clientId || teller === 'broker';
      if (concerns) story.push(lineOf(teller, text, now));
    },
  });
  console.log(`${explain(outcome)}\nfingerprint ${fingerprint}; what happened before:`);
  console.log(story.slice(-storyLinesMax).join('\n'));
  console.log(`again: npm run sim -- --seed ${seed} --steps ${steps}`);
  process.exitCode = 1;
}

/** The table of docs/simulation.md. */
function tabulateFaults(): void {
  console.log('| A broker that | breaks the promise | seed | step |\n|---|---|---|---|');
  for (const fault of faults) {
    const found = findFault(fault);
    const promise = found === undefined ? 'is not found' : `\`${found.failure!.promise}\``;
    console.log(`| ${fault.name} | ${promise} | ${found?.seed ?? '—'} | ${found?.steps ?? '—'} |`);
    if (found === undefined) process.exitCode = 1;
  }
  console.log(
    `\nLooked for in seeds 1 to ${faultSeedsMax}, 100 steps each and the end of the run.`,
  );
}

function print(clientId: string, text: string, now: number): void {
  console.log(lineOf(clientId, text, now));
}

function lineOf(teller: string, text: string, now: number): string {
  return `  ${(now / 1000).toFixed(3)} ${teller}: ${text}`;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${name} '${text}' is not a whole number, as in --${name} 7`);
  process.exit(2);
}
