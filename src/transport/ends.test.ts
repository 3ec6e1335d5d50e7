/** Ends of connections, when they are many. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Ends } from './ends.ts';

/** Ends of which each takes so long. */
function setUp(count: number, milliseconds: number) {
  let now = 0;
  const told: number[] = [];
  const ends = new Ends(() => now);
  const add = (name: number) => {
    const hangUp = () => {
      now += milliseconds;
      told.push(name);
    };
    ends.add({ hangUp });
  };
  for (let i = 0; i < count; i++) add(i);
  return { told, ends, add };
}

describe('the ends of connections', () => {
  it('are told at once where they are few', () => {
    const { told } = setUp(3, 0.05);
    assert.deepEqual(told, [0, 1, 2]);
  });

  it('take a quarter of a millisecond of each turn where they are many, in their order', async () => {
    const { told } = setUp(100, 0.0625);
    const counts: number[] = [];
    while (told.length < 100) {
      counts.push(told.length);
      await turn();
    }
    assert.deepEqual(counts, Array.from({ length: 25 }, (_, i) => 4 * (i + 1)).slice(0, -1));
    assert.deepEqual(
      told,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('come one in a turn where each takes longer than that', async () => {
    const { told } = setUp(3, 2);
    assert.equal(told.length, 1);
    await turn();
    assert.equal(told.length, 2);
    await turn();
    assert.equal(told.length, 3);
  });

  it('come in their order also while others wait', async () => {
    const { told, add } = setUp(10, 0.125);
    await turn();
    add(10);
    while (told.length <= 10) await turn();
    assert.deepEqual(told.slice(-2), [9, 10]);
  });

  it('are all told when somebody waits for their place', () => {
    const { told, ends } = setUp(1000, 0.0625);
    assert.equal(told.length, 4);
    ends.flush();
    assert.equal(told.length, 1000);
  });
});
