/** Speed and memory of the filter index at a million subscriptions: `node --expose-gc` this file. */

import { FilterIndex } from '../src/topic/filter-index.ts';
import { MatchCache } from '../src/topic/match-cache.ts';
import { TopicTree } from '../src/topic/topic-tree.ts';
import { clients, filtersOf, publishedTopic, received } from './micro/fleet.ts';
import { bestNanoseconds, heapBytes, report } from './micro/measure.ts';

const filtersPerClient = filtersOf(0).length;
const subscribers = Array.from({ length: clients }, (_, id) => ({ id }));

const topics = Array.from({ length: 100_000 }, (_, turn) => publishedTopic(turn));
let visited = 0;
const visit = (): void => {
  visited += 1;
};

function measureIndex(): void {
  const index = new FilterIndex<object>();
  for (const size of [1_000, clients * filtersPerClient]) {
    const before = heapBytes();
    const sizeBefore = index.size;
    const start = process.hrtime.bigint();
    for (let client = index.size / filtersPerClient; index.size < size; client += 1) {
      for (const filter of filtersOf(client)) index.add(received(filter), subscribers[client]);
    }
    const added = index.size - sizeBefore;
    const elapsed = Number(process.hrtime.bigint() - start);
    console.log(`-- ${index.size} subscriptions`);
    report('memory, strings included', (heapBytes() - before) / added, 'bytes/subscription');
    report('add, making the filter included', elapsed / added, 'ns');
    report(
      'match, not cached',
      bestNanoseconds(topics.length, (t) => index.match(topics[t], visit)),
      'ns',
    );
  }
  measureCache(index);
  const start = process.hrtime.bigint();
  const size = index.size;
  for (let client = 0; client < clients; client += 1) {
    for (const filter of filtersOf(client)) index.remove(received(filter), subscribers[client]);
  }
  report('remove', Number(process.hrtime.bigint() - start) / size, 'ns');
  if (index.size !== 0) throw new Error(`${index.size} subscriptions left, should be none`);
}

function measureCache(index: FilterIndex<object>): void {
  const cache = new MatchCache<object[]>(65_536);
  const hot = topics.slice(0, 10_000);
  for (const topic of hot) {
    const found: object[] = [];
    index.match(topic, (value) => found.push(value));
    cache.set(topic, found);
  }
  const misses = hot.filter((topic) => cache.get(topic) === undefined).length;
  if (misses > 0) throw new Error(`${misses} topics missed, should be none`);
  report(
    'cache hit',
    bestNanoseconds(hot.length, (turn) => cache.get(hot[turn])),
    'ns',
  );
  report(
    'cache invalidate, exact filter',
    bestNanoseconds(100_000, (turn) => cache.invalidate(topics[turn])),
    'ns',
  );
  report(
    'cache invalidate, wildcard',
    bestNanoseconds(100_000, () => cache.invalidate('other/+/x')),
    'ns',
  );
}

function measureTree(): void {
  const tree = new TopicTree<object>();
  const before = heapBytes();
  const start = process.hrtime.bigint();
  for (let client = 0; client < clients; client += 1) {
    for (const filter of filtersOf(client)) {
      if (!filter.includes('+') && !filter.includes('#'))
        tree.set(received(filter), subscribers[client]);
    }
  }
  const elapsed = Number(process.hrtime.bigint() - start);
  console.log(`-- ${tree.size} retained topics`);
  report('memory', (heapBytes() - before) / tree.size, 'bytes/topic');
  report('set, making the topic included', elapsed / tree.size, 'ns');
  report(
    'get',
    bestNanoseconds(topics.length, (turn) => tree.get(topics[turn])),
    'ns',
  );
  let found = 0;
  const all = bestNanoseconds(1, () => {
    found = 0;
    for (const _ of tree.matching('fleet/+/+/#')) found += 1;
  });
  report(`matching, ${found} found: each`, all / found, 'ns');
}

measureIndex();
measureTree();
console.log(`${visited} matches visited`);
