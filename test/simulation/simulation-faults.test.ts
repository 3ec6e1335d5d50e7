/** Shows that the simulation bites: it finds every fault that is planted. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { faults } from './faults.ts';
import { faultSeedsMax, findFault } from './find-fault.ts';
import { runSeed } from './run-seed.ts';

describe('the simulation finds a broker that', () => {
  for (const fault of faults) {
    it(fault.name, () => {
      assert.ok(findFault(fault), `all promises are kept in ${faultSeedsMax} seeds`);
    });
  }
});

it('docs/simulation.md has every fault', () => {
  const page = readFileSync('docs/simulation.md', 'utf8');
  assert.deepEqual(
    faults.filter(({ name }) => !page.includes(`| ${name} |`)),
    [],
  );
});

it('faults leave no trace once they are found', () => {
  assert.equal(runSeed(1, 100).failure, undefined);
});
