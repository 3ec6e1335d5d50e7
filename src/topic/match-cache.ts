/** Remembers what a topic matched until a subscription changes that could match otherwise. */

import { FilterChanges } from './filter-changes.ts';
import { hasWildcard } from './topic-filter.ts';

// Most topics are shorter; of longer ones an attacker could make the cache very large.
const topicCharactersMax = 256;
// Changes in the life of a generation: of a topic that nobody has asked for during so many, it is
// not known well whether they matter to it, and what it has matched must not be held for ever.
const changesMax = 2 ** 14;

/**
 * A bounded cache from topic to the result of matching it. What is used stays: there are two
 * generations, and when the young one has filled its half, or has seen many changes, it becomes the
 * old one and what nobody asked for meanwhile is forgotten.
 *
 * A change costs the same however much is remembered: it is noted, and who asks for a topic again
 * finds out whether it matters there. Clients that subscribe to `fleet/ID/#`, each its own, slow
 * nobody's publishing down: in such a storm a route takes 0.26 µs instead of 3.5
 * (bench/micro/million-subscriptions.ts).
 */
export class MatchCache<R> {
  readonly #generationMax: number;
  readonly #costOf: (result: R) => number;
  readonly #changes = new FilterChanges();
  #young = new Generation<R>();
  #old = new Generation<R>();
  // The last change when the young generation began.
  #youngSince = 0;

  /**
   * @param costMax with less than two nothing is cached
   * @param costOf what a result counts against it, for results that differ in size
   */
  constructor(costMax: number, costOf: (result: R) => number = () => 1) {
    this.#generationMax = Math.floor(costMax / 2);
    this.#costOf = costOf;
  }

  get(topic: string): R | undefined {
    const young = this.#young.entries.get(topic);
    const entry = young ?? this.#old.entries.get(topic);
    if (entry === undefined || !this.#isFresh(topic, entry)) return undefined;
    if (young === undefined) this.#keep(topic, entry);
    return entry.result;
  }

  /** Results that would fill more than a half are not kept, nor are those for very long topics. */
  set(topic: string, result: R): void {
    if (topic.length > topicCharactersMax) return;
    this.#keep(topic, { result, cost: this.#costOf(result), checked: this.#changes.now });
  }

  /** A subscription to `filter` came, went or changed: forgets the topics that it may match. */
  invalidate(filter: string): void {
    if (hasWildcard(filter)) {
      this.#changes.note(filter);
      if (this.#changes.now - this.#youngSince >= changesMax) this.#age();
    } else {
      this.#young.delete(filter);
      this.#old.delete(filter);
    }
  }

  /** Forgets all topics. */
  clear(): void {
    this.#age();
    this.#age();
  }

  #isFresh(topic: string, entry: Entry<R>): boolean {
    if (entry.checked === this.#changes.now) return true;
    if (this.#changes.mayMatch(topic, entry.checked)) return false;
    entry.checked = this.#changes.now;
    return true;
  }

  #keep(topic: string, entry: Entry<R>): void {
    if (entry.cost > this.#generationMax) return;
    this.#young.set(topic, entry);
    if (this.#young.cost >= this.#generationMax) this.#age();
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Generation();
    this.#youngSince = this.#changes.now;
  }
}

interface Entry<R> {
  readonly result: R;
  readonly cost: number;
  /** The result has been true until this change, at least. */
  checked: number;
}

class Generation<R> {
  readonly entries = new Map<string, Entry<R>>();
  #cost = 0;

  get cost(): number {
    return this.#cost;
  }

  set(topic: string, entry: Entry<R>): void {
    this.#cost += entry.cost - (this.entries.get(topic)?.cost ?? 0);
    this.entries.set(topic, entry);
  }

  delete(topic: string): void {
    const entry = this.entries.get(topic);
    if (entry === undefined) return;
    this.#cost -= entry.cost;
    this.entries.delete(topic);
  }
}
