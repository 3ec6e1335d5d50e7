/** From filter to subscribers: finds everybody who gets a message that is published to a topic. */

import {
  childAt,
  type LevelChildren,
  type LevelNode,
  withChild,
  withoutChild,
} from './level-children.ts';
import { hasWildcard } from './topic-filter.ts';
import { levelEnd } from './topic-levels.ts';
import { hasValue, type ValueSet, visitValues, withoutValue, withValue } from './value-set.ts';

/**
 * Pairs of a topic filter and a value, found by the topic that the filter matches. The time that
 * one call takes does not grow with the number of pairs, only with those it finds.
 *
 * Filters and topics must be valid: their limit on levels bounds the depth of the recursion here.
 */
export class FilterIndex<T> {
  /** Filters without wildcards: one look-up for the whole topic instead of one for each level. */
  readonly #exact = new Map<string, ValueSet<T>>();
  /** Filters with wildcards: a trie, one node for each level. */
  readonly #root = new FilterNode<T>('');
  #size = 0;

  /** How many (filter, value) pairs there are. */
  get size(): number {
    return this.#size;
  }

  /** A value that is added to one filter twice is kept once. */
  add(filter: string, value: T): void {
    const added = hasWildcard(filter) ? this.#grow(filter, value) : this.#addExact(filter, value);
    if (added) this.#size += 1;
  }

  /** False when the pair was not there. */
  remove(filter: string, value: T): boolean {
    const removed = hasWildcard(filter)
      ? this.#prune(filter, value)
      : this.#removeExact(filter, value);
    if (removed) this.#size -= 1;
    return removed;
  }

  /**
   * Calls `visit` for the value of each pair whose filter matches `topic`: twice for a value that
   * two matching filters have. `visit` may add and remove; whether it sees that here is not said.
   */
  match(topic: string, visit: (value: T) => void): void {
    visitValues(this.#exact.get(topic), visit);
    if (!topic.startsWith('$')) {
      visitMatches(this.#root, topic, 0, visit);
      return;
    }
    // Wildcards in the first level do not match here [MQTT-4.7.2-1].
    const end = levelEnd(topic, 0);
    const node = childAt(this.#root.literals, topic.slice(0, end));
    if (node !== undefined) visitMatches(node, topic, end + 1, visit);
  }

  #addExact(filter: string, value: T): boolean {
    const values = this.#exact.get(filter);
    if (hasValue(values, value)) return false;
    this.#exact.set(filter, withValue(values, value));
    return true;
  }

  #removeExact(filter: string, value: T): boolean {
    const values = this.#exact.get(filter);
    if (!hasValue(values, value)) return false;
    const rest = withoutValue(values, value);
    if (rest === undefined) this.#exact.delete(filter);
    else this.#exact.set(filter, rest);
    return true;
  }

  #grow(filter: string, value: T): boolean {
    let node = this.#root;
    for (let from = 0; from <= filter.length; ) {
      const end = levelEnd(filter, from);
      const level = filter.slice(from, end);
      node = node.child(level) ?? node.grow(level);
      from = end + 1;
    }
    if (hasValue(node.values, value)) return false;
    node.values = withValue(node.values, value);
    return true;
  }

  #prune(filter: string, value: T): boolean {
    const path = [this.#root];
    let node: FilterNode<T> | undefined = this.#root;
    for (let from = 0; from <= filter.length; ) {
      const end = levelEnd(filter, from);
      node = node.child(filter.slice(from, end));
      if (node === undefined) return false;
      path.push(node);
      from = end + 1;
    }
    if (!hasValue(node.values, value)) return false;
    node.values = withoutValue(node.values, value);
    for (let depth = path.length - 1; depth > 0 && path[depth].isEmpty; depth -= 1) {
      path[depth - 1].prune(path[depth]);
    }
    return true;
  }
}

/** One level of the filters that share everything up to here. */
class FilterNode<T> implements LevelNode {
  readonly level: string;
  literals: LevelChildren<FilterNode<T>>;
  /** Child for '+'. */
  single: FilterNode<T> | undefined;
  /** Child for '#'. */
  multi: FilterNode<T> | undefined;
  /** Of the filter that ends here. */
  values: ValueSet<T>;

  constructor(level: string) {
    this.level = level;
  }

  get isEmpty(): boolean {
    return (
      this.values === undefined &&
      this.literals === undefined &&
      this.single === undefined &&
      this.multi === undefined
    );
  }

  child(level: string): FilterNode<T> | undefined {
    if (level === '+') return this.single;
    if (level === '#') return this.multi;
    return childAt(this.literals, level);
  }

  grow(level: string): FilterNode<T> {
    const child = new FilterNode<T>(level);
    if (level === '+') this.single = child;
    else if (level === '#') this.multi = child;
    else this.literals = withChild(this.literals, child);
    return child;
  }

  prune(child: FilterNode<T>): void {
    if (child.level === '+') this.single = undefined;
    else if (child.level === '#') this.multi = undefined;
    else this.literals = withoutChild(this.literals, child);
  }
}

/** Visits what matches below `node`, where the levels from `from` on are still to be matched. */
function visitMatches<T>(
  node: FilterNode<T>,
  topic: string,
  from: number,
  visit: (value: T) => void,
): void {
  for (;;) {
    // '#' includes the parent level: 'a/#' matches 'a'.
    if (node.multi !== undefined) visitValues(node.multi.values, visit);
    if (from > topic.length) {
      visitValues(node.values, visit);
      return;
    }
    const { literals, single } = node;
    const end = levelEnd(topic, from);
    const literal = literals === undefined ? undefined : childAt(literals, topic.slice(from, end));
    from = end + 1;
    const next = literal ?? single;
    if (next === undefined) return;
    // Recursion only where the path forks.
    if (literal !== undefined && single !== undefined) visitMatches(single, topic, from, visit);
    node = next;
  }
}
