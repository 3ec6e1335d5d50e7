/** Those who never finish are dropped, in time and in number. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { HalfOpen } from './half-open.ts';

describe('a half-open connection', () => {
  let now: number;
  let dropped: string[];
  const enter = (halfOpen: HalfOpen, name: string) =>
    halfOpen.enter((cause) => dropped.push(`${name} ${cause}`));
  const pass = (milliseconds: number) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };

  beforeEach(() => {
    now = 0;
    dropped = [];
    mock.timers.enable({ apis: ['setTimeout'] });
  });

  afterEach(() => mock.timers.reset());

  it('is dropped when its time is up, each at its own', () => {
    const halfOpen = new HalfOpen({ seconds: 10, max: 5, now: () => now });
    enter(halfOpen, 'a');
    pass(4000);
    enter(halfOpen, 'b');
    pass(5999);
    assert.deepEqual(dropped, []);
    pass(1);
    assert.deepEqual(dropped, ['a took too long']);
    pass(4000);
    assert.deepEqual(dropped, ['a took too long', 'b took too long']);
    assert.equal(halfOpen.size, 0);
  });

  it('has its whole time although the timer of an earlier one still runs', () => {
    const halfOpen = new HalfOpen({ seconds: 10, max: 5, now: () => now });
    enter(halfOpen, 'a')();
    pass(9000);
    enter(halfOpen, 'b');
    pass(9999);
    assert.deepEqual(dropped, []);
    pass(1);
    assert.deepEqual(dropped, ['b took too long']);
  });

  it('has to go when it is the oldest and there is one too many', () => {
    const halfOpen = new HalfOpen({ seconds: 10, max: 2, now: () => now });
    const leave = ['a', 'b', 'c'].map((name) => enter(halfOpen, name));
    assert.deepEqual(dropped, ['a crowded out']);
    leave[1]();
    enter(halfOpen, 'd');
    assert.deepEqual(dropped, ['a crowded out']);
    enter(halfOpen, 'e');
    assert.deepEqual(dropped, ['a crowded out', 'c crowded out']);
    assert.equal(halfOpen.size, 2);
  });

  it('is left alone once it has left, however often it says so', () => {
    const halfOpen = new HalfOpen({ seconds: 10, max: 2, now: () => now });
    const leave = enter(halfOpen, 'a');
    leave();
    leave();
    pass(20_000);
    assert.deepEqual(dropped, []);
    assert.equal(halfOpen.size, 0);
  });

  it('has to go when the listener ends, and so has one that comes after that', async () => {
    const ending = new AbortController();
    const { signal } = ending;
    const halfOpen = new HalfOpen({ seconds: 10, max: 5, signal, now: () => now });
    for (const name of ['a', 'b']) enter(halfOpen, name);
    ending.abort();
    assert.deepEqual(dropped, ['a listener ended', 'b listener ended']);
    enter(halfOpen, 'c');
    await Promise.resolve();
    assert.deepEqual(dropped.slice(2), ['c listener ended']);
    assert.equal(halfOpen.size, 0);
  });

  it('may leave, and others enter, while it is being dropped', () => {
    const halfOpen = new HalfOpen({ seconds: 10, max: 2, now: () => now });
    const leave = halfOpen.enter(() => {
      leave();
      enter(halfOpen, 'next');
    });
    pass(10_000);
    assert.equal(halfOpen.size, 1);
    pass(10_000);
    assert.deepEqual(dropped, ['next took too long']);
  });
});
