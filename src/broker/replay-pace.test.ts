/** What all searches for retained messages take of one turn together. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turn } from '../session/turn.ts';
import { ReplayPace } from './replay-pace.ts';

/**
 * Replays that have so many steps to take; their names are written down as they go on.
 *
 * @param stepMilliseconds how long each step takes
 */
function paceOf(needs: Record<string, number>, stepMilliseconds: () => number = () => 0) {
  let flush: (() => void) | undefined;
  const pace = new ReplayPace(
    new Turn((call) => {
      flush = call;
    }),
  );
  const went: string[] = [];
  let taken = 0;
  for (const [name, steps] of Object.entries(needs)) {
    let left = steps;
    const replay = {
      goOn(): void {
        const now = Math.min(pace.allowance, left);
        went.push(name);
        left -= now;
        taken += now;
        pace.took(now, now * stepMilliseconds());
        if (left > 0) pace.wait(replay);
      },
    };
    pace.wait(replay);
  }
  /** What a turn brings; undefined: nobody has asked for one. */
  const turn = () => {
    const call = flush;
    flush = undefined;
    taken = 0;
    call?.();
    return call && { taken, went: went.splice(0).join('') };
  };
  return { pace, turn };
}

/** The same after a search whose steps took no time. */
function pacedAlready(needs: Record<string, number>) {
  const paced = paceOf(needs);
  for (let slice = 0; slice < 3; slice++) paced.pace.took(256, 0);
  return paced;
}

describe('ReplayPace', () => {
  it('lets a lone replay take a whole turn', () => {
    const { turn } = pacedAlready({ a: 1600 });
    assert.deepEqual(turn(), { taken: 1024, went: 'aaaa' });
    assert.deepEqual(turn(), { taken: 576, went: 'aaa' });
    assert.equal(turn(), undefined);
  });

  it('begins with few steps at a time', () => {
    const { turn } = paceOf({ a: 1024 });
    // 32, 64, 128, three times 256, and the rest.
    assert.deepEqual(turn(), { taken: 1024, went: 'aaaaaaa' });
  });

  it('gives a turn two milliseconds, and a little more where steps take long', () => {
    let milliseconds = 0.014;
    const { turn } = paceOf({ a: 3000 }, () => milliseconds);
    assert.equal(turn()?.taken, 32 * 5);
    milliseconds = 0.002;
    assert.equal(turn()?.taken, 1024);
    assert.equal(turn()?.taken, 1024);
    milliseconds = 0.02;
    assert.equal(turn()?.taken, 128);
    assert.equal(turn()?.taken, 64 + 32 + 32);
  });

  it('lets many take turns, and no more in all than one', () => {
    const { turn } = pacedAlready({ a: 300, b: 300, c: 100, d: 600 });
    assert.deepEqual(turn(), { taken: 1024, went: 'abcdabd' });
    assert.deepEqual(turn(), { taken: 276, went: 'dd' });
    assert.equal(turn(), undefined);
  });

  it('goes on where it has stopped when there are more than one turn has room for', () => {
    const { turn } = pacedAlready(Object.fromEntries([...'abcdefghij'].map((name) => [name, 512])));
    const turns = ['abcd', 'efgh', 'ijab', 'cdef', 'ghij'];
    for (const went of turns) assert.deepEqual(turn(), { taken: 1024, went });
    assert.equal(turn(), undefined);
  });

  it('counts what is taken before the turn ends', () => {
    const { pace } = paceOf({});
    assert.equal(pace.allowance, 32);
    pace.took(976, 0.2);
    assert.equal(pace.allowance, 48);
    pace.took(48, 0.1);
    assert.equal(pace.allowance, 0);
    const { pace: slow } = paceOf({});
    assert.equal(slow.allowance, 32);
    slow.took(32, 2);
    assert.equal(slow.allowance, 0);
  });

  it('counts what packets have had it take when the turn ends, and the next turn anew', () => {
    let milliseconds = 0;
    const { pace, turn } = paceOf({ a: 3000 }, () => milliseconds);
    for (let slice = 0; slice < 3; slice++) pace.took(256, 0);
    assert.equal(pace.allowance, 256);
    pace.took(256, 0);
    assert.deepEqual(turn(), { taken: 768, went: 'aaa' });
    assert.deepEqual(turn(), { taken: 1024, went: 'aaaa' });
    assert.equal(pace.allowance, 256);
    pace.took(256, 1.9);
    milliseconds = 0.001;
    assert.equal(turn()?.taken, 128);
    assert.equal(turn()?.taken, 1024);
  });
});
