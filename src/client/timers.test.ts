/** Pauses on one timer of the host. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Timers } from './timers.ts';

function stage() {
  const host = { now: 0, asked: [] as number[] };
  const timers = new Timers({ now: () => host.now }, (at) => host.asked.push(at));
  const advance = (to: number) => {
    host.now = to;
    timers.wake(to);
  };
  return { host, timers, advance };
}

describe('timers', () => {
  it('are due in their order, and ask the host for the next time only', () => {
    const { host, timers, advance } = stage();
    const due: string[] = [];
    timers.timer(() => due.push('late')).set(20);
    timers.timer(() => due.push('early')).set(10);
    timers.timer(() => due.push('never')).clear();
    assert.deepEqual(host.asked, [20, 10]);
    advance(10);
    assert.deepEqual(due, ['early']);
    assert.equal(host.asked.at(-1), 20);
    advance(30);
    assert.deepEqual(due, ['early', 'late']);
  });

  it('can be moved and cleared', () => {
    const { timers, advance } = stage();
    let due = 0;
    const timer = timers.timer(() => due++);
    timer.set(10);
    timer.setAt(30);
    advance(20);
    assert.equal(due, 0);
    timer.clear();
    advance(40);
    assert.equal(due, 0);
  });

  it('sleep until their time, or until nobody waits', async () => {
    const { host, timers, advance } = stage();
    const controller = new AbortController();
    const woken: string[] = [];
    const sleep = (name: string, signal: AbortSignal) =>
      timers.sleep(10, signal).then(() => woken.push(`${name} ${host.now}`));
    const both = [sleep('a', new AbortController().signal), sleep('b', controller.signal)];
    host.now = 5;
    controller.abort();
    await both[1];
    advance(10);
    await Promise.all(both);
    await sleep('c', controller.signal);
    assert.deepEqual(woken, ['b 5', 'a 10', 'c 10']);
  });
});
