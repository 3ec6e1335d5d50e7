/** Hostile topics: the index, the tree and the cache must agree with the naive matcher. */

import assert from 'node:assert/strict';
import { FilterIndex } from '../../src/topic/filter-index.ts';
import { MatchCache } from '../../src/topic/match-cache.ts';
import { filterFault, matches, nameFault, parseShare } from '../../src/topic/topic-filter.ts';
import { TopicTree } from '../../src/topic/topic-tree.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const subscribersMax = 4;
const pairsMax = 200;
const levels = [
  '',
  'a',
  'b',
  'ab',
  '+',
  '#',
  '$',
  '$SYS',
  '$share',
  '\0',
  'a+',
  '#a',
  'é',
  '__proto__',
];

export const topicFuzz: FuzzTarget = {
  name: 'topic',
  run(seed, until) {
    const random = randomFrom(seed);
    let world = new World();
    let iterations = 0;
    for (; !until(); iterations += 1) {
      if (iterations % 2_000 === 1_999) {
        world.empty();
        world = new World();
      }
      world.step(random);
    }
    world.empty();
    return iterations;
  },
};

/** The same subscriptions and messages, kept by the code under test and in plain lists. */
class World {
  readonly #index = new FilterIndex<number>();
  readonly #cache = new MatchCache<number[]>(32);
  readonly #tree = new TopicTree<{ readonly topic: string }>();
  readonly #pairs = new Map<string, { readonly filter: string; readonly value: number }>();
  readonly #messages = new Map<string, { readonly topic: string }>();

  step(random: Random): void {
    const text = randomText(random);
    if (filterFault(text) === undefined) {
      const filter = parseShare(text)?.filter ?? text;
      if (random(2) === 0) this.#subscribe(filter, random(subscribersMax));
      else this.#unsubscribe(filter, random(subscribersMax));
      this.#search(filter);
    }
    if (nameFault(text) === undefined) {
      assert.equal(filterFault(text) === undefined || text.startsWith('$share/'), true, text);
      this.#retain(text, random(3) > 0);
      this.#publish(text);
    }
  }

  /** Removes everything: nothing must be left. */
  empty(): void {
    for (const { filter, value } of [...this.#pairs.values()]) this.#unsubscribe(filter, value);
    for (const topic of [...this.#messages.keys()]) this.#retain(topic, false);
    assert.equal(this.#index.size, 0);
    assert.equal(this.#tree.size, 0);
    assert.deepEqual([...this.#tree.matching('#')], []);
  }

  #subscribe(filter: string, value: number): void {
    if (this.#pairs.size >= pairsMax) return;
    this.#index.add(filter, value);
    this.#pairs.set(`${value} ${filter}`, { filter, value });
    this.#cache.invalidate(filter);
    assert.equal(this.#index.size, this.#pairs.size);
  }

  #unsubscribe(filter: string, value: number): void {
    assert.equal(this.#index.remove(filter, value), this.#pairs.delete(`${value} ${filter}`));
    this.#cache.invalidate(filter);
    assert.equal(this.#index.size, this.#pairs.size);
  }

  #publish(topic: string): void {
    const expected: number[] = [];
    for (const { filter, value } of this.#pairs.values()) {
      if (matches(filter, topic)) expected.push(value);
    }
    expected.sort();
    const found: number[] = [];
    this.#index.match(topic, (value) => found.push(value));
    found.sort();
    assert.deepEqual(found, expected, `index: ${JSON.stringify(topic)}`);
    const cached = this.#cache.get(topic);
    if (cached === undefined) this.#cache.set(topic, found);
    else assert.deepEqual(cached, expected, `cache: ${JSON.stringify(topic)}`);
  }

  #retain(topic: string, keep: boolean): void {
    const message = { topic };
    const previous = keep ? this.#tree.set(topic, message) : this.#tree.delete(topic);
    assert.equal(previous, this.#messages.get(topic));
    if (keep) this.#messages.set(topic, message);
    else this.#messages.delete(topic);
    assert.equal(this.#tree.get(topic), this.#messages.get(topic));
    assert.equal(this.#tree.size, this.#messages.size);
  }

  #search(filter: string): void {
    // Without the pauses of a long search.
    const found = [...this.#tree.matching(filter)].filter((value) => value !== undefined);
    const expected = [...this.#messages.values()].filter(({ topic }) => matches(filter, topic));
    assert.equal(found.length, expected.length, `tree: ${JSON.stringify(filter)}`);
    assert.deepEqual(new Set(found), new Set(expected), `tree: ${JSON.stringify(filter)}`);
  }
}

/** Mostly short texts of few levels, so that they meet; now and then a monster. */
function randomText(random: Random): string {
  if (random(500) === 0) {
    return `${levels[random(levels.length)]}/`.repeat(random(60_000) >> random(12));
  }
  const depth = 1 + random(random(20) === 0 ? 12 : 4);
  const text = Array.from({ length: depth }, () => levels[random(levels.length)]);
  if (random(10) === 0) text.unshift('$share', `group${random(2)}`);
  return text.join('/');
}
