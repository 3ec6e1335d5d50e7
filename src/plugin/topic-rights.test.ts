/** What lists of filters allow, and which lists there cannot be. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matches } from '../topic/topic-filter.ts';
import { covers, TopicRights } from './topic-rights.ts';

const client = { clientId: 'dev1', userName: 'ann' };

describe('topic rights', () => {
  const rights = TopicRights.read(
    { publish: ['out/%c/#', '%u/+'], subscribe: ['in/%c/#', 'news/+'] },
    client,
  );

  const decisions: readonly ['publish' | 'subscribe' | 'receive', string, 'allow' | 'deny'][] = [
    ['publish', 'out/dev1/a/b', 'allow'],
    ['publish', 'out/dev2', 'deny'],
    ['publish', 'ann/x', 'allow'],
    ['publish', 'in/dev1/x', 'deny'],
    ['subscribe', 'in/dev1/#', 'allow'],
    ['subscribe', 'in/dev1/+/x', 'allow'],
    ['subscribe', 'in/#', 'deny'],
    ['subscribe', '#', 'deny'],
    ['subscribe', 'news/+', 'allow'],
    ['subscribe', 'news/+/x', 'deny'],
    ['receive', 'news/today', 'allow'],
    ['receive', 'out/dev1/a', 'deny'],
  ];
  for (const [access, topic, decision] of decisions) {
    it(`${decision} ${access} of ${topic}`, () => {
      assert.equal(rights.decide({ access, topic }), decision);
    });
  }

  it('allow nothing that a list does not name', () => {
    const none = TopicRights.read({}, client);
    assert.equal(none.decide({ access: 'publish', topic: 'a' }), 'deny');
    assert.equal(none.decide({ access: 'subscribe', topic: 'a' }), 'deny');
  });

  for (const clientId of ['+', '#', 'a/b', '$SYS', '']) {
    it(`leave a filter out when %c is ${JSON.stringify(clientId)}`, () => {
      const { userName } = client;
      const wide = TopicRights.read({ publish: ['%c/x'] }, { clientId, userName });
      assert.equal(wide.decide({ access: 'publish', topic: `${clientId}/x` }), 'deny');
      assert.equal(wide.decide({ access: 'publish', topic: 'other/x' }), 'deny');
    });
  }

  const wrong: Readonly<Record<string, unknown>> = {
    'a list': [],
    'no object': 'all',
    null: null,
    'a list that is none': { publish: 'a' },
    'an entry that is no text': { publish: [1] },
    'an entry that is no filter': { publish: ['a/#/b'] },
    'a shared subscription': { subscribe: ['$share/g/a'] },
    'too many entries': { publish: Array.from({ length: 1001 }, () => 'a') },
  };
  for (const [what, value] of Object.entries(wrong)) {
    it(`are not read from ${what}`, () => {
      assert.throws(() => TopicRights.read(value, client), RangeError);
    });
  }
});

describe('a filter that covers another', () => {
  const level = fc.constantFrom('a', 'b', '', '+', '$x');
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
    .filter((text) => text !== '');
  const topic = fc
    .array(fc.constantFrom('a', 'b', '', '$x'), { minLength: 1, maxLength: 5 })
    .map((levels) => levels.join('/'))
    .filter((text) => text !== '');

  it('matches every topic that the other matches', () => {
    fc.assert(
      fc.property(filter, filter, topic, (granted, asked, name) => {
        if (covers(granted, asked) && matches(asked, name)) assert.ok(matches(granted, name));
      }),
      { numRuns: 5000 },
    );
  });

  it('is any filter, to itself', () => {
    fc.assert(fc.property(filter, (text) => covers(text, text)));
  });
});
