/** Work that takes its time leaves turns of the event loop to others. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Pace } from './pace.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('begins so many pieces of work in a turn, in their order', async () => {
  const pace = new Pace(2);
  const begun: number[] = [];
  for (let i = 0; i < 5; i++) pace.start(() => begun.push(i));
  assert.equal(begun.length, 0);
  await turn();
  assert.deepEqual(begun, [0, 1]);
  await turn();
  pace.start(() => begun.push(5));
  assert.deepEqual(begun, [0, 1, 2, 3]);
  await turn();
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5]);
});
