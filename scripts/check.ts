/** Runs every check that a change must pass, the quick ones first; CI runs this and nothing else. */

import { spawnSync } from 'node:child_process';
import process from 'node:process';

interface Check {
  readonly name: string;
  /** What this Node runs, with its arguments. */
  readonly command: readonly string[];
  readonly remedy: string;
}

const tsc = 'node_modules/typescript/bin/tsc';
const checks: readonly Check[] = [
  {
    name: 'format and lint',
    command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
    remedy: 'npm run format mends what needs no thought',
  },
  {
    name: 'types',
    command: [tsc, '-p', 'tsconfig.json'],
    remedy: 'the compiler says above where and why',
  },
  {
    name: 'types of the pure rooms',
    command: [tsc, '-p', 'tsconfig.pure.json'],
    remedy: 'these rooms know neither Node nor a browser: what they need comes in through a port',
  },
  {
    name: 'types of what runs in browsers',
    command: [tsc, '-p', 'tsconfig.browser.json'],
    remedy: 'there is no Node in a browser: see src/browser',
  },
  {
    name: 'architecture',
    command: ['scripts/test.ts', 'test/architecture.test.ts'],
    remedy: 'test/architecture.test.ts holds the table of who may import what',
  },
  {
    name: 'dead code',
    command: ['node_modules/knip/bin/knip.js'],
    remedy: 'delete what nothing uses, or stop exporting it',
  },
  {
    name: 'budgets',
    command: ['bench/micro/run.ts'],
    remedy: 'what is marked costs more than it may: bench/README.md tells of budgets',
  },
  {
    name: 'tests',
    command: ['scripts/test.ts'],
    remedy: 'npm test -- FILE runs one file',
  },
];

for (const { name, command, remedy } of checks) {
  console.log(`── ${name}`);
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (status !== 0) {
    console.log(`✖ ${name} failed after ${seconds} s: ${remedy}`);
    process.exit(1);
  }
  console.log(`✔ ${name}: ${seconds} s`);
}
