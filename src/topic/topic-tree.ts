/** From topic name to value, found by the filters that match the name: retained messages. */

import {
  childAt,
  eachChild,
  type LevelChildren,
  type LevelNode,
  withChild,
  withoutChild,
} from './level-children.ts';
import { levelEnd } from './topic-levels.ts';

// Nodes between two pauses of a search: some 0.1 ms where the tree is too large for the caches.
const nodesPerPause = 256;

/** A map from topic name to value that can be searched with wildcards. Names must be valid. */
export class TopicTree<T> {
  readonly #root = new TopicNode<T>('', undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): T | undefined {
    return this.#find(topic)?.value;
  }

  /** The value that `value` replaces, if there was one. */
  set(topic: string, value: T): T | undefined {
    let node = this.#root;
    for (let from = 0; from <= topic.length; ) {
      const end = levelEnd(topic, from);
      const level = topic.slice(from, end);
      node = childAt(node.children, level) ?? node.grow(level);
      from = end + 1;
    }
    const previous = node.value;
    node.value = value;
    if (previous === undefined) this.#size += 1;
    return previous;
  }

  /** The value that was there, if there was one. */
  delete(topic: string): T | undefined {
    const node = this.#find(topic);
    const previous = node?.value;
    if (node === undefined || previous === undefined) return undefined;
    node.value = undefined;
    this.#size -= 1;
    node.pruneUpwards();
    return previous;
  }

  /** False when nothing matches the filter, as far as its levels before the first wildcard tell. */
  mayMatch(filter: string): boolean {
    let node: TopicNode<T> | undefined = this.#root;
    for (let from = 0; from <= filter.length; ) {
      const end = levelEnd(filter, from);
      const level = filter.slice(from, end);
      if (level === '#') return true;
      if (level === '+') return node.children !== undefined;
      node = childAt(node.children, level);
      if (node === undefined) return false;
      from = end + 1;
    }
    return node.value !== undefined;
  }

  /**
   * The values whose topic matches the filter, one by one. The tree may change between two calls
   * of `next`: what is removed is not found any more, what is added may or may not be found. Gives
   * undefined now and then where a search goes on for long without finding anything, so that the
   * caller can do something else in between.
   */
  *matching(filter: string): IterableIterator<T | undefined> {
    const patterns = filter.split('/');
    const takesAllBelow = patterns.at(-1) === '#';
    if (takesAllBelow) patterns.pop();
    // Its last element goes through the nodes that are as deep as the stack; the root is at 0.
    const stack: Iterator<TopicNode<T>>[] = [[this.#root].values()];
    let nodes = 0;
    while (stack.length > 0) {
      nodes += 1;
      if (nodes % nodesPerPause === 0) yield undefined;
      const depth = stack.length - 1;
      const { done, value: node } = stack[depth].next();
      if (done) {
        stack.pop();
        continue;
      }
      // [MQTT-4.7.2-1]
      if (depth === 1 && node.level.startsWith('$') && patterns[0] !== node.level) continue;
      if (depth < patterns.length) {
        stack.push(node.childrenLike(patterns[depth]));
        continue;
      }
      if (takesAllBelow) stack.push(eachChild(node.children));
      if (node.value !== undefined) yield node.value;
    }
  }

  #find(topic: string): TopicNode<T> | undefined {
    let node: TopicNode<T> | undefined = this.#root;
    for (let from = 0; from <= topic.length && node !== undefined; ) {
      const end = levelEnd(topic, from);
      node = childAt(node.children, topic.slice(from, end));
      from = end + 1;
    }
    return node;
  }
}

/** One level of the names that share everything up to here. */
class TopicNode<T> implements LevelNode {
  readonly level: string;
  readonly parent: TopicNode<T> | undefined;
  children: LevelChildren<TopicNode<T>>;
  /** Of the name that ends here. */
  value: T | undefined;

  constructor(level: string, parent: TopicNode<T> | undefined) {
    this.level = level;
    this.parent = parent;
  }

  grow(level: string): TopicNode<T> {
    const child = new TopicNode<T>(level, this);
    this.children = withChild(this.children, child);
    return child;
  }

  childrenLike(pattern: string): Iterator<TopicNode<T>> {
    return eachChild(pattern === '+' ? this.children : childAt(this.children, pattern));
  }

  /** Takes this node and its ancestors out of the tree as far as they hold nothing. */
  pruneUpwards(): void {
    let node: TopicNode<T> = this;
    while (node.parent && node.value === undefined && node.children === undefined) {
      node.parent.children = withoutChild(node.parent.children, node);
      node = node.parent;
    }
  }
}
