/** Pauses, on the timers of a platform. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Timers } from './timers.ts';

interface Call {
  readonly at: number;
  readonly call: () => void;
}

function stage() {
  const host = { now: 0, calls: new Set<Call>() };
  const timers = new Timers({
    clock: { now: () => host.now },
    after: (milliseconds, call) => {
      const asked = { at: host.now + milliseconds, call };
      host.calls.add(asked);
      return () => host.calls.delete(asked);
    },
  });
  /** @param early milliseconds before which calls come already */
  const advance = (to: number, early = 0) => {
    host.now = to;
    for (const asked of [...host.calls].sort((one, other) => one.at - other.at)) {
      if (asked.at <= to + early && host.calls.delete(asked)) asked.call();
    }
  };
  return { host, timers, advance };
}

describe('timers', () => {
  it('are due in their order', () => {
    const { timers, advance } = stage();
    const due: string[] = [];
    timers.timer(() => due.push('late')).set(20);
    timers.timer(() => due.push('early')).set(10);
    timers.timer(() => due.push('never')).clear();
    advance(10);
    assert.deepEqual(due, ['early']);
    advance(30);
    assert.deepEqual(due, ['early', 'late']);
  });

  it('wait on where they are called too early', () => {
    const { timers, advance } = stage();
    const due: number[] = [];
    timers.timer((now) => due.push(now)).set(10);
    advance(9, 1);
    assert.deepEqual(due, []);
    advance(10);
    assert.deepEqual(due, [10]);
  });

  it('are due no more when the client has ended', () => {
    const { host, timers, advance } = stage();
    let due = 0;
    const timer = timers.timer(() => due++);
    timer.set(10);
    timers.stop();
    timer.set(10);
    advance(20);
    assert.deepEqual([due, host.calls.size], [0, 0]);
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
