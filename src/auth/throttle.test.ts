/** How long those wait who give wrong passwords. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Throttle } from './throttle.ts';

/** The delays of answers of which all are failures, one right after the other. */
function delays(count: number, throttle = new Throttle(), source = 'a', now = 0): number[] {
  return Array.from({ length: count }, () => {
    const delay = throttle.delay(source, now);
    throttle.failed(source, now);
    return delay;
  });
}

describe('a source of wrong passwords', () => {
  it('waits from the fifth on, twice as long each time, and at most ten seconds', () => {
    assert.deepEqual(delays(10), [0, 0, 0, 0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('never waits longer, however many it gives', () => {
    const throttle = new Throttle();
    delays(5000, throttle);
    assert.equal(throttle.delay('a', 0), 10_000);
  });

  it('begins anew with a right one', () => {
    const throttle = new Throttle();
    delays(8, throttle);
    throttle.succeeded('a');
    assert.deepEqual(delays(5, throttle), [0, 0, 0, 0, 1000]);
  });

  it('begins anew a minute after the last', () => {
    const throttle = new Throttle();
    delays(8, throttle);
    assert.equal(throttle.delay('a', 60_000), 10_000);
    assert.equal(throttle.delay('a', 60_001), 0);
    assert.deepEqual(delays(2, throttle, 'a', 60_001), [0, 0]);
  });

  it('makes nobody else wait', () => {
    const throttle = new Throttle();
    delays(8, throttle);
    assert.equal(throttle.delay('b', 0), 0);
  });
});

it('a throttle forgets the source that has been quiet the longest when it has too many', () => {
  const throttle = new Throttle({ sourcesMax: 2 });
  for (const source of ['a', 'b', 'a', 'c']) delays(4, throttle, source);
  assert.deepEqual(
    ['a', 'b', 'c'].map((source) => throttle.delay(source, 0)),
    [10_000, 0, 1000],
  );
});
