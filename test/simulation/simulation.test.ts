/** The simulation as a test: many short runs, some long ones, and those that once failed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DisconnectCause } from '../../src/broker/ports.ts';
import type { DropCause } from '../../src/session/delivery.ts';
import { keptSeeds } from './kept-seeds.ts';
import { explain, runSeed } from './run-seed.ts';
import { steps } from './steps.ts';

/** Those that well-behaved clients of a healthy broker can meet. */
const dropCauses: readonly DropCause[] = [
  'queue full',
  'expired',
  'slow receiver',
  'offline',
  'packet too large',
  'session ended',
  'not stored',
];
const disconnectCauses: readonly DisconnectCause[] = [
  'disconnect',
  'connection lost',
  'keep-alive timeout',
  'session taken over',
  'server shutting down',
];

describe('the broker keeps its promises', () => {
  it('in 100,000 steps over 1,000 seeds', () => {
    for (let seed = 1; seed <= 1000; seed++) check(seed, 100);
  });

  it('in long runs', () => {
    for (let seed = 2001; seed <= 2010; seed++) check(seed, 2000);
  });

  for (const { seed, steps, showed } of keptSeeds) {
    it(`in seed ${seed}, which has shown ${showed}`, () => check(seed, steps));
  }
});

describe('a simulated run', () => {
  it('is the same, byte for byte, when its seed is', () => {
    for (const seed of [1, 2, 3]) {
      assert.equal(runSeed(seed, 300).fingerprint, runSeed(seed, 300).fingerprint);
    }
  });

  it('is another when its seed is another', () => {
    const fingerprints = [1, 2, 3, 4, 5].map((seed) => runSeed(seed, 100).fingerprint);
    assert.equal(new Set(fingerprints).size, 5);
  });

  it('crashes in most runs that have a disk', () => {
    let withDisk = 0;
    let withCrash = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const told = new Set<string>();
      runSeed(seed, 100, { tell: (teller, text) => teller === 'broker' && told.add(text) });
      // At its end a broker is always restarted.
      if (told.size > 0) withDisk++;
      if (told.has('it crashes')) withCrash++;
    }
    assert.ok(withDisk >= 25 && withDisk < 50, `${withDisk} of 50 runs have a disk`);
    assert.ok(withCrash > withDisk * 0.7, `${withCrash} of ${withDisk} crash`);
  });

  it('meets every step, every cause of a drop and every end of a connection', () => {
    const told = new Set<string>();
    for (let seed = 1; seed <= 50; seed++) {
      runSeed(seed, 100, { tell: (_clientId, text) => told.add(kindOf(text)) });
    }
    const expected = [
      ...steps.map(({ name }) => name),
      ...dropCauses.map((cause) => `drops: ${cause}`),
      ...disconnectCauses.map((cause) => `ends: ${cause}`),
    ];
    assert.deepEqual(
      expected.filter((each) => !told.has(each)),
      [],
    );
  });
});

function check(seed: number, steps: number): void {
  const outcome = runSeed(seed, steps);
  const again = `again: npm run sim -- --seed ${seed} --steps ${steps}`;
  if (outcome.failure !== undefined) assert.fail(`${explain(outcome)}\n${again}`);
}

/** What a line of the story is about, without its particulars. */
function kindOf(text: string): string {
  return text
    .replace(/^the broker drops .*: /, 'drops: ')
    .replace(/^the broker ends its connection: ([^,]*),.*/, 'ends: $1');
}
