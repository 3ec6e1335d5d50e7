/** What is removed takes no memory: no empty node, set or map stays behind. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FilterIndex } from './filter-index.ts';
import { MatchCache } from './match-cache.ts';
import { TopicTree } from './topic-tree.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const count = 20_000;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function check({ fill, empty }: { fill: (id: number) => void; empty: (id: number) => void }): void {
  fill(-1); // what the first entry costs for good does not count
  empty(-1);
  const before = heapBytes();
  for (let id = 0; id < count; id += 1) fill(id);
  const full = heapBytes() - before;
  for (let id = 0; id < count; id += 1) empty(id);
  const left = heapBytes() - before;
  assert.ok(left < full / 20, `${left} of ${full} bytes left`);
}

describe('memory', () => {
  it('of a filter index returns when everything is removed', () => {
    const index = new FilterIndex<string>();
    const filters = (id: number): string[] => [`a/${id}/b`, `a/${id}/+`, `${id}/#`, `+/${id}/x/y`];
    check({
      fill: (id) => {
        for (const filter of filters(id)) {
          for (const value of ['one', 'another']) index.add(filter, value);
        }
      },
      empty: (id) => {
        for (const filter of filters(id)) {
          for (const value of ['one', 'another']) assert.ok(index.remove(filter, value));
        }
      },
    });
    assert.equal(index.size, 0);
  });

  it('of a topic tree returns when everything is deleted', () => {
    const tree = new TopicTree<string>();
    const topics = (id: number): string[] => [`a/${id}/b`, `a/${id}/c`, `${id}`, `b/x/y/${id}`];
    check({
      fill: (id) => {
        for (const topic of topics(id)) tree.set(topic, 'value');
      },
      empty: (id) => {
        for (const topic of topics(id)) assert.equal(tree.delete(topic), 'value');
      },
    });
    assert.equal(tree.size, 0);
  });

  it('of cached results returns when filters go on changing that match them or not', () => {
    const cache = new MatchCache<number[]>(4 * count);
    check({
      fill: (id) => cache.set(`a/${id}`, new Array(500).fill(id)),
      empty: (id) => {
        for (const filter of ['a/+', `b/${id}/+`]) cache.invalidate(filter);
      },
    });
  });
});
