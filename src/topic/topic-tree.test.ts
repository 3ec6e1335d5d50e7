/** The topic tree against a Map and the naive matcher, also while it changes under a search. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matches, topicSeparatorsMax } from './topic-filter.ts';
import { TopicTree } from './topic-tree.ts';

// More of them than a node keeps in a list.
const level = fc.constantFrom('', 'a', 'b', 'c', '$a', 'd', 'e', 'f', 'g', 'h', 'i', 'j');
const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.constantFrom([], ['#']))
  .map(([levels, end]) => [...levels, ...end].join('/') || '+');
const change = fc.record({ type: fc.constantFrom('set', 'set', 'delete'), topic });

/** Values are objects, so that a replaced one is told from the one that replaces it. */
interface Message {
  readonly topic: string;
}

class Model {
  readonly tree = new TopicTree<Message>();
  readonly messages = new Map<string, Message>();

  apply({ type, topic }: { type: string; topic: string }): void {
    const previous = this.messages.get(topic);
    if (type === 'set') {
      const message = { topic };
      assert.equal(this.tree.set(topic, message), previous);
      this.messages.set(topic, message);
    } else {
      assert.equal(this.tree.delete(topic), previous);
      this.messages.delete(topic);
    }
    assert.equal(this.tree.size, this.messages.size);
  }

  matching(filter: string): Message[] {
    return [...this.messages.values()].filter((message) => matches(filter, message.topic));
  }
}

describe('TopicTree', () => {
  it('finds what the naive matcher finds, after any changes', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 80, size: 'max' }),
        fc.array(filter),
        (changes, filters) => {
          const model = new Model();
          for (const step of changes) model.apply(step);
          for (const { topic } of changes) {
            assert.equal(model.tree.get(topic), model.messages.get(topic));
          }
          for (const text of filters) {
            const found = [...model.tree.matching(text)];
            assert.deepEqual(new Set(found), new Set(model.matching(text)), text);
            assert.equal(found.length, new Set(found).size, text);
            if (found.length > 0) assert.ok(model.tree.mayMatch(text), text);
          }
        },
      ),
    );
  });

  it('may change while a search is paused: what stays is found once, what goes is not found', () => {
    const start = fc.array(topic, { maxLength: 60, size: 'max' });
    const changes = fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 12, size: 'max' });
    fc.assert(
      fc.property(start, filter, changes, (topics, text, pauses) => {
        const model = new Model();
        for (const topic of topics) model.apply({ type: 'set', topic });
        const search = model.tree.matching(text);
        let staying = model.matching(text);
        const found: Message[] = [];
        for (let step = search.next(); !step.done; step = search.next()) {
          const message = step.value;
          if (message === undefined) continue;
          assert.equal(model.messages.get(message.topic), message, 'was removed or replaced');
          assert.ok(matches(text, message.topic));
          found.push(message);
          for (const step of pauses.shift() ?? []) model.apply(step);
          staying = staying.filter((kept) => model.messages.get(kept.topic) === kept);
        }
        for (const message of staying) {
          assert.equal(found.filter((other) => other === message).length, 1, message.topic);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('returns what a value replaces, and nothing for a level on the way to another', () => {
    const tree = new TopicTree<number>();
    assert.equal(tree.set('a/b/c', 1), undefined);
    assert.equal(tree.set('a/b/c', 2), 1);
    assert.equal(tree.get('a/b'), undefined);
    assert.equal(tree.delete('a/b'), undefined);
    assert.equal(tree.delete('a/b/c/d'), undefined);
    assert.equal(tree.delete('a/b/c'), 2);
    assert.equal(tree.delete('a/b/c'), undefined);
    assert.equal(tree.size, 0);
  });

  it('searches deep trees without recursion', () => {
    const tree = new TopicTree<number>();
    const deepest = `a${'/a'.repeat(topicSeparatorsMax)}`;
    for (let end = 1; end <= deepest.length; end += 2) tree.set(deepest.slice(0, end), end);
    const countOf = (filter: string) =>
      [...tree.matching(filter)].filter((value) => value !== undefined).length;
    assert.equal(countOf('#'), topicSeparatorsMax + 1);
    assert.equal(countOf(deepest.replaceAll('a', '+')), 1);
    assert.equal(countOf(`${'+/'.repeat(topicSeparatorsMax)}b`), 0);
    assert.equal(tree.get('/'.repeat(65_535)), undefined);
    const slashes = '/'.repeat(65_535);
    tree.set(slashes, 0);
    assert.equal(countOf('/#'), 1);
    assert.equal(tree.delete(slashes), 0);
  });

  it('pauses in a search that finds nothing for long', () => {
    const tree = new TopicTree<number>();
    for (let i = 0; i < 10_000; i++) tree.set(`a/${i}/b`, i);
    const steps = [...tree.matching('+/+/c')];
    assert.ok(steps.length >= 10, `${steps.length} pauses`);
    assert.ok(steps.every((value) => value === undefined));
  });

  it('tells at once that nothing matches, by the levels before the first wildcard', () => {
    const tree = new TopicTree<number>();
    assert.equal(tree.mayMatch('+/b'), false);
    tree.set('a/b', 1);
    for (const filter of ['a', 'a/c', 'a/b/c', 'b/#', 'a/b/+', 'a/c/#']) {
      assert.equal(tree.mayMatch(filter), false, filter);
    }
    for (const filter of ['a/b', 'a/b/#', 'a/#', '#', '+/c', 'a/+']) {
      assert.equal(tree.mayMatch(filter), true, filter);
    }
  });

  it('searches lazily', () => {
    const tree = new TopicTree<string>();
    for (const name of ['a/1', 'a/2', 'a/3']) tree.set(name, name);
    const search = tree.matching('a/+');
    assert.equal(search.next().value, 'a/1');
    tree.delete('a/2');
    assert.equal(search.next().value, 'a/3');
    assert.equal(search.next().done, true);
  });
});
