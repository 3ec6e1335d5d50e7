/** Ends of connections, when they are many. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Ends } from './ends.ts';

function setUp(count: number) {
  const told: number[] = [];
  const ends = new Ends();
  for (let i = 0; i < count; i++) ends.add({ hangUp: () => told.push(i) });
  return { told, ends };
}

describe('the ends of connections', () => {
  it('are told at once where they are few', () => {
    const { told } = setUp(3);
    assert.deepEqual(told, [0, 1, 2]);
  });

  it('are spread over turns where they are many, in their order', async () => {
    const { told } = setUp(1000);
    const counts: number[] = [];
    while (told.length < 1000) {
      counts.push(told.length);
      await turn();
    }
    assert.ok(counts.length > 10);
    assert.deepEqual(
      told,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  });

  it('come in their order also while others wait', async () => {
    const { told, ends } = setUp(100);
    await turn();
    ends.add({ hangUp: () => told.push(100) });
    while (told.length <= 100) await turn();
    assert.deepEqual(told.slice(-2), [99, 100]);
  });

  it('are all told when somebody waits for their place', () => {
    const { told, ends } = setUp(1000);
    assert.ok(told.length < 1000);
    ends.flush();
    assert.equal(told.length, 1000);
  });
});
