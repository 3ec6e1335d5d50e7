/** The filter index against the naive matcher and against hostile filters. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FilterIndex } from './filter-index.ts';
import { matches, topicSeparatorsMax } from './topic-filter.ts';

const level = fc.constantFrom('', 'a', 'b', '$a');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '/#'),
  )
  .map(([levels, end]) => levels.join('/') + end);
const pair = fc.record({ filter: fc.oneof(filter, fc.constant('#')), value: fc.nat(3) });
const change = fc.oneof(
  pair.map((added) => ({ type: 'add', ...added })),
  pair.map((removed) => ({ type: 'remove', ...removed })),
);

function matched<T>(index: FilterIndex<T>, name: string): T[] {
  const found: T[] = [];
  index.match(name, (value) => found.push(value));
  return found;
}

describe('FilterIndex', () => {
  it('finds what the naive matcher finds, after any adds and removes', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 80, size: 'max' }),
        fc.array(topic),
        (changes, topics) => {
          const index = new FilterIndex<number>();
          const pairs = new Map<string, { filter: string; value: number }>();
          for (const { type, filter, value } of changes) {
            const key = `${value} ${filter}`;
            if (type === 'add') {
              index.add(filter, value);
              pairs.set(key, { filter, value });
            } else {
              assert.equal(index.remove(filter, value), pairs.delete(key));
            }
            assert.equal(index.size, pairs.size);
          }
          for (const name of topics) {
            const expected = [...pairs.values()].filter((pair) => matches(pair.filter, name));
            assert.deepEqual(
              matched(index, name).sort(),
              expected.map((pair) => pair.value).sort(),
              name,
            );
          }
        },
      ),
    );
  });

  it('keeps a pair once, and visits a value once for each of its matching filters', () => {
    const index = new FilterIndex<string>();
    for (const filter of ['a/b', 'a/b', 'a/+', 'a/+', '#', 'a/b/#']) index.add(filter, 'x');
    assert.equal(index.size, 4);
    assert.deepEqual(matched(index, 'a/b'), ['x', 'x', 'x', 'x']);
  });

  it('tells the subscribers of one filter apart, whether few or many', () => {
    for (const filter of ['a/b', 'a/+']) {
      const index = new FilterIndex<number>();
      for (let value = 0; value < 100; value += 1) index.add(filter, value);
      for (let value = 0; value < 100; value += 2) assert.equal(index.remove(filter, value), true);
      assert.equal(index.remove(filter, 0), false);
      assert.deepEqual(
        matched(index, 'a/b'),
        Array.from({ length: 50 }, (_, at) => 2 * at + 1),
      );
    }
  });

  it('does not remove what is only on the way to another filter', () => {
    const index = new FilterIndex<string>();
    index.add('a/+/c', 'x');
    for (const filter of ['a', 'a/+', 'a/#', '+', 'a/+/c/#', 'a/+/c/d', 'a/+/+']) {
      assert.equal(index.remove(filter, 'x'), false, filter);
    }
    assert.equal(index.remove('a/+/c', 'y'), false);
    assert.deepEqual(matched(index, 'a/b/c'), ['x']);
  });

  it('lets the visitor unsubscribe those it visits', () => {
    const index = new FilterIndex<string>();
    const filters = ['a/b', 'a/+', '+/b', '#', 'a/b/#'];
    for (const filter of filters) for (const value of ['x', 'y']) index.add(filter, value);
    index.match('a/b', (value) => {
      for (const filter of filters) index.remove(filter, value);
    });
    assert.equal(index.size, 0);
    assert.deepEqual(matched(index, 'a/b'), []);
  });

  it('matches deep topics against filters that fork at every level', () => {
    const index = new FilterIndex<number>();
    const depth = topicSeparatorsMax + 1;
    for (let literals = 0; literals <= depth; literals += 1) {
      const levels = Array.from({ length: depth }, (_, at) => (at < literals ? 'a' : '+'));
      index.add(levels.join('/'), literals);
    }
    const deepest = 'a/'.repeat(topicSeparatorsMax);
    assert.equal(matched(index, `${deepest}a`).length, depth + 1);
    assert.equal(matched(index, `${deepest}b`).length, depth);
    assert.equal(matched(index, `${deepest}a/a`).length, 0);
  });

  it('visits each filter once where wildcards and literals combine in every way', () => {
    const index = new FilterIndex<number>();
    const depth = 12;
    for (let mask = 0; mask < 2 ** depth; mask += 1) {
      const levels = Array.from({ length: depth }, (_, at) => (mask & (1 << at) ? 'a' : '+'));
      index.add(levels.join('/'), mask);
    }
    const found = matched(index, `a${'/a'.repeat(depth - 1)}`);
    assert.equal(found.length, 2 ** depth);
    assert.equal(new Set(found).size, 2 ** depth);
  });

  it('survives a topic of 65,535 separators', () => {
    const index = new FilterIndex<string>();
    for (const filter of ['#', '/#', '+/+/#', `+${'/+'.repeat(topicSeparatorsMax)}`]) {
      index.add(filter, filter);
    }
    assert.deepEqual(matched(index, '/'.repeat(65_535)).sort(), ['#', '+/+/#', '/#']);
  });
});
