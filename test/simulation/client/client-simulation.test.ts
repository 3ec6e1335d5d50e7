/** The simulation of clients as a test: many short runs, and faults that it has to find. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { explain } from '../run-seed.ts';
import { clientFaults } from './client-faults.ts';
import {
  clientFaultSeedsMax,
  clientStepsDefault,
  findClientFault,
  runClientSeed,
} from './run-client-seed.ts';

describe('clients keep their promises', () => {
  it('in 6,000 steps over 100 seeds', async () => {
    for (let seed = 1; seed <= 100; seed++) await check(seed, clientStepsDefault);
  });

  it('in a long run', async () => {
    await check(2001, 600);
  });
});

describe('a simulated run of clients', () => {
  it('is the same when its seed is, and another when that is', async () => {
    const fingerprints: string[] = [];
    for (const seed of [1, 2, 1, 2]) {
      fingerprints.push((await runClientSeed(seed, clientStepsDefault)).fingerprint);
    }
    assert.deepEqual(fingerprints.slice(0, 2), fingerprints.slice(2));
    assert.notEqual(fingerprints[0], fingerprints[1]);
  });

  it('meets all that may happen', async () => {
    const told = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      await runClientSeed(seed, clientStepsDefault, (_teller, text) => told.add(kindOf(text)));
    }
    const expected = [
      'publishes',
      'gets',
      'gets again',
      'subscribes',
      'unsubscribes',
      'fails: session lost',
      'fails: dropped',
      'dies',
      'is connected, session new',
      'is connected, session present',
      'it crashes',
      'it crashes, and its store is lost',
      'disconnects',
    ];
    assert.deepEqual(
      expected.filter((each) => !told.has(each)),
      [],
    );
  });
});

describe('the simulation finds a client that', () => {
  for (const fault of clientFaults) {
    it(fault.name, async () => {
      const found = await findClientFault(fault);
      assert.ok(found, `all promises are kept in ${clientFaultSeedsMax} seeds`);
    });
  }

  it('is in docs/simulation.md, every one', () => {
    const page = readFileSync('docs/simulation.md', 'utf8');
    const missing = clientFaults.filter(({ name }) => !page.includes(`| ${name} |`));
    assert.deepEqual(missing, []);
  });

  it('is whole again afterwards', () => check(1, clientStepsDefault));
});

async function check(seed: number, steps: number): Promise<void> {
  const outcome = await runClientSeed(seed, steps);
  const again = `again: npm run sim -- --of clients --seed ${seed} --steps ${steps}`;
  if (outcome.failure !== undefined) assert.fail(`${explain(outcome)}\n${again}`);
}

/** What a line of the story is about, without its particulars. */
function kindOf(text: string): string {
  if (text.endsWith(', again')) return 'gets again';
  if (/ fails: .*lost the session/.test(text)) return 'fails: session lost';
  if (/ fails: .*not sent/.test(text)) return 'fails: dropped';
  return /^(publishes|gets|subscribes|unsubscribes) /.exec(text)?.[1] ?? text;
}
