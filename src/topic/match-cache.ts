/** Remembers what a topic matched until a subscription changes that could match otherwise. */

import { hasWildcard } from './topic-filter.ts';
import { firstLevel } from './topic-levels.ts';

// Most topics are shorter; of longer ones an attacker could make the cache very large.
const topicCharactersMax = 256;

/**
 * A bounded cache from topic to the result of matching it. What is used stays: there are two
 * generations, and when the young one has filled its half, it becomes the old one and what nobody
 * asked for meanwhile is forgotten.
 */
export class MatchCache<R> {
  readonly #generationMax: number;
  readonly #costOf: (result: R) => number;
  #young = new Generation<R>();
  #old = new Generation<R>();

  /**
   * @param costMax with less than two nothing is cached
   * @param costOf what a result counts against it, for results that differ in size
   */
  constructor(costMax: number, costOf: (result: R) => number = () => 1) {
    this.#generationMax = Math.floor(costMax / 2);
    this.#costOf = costOf;
  }

  get(topic: string): R | undefined {
    const result = this.#young.get(topic);
    if (result !== undefined) return result;
    const old = this.#old.get(topic);
    if (old !== undefined) this.set(topic, old);
    return old;
  }

  /** Results that would fill more than a half are not kept, nor are those for very long topics. */
  set(topic: string, result: R): void {
    const cost = this.#costOf(result);
    if (cost > this.#generationMax || topic.length > topicCharactersMax) return;
    this.#young.set(topic, result, cost);
    if (this.#young.cost < this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Generation();
  }

  /**
   * A subscription to `filter` came, went or changed: forgets the topics that it may match. These
   * are the topic itself for a filter without wildcards, all under the same first level for
   * others, and everything when the first level is a wildcard; each in constant time.
   */
  invalidate(filter: string): void {
    const first = firstLevel(filter);
    if (first === '+' || first === '#') {
      this.#young = new Generation();
      this.#old = new Generation();
    } else if (hasWildcard(filter)) {
      this.#young.deleteAllUnder(first);
      this.#old.deleteAllUnder(first);
    } else {
      this.#young.delete(filter);
      this.#old.delete(filter);
    }
  }
}

/** The results of all topics with the same first level. */
type Shelf<R> = (R | undefined)[];

/** Where a topic's result is, unless it has been deleted. */
interface Place<R> {
  readonly shelf: Shelf<R>;
  readonly at: number;
}

/**
 * Emptying a shelf deletes a whole first level at once; the places of its topics stay and count
 * until their generation goes. A Map of Maps would leave nothing, but takes two look-ups and a
 * slice to read: 55 ns for a hit instead of 10.
 */
class Generation<R> {
  readonly #places = new Map<string, Place<R>>();
  readonly #shelves = new Map<string, Shelf<R>>();
  #cost = 0;

  /** Of everything that was ever put here. */
  get cost(): number {
    return this.#cost;
  }

  get(topic: string): R | undefined {
    const place = this.#places.get(topic);
    return place?.shelf[place.at];
  }

  set(topic: string, result: R, cost: number): void {
    this.#cost += cost;
    const first = firstLevel(topic);
    let shelf = this.#shelves.get(first);
    if (shelf === undefined) {
      shelf = [];
      this.#shelves.set(first, shelf);
    }
    const place = this.#places.get(topic);
    if (place?.shelf === shelf) shelf[place.at] = result;
    else this.#places.set(topic, { shelf, at: shelf.push(result) - 1 });
  }

  delete(topic: string): void {
    const place = this.#places.get(topic);
    if (place !== undefined) place.shelf[place.at] = undefined;
  }

  deleteAllUnder(first: string): void {
    const shelf = this.#shelves.get(first);
    if (shelf === undefined) return;
    shelf.length = 0;
    this.#shelves.delete(first);
  }
}
