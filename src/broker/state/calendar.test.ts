/** Dates, and numbers that nobody has had. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Calendar } from './calendar.ts';
import { Numbers } from './numbers.ts';

describe('Calendar', () => {
  it('has a time of one process come at the same date in another', () => {
    const before = new Calendar({ now: () => 10_000 }, () => 1_000_000);
    const after = new Calendar({ now: () => 50 }, () => 1_000_700);
    const date = before.dateOf(10_500);
    assert.equal(date, 1_000_500);
    assert.equal(after.clockOf(date), -150, 'it is past');
  });

  it('knows whole milliseconds, and 0 for no date at all', () => {
    const calendar = new Calendar({ now: () => 0.25 }, () => 1000.5);
    assert.equal(calendar.dateOf(0.5), 1001);
    assert.equal(calendar.dateOf(-1e6), 1);
  });

  it('goes with a date that is set anew', () => {
    let date = 1000;
    const calendar = new Calendar({ now: () => 0 }, () => date);
    assert.equal(calendar.clockOf(5000), 4000);
    date = 2000;
    assert.equal(calendar.clockOf(5000), 3000);
  });
});

describe('Numbers', () => {
  it('are those that no record has had, behind all that are in use', () => {
    const numbers = new Numbers();
    assert.equal(numbers.next(), 1);
    numbers.pass(7);
    numbers.pass(3);
    assert.deepEqual([numbers.next(), numbers.next()], [8, 9]);
    assert.equal(new Numbers(41).next(), 42);
  });
});
