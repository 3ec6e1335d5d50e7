/** Tests how filters stand to each other, by the topics that they match. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { covers, overlaps } from './filter-overlap.ts';
import { matches } from './topic-filter.ts';

const cases: readonly [string, string, { overlap: boolean; covers: boolean }][] = [
  ['a/b', 'a/b', { overlap: true, covers: true }],
  ['a/b', 'a/c', { overlap: false, covers: false }],
  ['a/#', 'a', { overlap: true, covers: true }],
  ['a', 'a/#', { overlap: true, covers: false }],
  ['a/#', 'a/+/c', { overlap: true, covers: true }],
  ['+/b', 'a/+', { overlap: true, covers: false }],
  ['+/+', 'a/b', { overlap: true, covers: true }],
  ['+', 'a/b', { overlap: false, covers: false }],
  ['a/+', 'a/#', { overlap: true, covers: false }],
  ['#', '$SYS/#', { overlap: false, covers: false }],
  ['$SYS/#', '$SYS/a', { overlap: true, covers: true }],
  ['+/a', '$SYS/a', { overlap: false, covers: false }],
];

describe('filters', () => {
  for (const [one, other, { overlap, covers: isCovered }] of cases) {
    it(`${one} ${overlap ? 'and' : 'and not'} ${other}`, () => {
      assert.equal(overlaps(one, other), overlap);
      assert.equal(overlaps(other, one), overlap);
      assert.equal(covers(one, other), isCovered);
    });
  }

  it('agree with the topics that they match', () => {
    // Longer than any filter, so that what '#' leaves open is tried.
    const levels = ['a', 'b', '$c'];
    const topics = [1, 2, 3, 4].flatMap((length) => topicsOf(levels, length));
    const level = fc.constantFrom('a', 'b', '+');
    const filter = fc
      .tuple(fc.constantFrom('a', 'b', '+', '$c'), fc.array(level, { maxLength: 2 }), fc.boolean())
      .map(([first, rest, isOpen]) => [first, ...rest, ...(isOpen ? ['#'] : [])].join('/'));
    fc.assert(
      fc.property(filter, filter, (one, other) => {
        const both = topics.filter((topic) => matches(one, topic) && matches(other, topic));
        assert.equal(overlaps(one, other), both.length > 0, `${one} ${other}`);
        const others = topics.filter((topic) => matches(other, topic));
        const isCovered = others.every((topic) => matches(one, topic));
        assert.equal(covers(one, other), isCovered, `${one} ${other}`);
      }),
    );
  });
});

function topicsOf(levels: readonly string[], length: number): string[] {
  if (length === 1) return [...levels, 'z'];
  return topicsOf(levels, length - 1).flatMap((topic) =>
    ['a', 'b', 'z'].map((l) => `${topic}/${l}`),
  );
}
