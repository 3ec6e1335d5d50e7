/**
 * Runs the simulation: `run.ts [--seed N] [--seeds COUNT] [--steps N] [--verbose]`. It prints one
 * line for all seeds that keep the promises, and the story of the first that does not.
 */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { promises } from './broken-promise.ts';
import { type Outcome, runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    steps: { type: 'string', default: '100' },
    verbose: { type: 'boolean', default: false },
  },
});

const seedFirst = wholeNumber('seed', values.seed);
// One seed is asked for to see what happens in it.
const seedCount = wholeNumber(
  'seeds',
  values.seeds ?? (process.argv.includes('--seed') ? '1' : '1000'),
);
const steps = wholeNumber('steps', values.steps);
const storyLinesMax = 40;

const startedAt = performance.now();
for (let seed = seedFirst; seed < seedFirst + seedCount; seed++) {
  const outcome = runSeed(seed, steps, values.verbose ? { tell: print } : {});
  if (outcome.failure !== undefined) {
    report(outcome);
    process.exit(1);
  }
  if (seedCount === 1 || values.verbose) {
    console.log(`seed ${seed}: ${steps} steps, fingerprint ${outcome.fingerprint}`);
  }
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  `${seedCount} seeds from ${seedFirst}, ${seedCount * steps} steps: all promises kept, ${seconds} s`,
);

/** Runs the seed once more, to tell its end. */
function report({ seed, steps: taken, failure, fingerprint }: Outcome): void {
  const { promise, clientId, message } = failure!;
  const story: string[] = [];
  runSeed(seed, steps, {
    tell: (client, text) => {
      if (clientId === undefined || client === clientId) story.push(`  ${client}: ${text}`);
    },
  });
  console.log(`seed ${seed}, step ${taken}, fingerprint ${fingerprint}: a promise is broken`);
  console.log(`  ${promise}: ${promises[promise]}`);
  console.log(`  ${clientId ?? 'broker'}: ${message}`);
  console.log(`what happened before:\n${story.slice(-storyLinesMax).join('\n')}`);
  console.log(`again: npm run sim -- --seed ${seed} --steps ${steps}`);
}

function print(clientId: string, text: string): void {
  console.log(`  ${clientId}: ${text}`);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${name} '${text}' is no whole number`);
  process.exit(2);
}
