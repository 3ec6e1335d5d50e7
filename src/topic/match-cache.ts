/** Remembers what a topic matched until a subscription changes that could match otherwise. */

import { hasWildcard } from './topic-filter.ts';
import { firstLevel } from './topic-levels.ts';

/**
 * A bounded cache from topic to the result of matching it. What is used stays: there are two
 * generations, and when the young one has filled its half, it becomes the old one and what nobody
 * asked for meanwhile is forgotten.
 */
export class MatchCache<R> {
  readonly #generationMax: number;
  #young = new Generation<R>();
  #old = new Generation<R>();

  /** With fewer than two entries nothing is cached. */
  constructor(entriesMax: number) {
    this.#generationMax = Math.floor(entriesMax / 2);
  }

  get(topic: string): R | undefined {
    const first = firstLevel(topic);
    const result = this.#young.get(first, topic);
    if (result !== undefined) return result;
    const old = this.#old.get(first, topic);
    if (old !== undefined) this.set(topic, old);
    return old;
  }

  set(topic: string, result: R): void {
    if (this.#generationMax === 0) return;
    this.#young.set(firstLevel(topic), topic, result);
    if (this.#young.size < this.#generationMax) return;
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
      this.#young.delete(first, filter);
      this.#old.delete(first, filter);
    }
  }
}

/** Results by first level, then by topic, so that a whole first level can go at once. */
class Generation<R> {
  readonly #firstLevels = new Map<string, Map<string, R>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(first: string, topic: string): R | undefined {
    return this.#firstLevels.get(first)?.get(topic);
  }

  set(first: string, topic: string, result: R): void {
    let results = this.#firstLevels.get(first);
    if (results === undefined) {
      results = new Map();
      this.#firstLevels.set(first, results);
    }
    const sizeBefore = results.size;
    results.set(topic, result);
    this.#size += results.size - sizeBefore;
  }

  delete(first: string, topic: string): void {
    const results = this.#firstLevels.get(first);
    if (results === undefined || !results.delete(topic)) return;
    this.#size -= 1;
    if (results.size === 0) this.#firstLevels.delete(first);
  }

  deleteAllUnder(first: string): void {
    const results = this.#firstLevels.get(first);
    if (results === undefined) return;
    this.#size -= results.size;
    this.#firstLevels.delete(first);
  }
}
