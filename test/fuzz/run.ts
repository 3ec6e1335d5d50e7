/** Runs the fuzz targets: `node test/fuzz/run.ts [--seconds N] [--seed N] [name]`. */

import { randomInt } from 'node:crypto';
import { globSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { FuzzTarget } from './fuzz-target.ts';

const secondsDefault = 10;
const folder = import.meta.dirname;

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const seconds = numberFrom(values.seconds) ?? secondsDefault;
const seed = numberFrom(values.seed) ?? randomInt(2 ** 31);
const [name] = positionals;

const targets = await findTargets();
const chosen = targets.filter((target) => name === undefined || target.name === name);
if (chosen.length === 0) {
  const names = targets.map((target) => target.name).join(', ');
  console.error(`no fuzz target is called "${name}", there are ${names}`);
  process.exitCode = 2;
}
for (const target of chosen) {
  if (!(await runTarget(target))) process.exitCode = 1;
}

/** Resolves with false when there was a finding. */
async function runTarget(target: FuzzTarget): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  try {
    const iterations = await target.run(seed, () => Date.now() >= end);
    console.log(`${target.name}: ${iterations} iterations without a finding, seed ${seed}`);
    return true;
  } catch (error) {
    console.error(`${target.name}: a finding, seed ${seed}`);
    console.error(error);
    return false;
  }
}

async function findTargets(): Promise<FuzzTarget[]> {
  const files = globSync('*.fuzz.ts', { cwd: folder }).sort();
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(`${folder}/${file}`).href)),
  );
  return modules.flatMap((module) => Object.values(module)).filter(isTarget);
}

function isTarget(value: unknown): value is FuzzTarget {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}

function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`"${text}" is no number, wanted is a whole number like 7`);
}
