/** The crash test finds what it is there to find, and nothing where there is nothing. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { missingMosquitto } from './broker-process.ts';
import { type CrashOptions, type CrashOutcome, crashRun } from './crash-run.ts';
import { explain } from './figures.ts';

const killsMax = 60;

describe('the crash test', () => {
  it('finds a broker that acknowledges before it has written', async () => {
    const { failures, figures } = await run({ durability: 'none', kills: killsMax });
    assert.notEqual(failures.length, 0, `nothing was found to be lost in ${figures.kills} kills`);
  });

  it('finds a broker that keeps nothing', async () => {
    const { failures } = await run({ broker: 'memory', kills: 3 });
    assert.ok(failures.some(({ kind }) => kind === 'session lost'));
  });

  it('accuses nobody when only connections break', () => {
    return findsNothing({ broker: 'memory', signal: 'CUT', kills: 10 });
  });

  it(
    'accuses Mosquitto of no loss, as that saves when it stops',
    { skip: missingMosquitto() },
    () => findsNothing({ broker: 'mosquitto', signal: 'TERM', kills: 10 }),
  );
});

async function findsNothing(options: Partial<CrashOptions>): Promise<void> {
  const outcome = await run(options);
  assert.equal(outcome.failures.length, 0, explain(outcome));
}

function run(options: Partial<CrashOptions>): Promise<CrashOutcome> {
  return crashRun({ ...options, seed: randomInt(2 ** 31) });
}
