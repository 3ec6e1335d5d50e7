/** Averages of load. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LoadAverages } from './load-averages.ts';

it('comes to the rate per minute, sooner for the shorter span', () => {
  const loads = new LoadAverages(['messages']);
  let count = 0;
  let averages = loads.update('messages', count, 10);
  for (let i = 0; i < 6; i++) {
    count += 100;
    averages = loads.update('messages', count, 10);
  }
  const { '1min': one, '5min': five, '15min': fifteen } = averages;
  assert.ok(one > 370 && one < 390, `a minute at 600 per minute gives ${one}, 63 % of it`);
  assert.ok(one > five && five > fifteen && fifteen > 0);
});

it('changes nothing when no time has passed', () => {
  const loads = new LoadAverages(['messages']);
  assert.deepEqual(loads.update('messages', 1000, 0), { '1min': 0, '5min': 0, '15min': 0 });
});
