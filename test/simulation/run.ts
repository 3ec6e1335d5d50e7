/**
 * Runs the simulations: `run.ts [--of broker|clients] [--seed N] [--seeds COUNT] [--steps N]
 * [--verbose]`; without `--of` both, one after the other. It prints a line when all promises are
 * kept, and the story of the first seed that breaks one. With `--faults` it plants one fault after
 * the other, and prints which seed finds it.
 */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { clientFaults } from './client/client-faults.ts';
import { clientFaultSeedsMax, findClientFault, runClientSeed } from './client/run-client-seed.ts';
import type { Fault } from './fault.ts';
import { faults } from './faults.ts';
import { faultSeedsMax, findFault } from './find-fault.ts';
import { explain, type Outcome, runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    of: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    steps: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
  },
});
const storyLinesMax = 40;

interface Kind {
  readonly name: string;
  readonly seeds: string;
  readonly steps: string;
  readonly run: (seed: number, steps: number, tell?: Tell) => Outcome | Promise<Outcome>;
  readonly faults: readonly Fault[];
  readonly faultSeedsMax: number;
  readonly find: (fault: Fault) => Outcome | undefined | Promise<Outcome | undefined>;
}

type Tell = (teller: string, text: string, now: number) => void;

const kinds: readonly Kind[] = [
  {
    name: 'broker',
    seeds: '1000',
    steps: '100',
    run: (seed, steps, tell) => runSeed(seed, steps, tell ? { tell } : {}),
    faults,
    faultSeedsMax,
    find: findFault,
  },
  {
    name: 'clients',
    seeds: '500',
    steps: '60',
    run: runClientSeed,
    faults: clientFaults,
    faultSeedsMax: clientFaultSeedsMax,
    find: findClientFault,
  },
];

const asked = kinds.filter(({ name }) => values.of === undefined || values.of === name);
if (asked.length === 0) {
  console.error(`--of '${values.of}' is neither broker nor clients`);
  process.exit(2);
}
for (const kind of asked) await (values.faults ? tabulateFaults(kind) : runSeeds(kind));

async function runSeeds(kind: Kind): Promise<void> {
  const first = wholeNumber('seed', values.seed ?? '1');
  // Whoever names a seed wants to see that one.
  const count = wholeNumber('seeds', values.seeds ?? (values.seed ? '1' : kind.seeds));
  const steps = wholeNumber('steps', values.steps ?? kind.steps);
  const startedAt = performance.now();
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await kind.run(seed, steps, values.verbose ? print : undefined);
    if (outcome.failure !== undefined) return report(kind, outcome, steps);
    if (count === 1 || values.verbose) {
      console.log(`seed ${seed}: ${steps} steps, fingerprint ${outcome.fingerprint}`);
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const seeds = count === 1 ? `seed ${first}` : `${count} seeds from ${first}`;
  console.log(`${kind.name}: ${seeds}, ${count * steps} steps in ${seconds} s, all promises kept`);
}

/** Runs the seed once more, to tell how it came to its end. */
async function report({ name, run }: Kind, outcome: Outcome, steps: number): Promise<void> {
  const { seed, failure, fingerprint } = outcome;
  const clientId = failure?.clientId;
  const story: string[] = [];
  await run(seed, steps, (teller, text, now) => {
    const concerns = clientId === undefined || teller === clientId || teller === 'broker';
    if (concerns) story.push(lineOf(teller, text, now));
  });
  console.log(`${explain(outcome)}\nfingerprint ${fingerprint}; what happened before:`);
  console.log(story.slice(-storyLinesMax).join('\n'));
  console.log(`again: npm run sim -- --of ${name} --seed ${seed} --steps ${steps}`);
  process.exitCode = 1;
}

/** The table of docs/simulation.md. */
async function tabulateFaults({ name, faults, faultSeedsMax, find }: Kind): Promise<void> {
  const who = name === 'broker' ? 'A broker that' : 'A client that';
  console.log(`| ${who} | breaks the promise | seed | step |\n|---|---|---|---|`);
  for (const fault of faults) {
    const found = await find(fault);
    const promise = found === undefined ? 'is not found' : `\`${found.failure!.promise}\``;
    console.log(`| ${fault.name} | ${promise} | ${found?.seed ?? '—'} | ${found?.steps ?? '—'} |`);
    if (found === undefined) process.exitCode = 1;
  }
  console.log(`\nLooked for in seeds 1 to ${faultSeedsMax}, and up to the end of each run.\n`);
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
