/** The sketch of changed filters: it never misses one that matches, and rarely errs otherwise. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FilterChanges } from './filter-changes.ts';
import { matches } from './topic-filter.ts';

// Longer than the levels that are told apart, with literals on both sides of that.
const level = fc.constantFrom('', 'a', 'b', '$a');
const topic = fc.array(level, { minLength: 1, maxLength: 11 }).map((levels) => levels.join('/'));
/** What the topic matches, and what it would but for a level. */
const filter = fc
  .tuple(topic, fc.array(fc.nat(10)), fc.option(fc.nat(11)))
  .map(([name, singles, multi]) => {
    const levels = name.split('/');
    for (const at of singles) if (at < levels.length) levels[at] = '+';
    if (multi !== null) levels.splice(multi, levels.length, '#');
    return levels.join('/');
  });

describe('FilterChanges', () => {
  it('never misses a change of a filter that matches', () => {
    fc.assert(
      fc.property(topic, fc.array(filter, { maxLength: 20 }), (name, filters) => {
        const changes = new FilterChanges();
        const since: number[] = [];
        for (const text of filters) {
          since.push(changes.now);
          if (text.includes('+') || text.includes('#')) changes.note(text);
        }
        for (const [at, then] of since.entries()) {
          const later = filters.slice(at).filter((text) => /[+#]/.test(text));
          if (!later.some((text) => matches(text, name))) continue;
          assert.ok(changes.mayMatch(name, then), `${name} after ${later.join(' ')}`);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells topics apart by the first literal level behind the wildcards', () => {
    for (const [filter, name] of [
      ['+/x/c', 'a/b/c'],
      ['+/+/x', 'a/b/c'],
      ['a/+/x/#', 'a/b/c'],
      ['a/+', 'a/b/c'],
      ['a/b/c/+', 'a/b/c'],
      ['a/x/#', 'a/b/c'],
      ['+/+/#', '$SYS/b/c'],
    ]) {
      const changes = new FilterChanges();
      changes.note(filter);
      assert.equal(changes.mayMatch(name, 0), false, filter);
    }
  });

  it('takes few topics for changed when a fleet of clients subscribes, each its own', () => {
    const changes = new FilterChanges();
    for (let id = 0; id < 1000; id++) changes.note(`fleet/berlin/device-${id}/+/state`);
    const topics = Array.from({ length: 1000 }, (_, id) => `fleet/berlin/sensor-${id}/a/state`);
    const wrong = topics.filter((name) => changes.mayMatch(name, 0));
    assert.equal(topics.filter((name) => changes.mayMatch(name, changes.now)).length, 0);
    // `state` stands at the same place in all of them, but behind other levels.
    assert.ok(wrong.length < 80, `${wrong.length} of 1000`);
  });
});
