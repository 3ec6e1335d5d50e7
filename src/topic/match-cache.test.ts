/** The match cache: never a stale result, no more forgotten than needed, never beyond its bound. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MatchCache } from './match-cache.ts';
import { matches } from './topic-filter.ts';

const level = fc.constantFrom('', 'a', 'b', '$a');
const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
const filter = fc.oneof(
  topic,
  fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 3 }), fc.constantFrom('#', '+'))
    .map(([levels, end]) => [...levels, end].join('/')),
);
const step = fc.oneof(
  { weight: 3, arbitrary: topic.map((name) => ({ type: 'publish', text: name })) },
  { weight: 1, arbitrary: filter.map((text) => ({ type: 'subscribe', text })) },
);

function cacheOf(entriesMax: number, topics: string[]): MatchCache<string> {
  const cache = new MatchCache<string>(entriesMax);
  for (const topic of topics) cache.set(topic, topic);
  return cache;
}

function check({
  topics,
  filter,
  left,
}: {
  topics: string[];
  filter: string;
  left: string[];
}): void {
  // With room for just twice the topics, all of them are in the old generation.
  for (const entriesMax of [100, 2 * topics.length]) {
    const cache = cacheOf(entriesMax, topics);
    cache.invalidate(filter);
    const kept = topics.filter((topic) => cache.get(topic) !== undefined);
    assert.deepEqual(kept, left, filter);
  }
}

describe('MatchCache', () => {
  it('never returns a result that a subscription has changed since', () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.array(step, { maxLength: 200, size: 'max' }),
        (entriesMax, steps) => {
          const cache = new MatchCache<string[]>(entriesMax);
          const filters = new Set<string>();
          for (const { type, text } of steps) {
            if (type === 'subscribe') {
              if (!filters.delete(text)) filters.add(text);
              cache.invalidate(text);
              continue;
            }
            const result = [...filters].filter((filter) => matches(filter, text));
            const cached = cache.get(text);
            if (cached === undefined) cache.set(text, result);
            else assert.deepEqual(new Set(cached), new Set(result), text);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('counts large results for what they are, and keeps none for very long topics', () => {
    const cache = new MatchCache<string>(20, (result) => result.length);
    const long = 'x'.repeat(257);
    for (const topic of ['a', 'bbbbb', 'ccccccccccc', long]) cache.set(topic, topic);
    assert.deepEqual(
      ['a', 'bbbbb', 'ccccccccccc', long].map((topic) => cache.get(topic) !== undefined),
      [true, true, false, false],
    );
    for (const topic of ['ddddd', 'eeeee', 'fffff', 'ggggg']) cache.set(topic, topic);
    assert.deepEqual([cache.get('a'), cache.get('bbbbb')], [undefined, undefined]);
    assert.equal(cache.get('ggggg'), 'ggggg');
  });

  it('forgets no more than a changed filter may match', () => {
    const topics = ['a', 'a/b', 'a/b/c', 'b/b', '$SYS/b', '/b'];
    check({ topics, filter: 'a/b', left: ['a', 'a/b/c', 'b/b', '$SYS/b', '/b'] });
    check({ topics, filter: 'a/x', left: topics });
    check({ topics, filter: 'x', left: topics });
    check({ topics, filter: 'a/+', left: ['a', 'a/b/c', 'b/b', '$SYS/b', '/b'] });
    check({ topics, filter: 'a/#', left: ['b/b', '$SYS/b', '/b'] });
    check({ topics, filter: 'a/x/#', left: topics });
    check({ topics, filter: 'a/+/x', left: topics });
    check({ topics, filter: '$SYS/#', left: ['a', 'a/b', 'a/b/c', 'b/b', '/b'] });
    check({ topics, filter: '/#', left: ['a', 'a/b', 'a/b/c', 'b/b', '$SYS/b'] });
    check({ topics, filter: 'x/#', left: topics });
    check({ topics, filter: '+/b', left: ['a', '$SYS/b'] });
    check({ topics, filter: '+/x', left: topics });
    check({ topics, filter: '+/+', left: ['a', 'a/b/c', '$SYS/b'] });
    check({ topics, filter: '#', left: ['$SYS/b'] });
  });

  it('forgets everything when it is told to', () => {
    const cache = cacheOf(100, ['a', '$SYS/b']);
    cache.clear();
    assert.deepEqual([cache.get('a'), cache.get('$SYS/b')], [undefined, undefined]);
  });

  it('forgets what nobody asks for while very many other filters change', () => {
    const cache = cacheOf(100, ['a/b', 'a/used']);
    for (let id = 0; id < 40_000; id++) {
      cache.invalidate('b/c/#');
      assert.equal(cache.get('a/used'), 'a/used');
    }
    assert.equal(cache.get('a/b'), undefined);
  });

  it('does not count what it has replaced', () => {
    const cache = cacheOf(20, ['a/b', 'a/c']);
    for (let id = 0; id < 100; id++) {
      cache.invalidate('a/+');
      cache.set('a/b', 'again');
    }
    cache.set('a/c', 'a/c');
    for (let id = 0; id < 7; id++) cache.set(`b/${id}`, 'another');
    assert.equal(cache.get('a/b'), 'again');
  });

  it('caches again what it has forgotten', () => {
    for (const filter of ['a/b', 'a/+', '#']) {
      const cache = cacheOf(100, ['a/b']);
      cache.invalidate(filter);
      cache.set('a/b', 'again');
      assert.equal(cache.get('a/b'), 'again');
      cache.invalidate(filter);
      assert.equal(cache.get('a/b'), undefined);
    }
  });

  it('never holds more than its bound, and keeps what came last', () => {
    for (const entriesMax of [0, 1, 2, 3, 10, 101]) {
      const topics = Array.from({ length: 1_000 }, (_, id) => `a/${id}`);
      const cache = cacheOf(entriesMax, topics);
      const kept = topics.filter((topic) => cache.get(topic) !== undefined);
      assert.ok(kept.length <= entriesMax, `${kept.length} of ${entriesMax}`);
      if (entriesMax > 1) assert.equal(cacheOf(entriesMax, topics).get('a/999'), 'a/999');
    }
  });

  it('keeps a topic in use while a flood of others passes', () => {
    const cache = cacheOf(10, ['a/used']);
    for (let id = 0; id < 1_000; id += 1) {
      cache.set(`a/${id}`, 'flood');
      assert.equal(cache.get('a/used'), 'a/used');
    }
  });
});
