/** Tests the broker's one timer. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { NodeHost } from './node-host.ts';

describe('the timer of a host', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  /** A host whose clock stands at 1000, and how often it has called. */
  function hostAt1000() {
    const host = new NodeHost();
    let wakes = 0;
    host.clock.now = () => 1000;
    host.start(() => {
      wakes++;
    });
    return { host, wakes: () => wakes };
  }

  it('calls once, at its time and not before', () => {
    const { host, wakes } = hostAt1000();
    host.wakeAt(1500.2);
    mock.timers.tick(500);
    assert.equal(wakes(), 0);
    mock.timers.tick(1);
    assert.equal(wakes(), 1);
    mock.timers.tick(10_000);
    assert.equal(wakes(), 1);
  });

  it('forgets the time before the last', () => {
    const { host, wakes } = hostAt1000();
    host.wakeAt(1100);
    host.wakeAt(1200);
    mock.timers.tick(100);
    assert.equal(wakes(), 0);
    mock.timers.tick(100);
    assert.equal(wakes(), 1);
  });

  it('calls at once for a time that has passed', () => {
    const { host, wakes } = hostAt1000();
    host.wakeAt(1);
    mock.timers.tick(1);
    assert.equal(wakes(), 1);
  });

  it('does not call at once for a time further away than a timer reaches', () => {
    const { host, wakes } = hostAt1000();
    for (const at of [2 ** 40, Number.POSITIVE_INFINITY]) {
      host.wakeAt(at);
      mock.timers.tick(1_000_000);
      assert.equal(wakes(), 0);
    }
  });

  it('is silent once it is stopped', () => {
    const { host, wakes } = hostAt1000();
    host.wakeAt(1100);
    host.stop();
    mock.timers.tick(1000);
    assert.equal(wakes(), 0);
  });
});
