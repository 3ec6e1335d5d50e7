/** Speed and memory of the filter index at a million subscriptions: `node --expose-gc` this file. */

import { FilterIndex } from '../src/topic/filter-index.ts';
import { MatchCache } from '../src/topic/match-cache.ts';
import { TopicTree } from '../src/topic/topic-tree.ts';

const clients = 100_000;
const filtersPerClient = 10;
const places = ['berlin', 'kyoto', 'lagos', 'lima', 'oslo', 'pune', 'quito', 'rome'];
const subscribers = Array.from({ length: clients }, (_, id) => ({ id }));

/** One client's ten subscriptions: exact ones, '+' at all depths, '#', its own and shared ones. */
function filtersOf(client: number): string[] {
  const place = places[client % places.length];
  const id = `device-${client.toString(36).padStart(6, '0')}`;
  return [
    `fleet/${place}/${id}/command`,
    `fleet/${place}/${id}/config`,
    `fleet/${place}/${id}/firmware/version`,
    `inbox/${id}`,
    `fleet/${place}/${id}/sensor/+/calibrate`,
    `fleet/+/${id}/ping`,
    `${id}/+/status`,
    `fleet/${place}/${id}/job/#`,
    `group/${client % 5_000}/#`,
    `alarm/${place}/floor/${client % 1_000}/+`,
  ];
}

/** As the packet reader makes them: flat strings, each its own. */
function received(text: string): string {
  return Buffer.from(text).toString();
}

function topicOf(turn: number): string {
  const client = (turn * 7_919) % clients;
  const place = places[client % places.length];
  const id = `device-${client.toString(36).padStart(6, '0')}`;
  const topics = [
    `fleet/${place}/${id}/command`,
    `fleet/${place}/${id}/sensor/temperature/calibrate`,
    `fleet/${place}/${id}/job/17/start`,
    `${id}/engine/status`,
    `nobody/listens/here`,
  ];
  return received(topics[turn % topics.length]);
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('no gc(): run node with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Best of five rounds, in nanoseconds for one run. */
function nanoseconds(runs: number, run: (turn: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < runs; turn += 1) run(turn);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / runs);
  }
  return best;
}

function report(what: string, amount: number, unit: string): void {
  console.log(`${what.padEnd(44)} ${amount.toFixed(0).padStart(8)} ${unit}`);
}

const topics = Array.from({ length: 100_000 }, (_, turn) => topicOf(turn));
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
      nanoseconds(topics.length, (t) => index.match(topics[t], visit)),
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
    nanoseconds(hot.length, (turn) => cache.get(hot[turn])),
    'ns',
  );
  report(
    'cache invalidate, exact filter',
    nanoseconds(100_000, (turn) => cache.invalidate(topics[turn])),
    'ns',
  );
  report(
    'cache invalidate, wildcard',
    nanoseconds(100_000, () => cache.invalidate('other/+/x')),
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
    nanoseconds(topics.length, (turn) => tree.get(topics[turn])),
    'ns',
  );
  let found = 0;
  const all = nanoseconds(1, () => {
    found = 0;
    for (const _ of tree.matching('fleet/+/+/#')) found += 1;
  });
  report(`matching, ${found} found: each`, all / found, 'ns');
}

measureIndex();
measureTree();
console.log(`${visited} matches visited`);
