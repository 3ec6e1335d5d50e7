/** An acknowledged message is never lost, at whatever moment the broker is killed. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { type CrashOptions, crashRun } from './crash-run.ts';
import { explain } from './figures.ts';

describe('a broker with a store', () => {
  it('keeps its promises through SIGKILL at any moment', () => survives({ kills: 20 }));

  it('keeps them when it is paused or asked to stop as well', () =>
    survives({ kills: 10, signal: 'MIX' }));

  it('keeps them through SIGKILL with durability os', () =>
    survives({ kills: 8, durability: 'os' }));
});

/** Chance is new each time; the machine would not play the same run twice anyway. */
async function survives(options: Partial<CrashOptions>): Promise<void> {
  const outcome = await crashRun({ ...options, seed: randomInt(2 ** 31) });
  assert.equal(outcome.failures.length, 0, explain(outcome));
}
