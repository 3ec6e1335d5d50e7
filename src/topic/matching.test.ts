/** The one meaning of "matches", held by the naive matcher, the filter index and the topic tree. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FilterIndex } from './filter-index.ts';
import { matches } from './topic-filter.ts';
import { TopicTree } from './topic-tree.ts';

function check(expected: { filter: string; topic: string; matches: boolean }): void {
  const { filter, topic } = expected;
  const what = `${filter} against ${topic}`;
  assert.equal(matches(filter, topic), expected.matches, `matches: ${what}`);

  const index = new FilterIndex<string>();
  index.add(filter, 'subscriber');
  const found: string[] = [];
  index.match(topic, (value) => found.push(value));
  assert.deepEqual(found, expected.matches ? ['subscriber'] : [], `FilterIndex: ${what}`);

  const tree = new TopicTree<string>();
  tree.set(topic, 'message');
  assert.deepEqual(
    [...tree.matching(filter)],
    expected.matches ? ['message'] : [],
    `TopicTree: ${what}`,
  );
}

function checkAll({ filter, yes, no }: { filter: string; yes: string[]; no: string[] }): void {
  for (const topic of yes) check({ filter, topic, matches: true });
  for (const topic of no) check({ filter, topic, matches: false });
}

describe('matching', () => {
  it("gives '#' the parent level and everything below [MQTT-4.7.1-1] [MQTT3-4.7.1-2]", () => {
    checkAll({
      filter: 'sport/tennis/player1/#',
      yes: [
        'sport/tennis/player1',
        'sport/tennis/player1/ranking',
        'sport/tennis/player1/score/wimbledon',
        'sport/tennis/player1/',
      ],
      no: [
        'sport/tennis',
        'sport/tennis/player2',
        'sport/tennis/player10',
        'x/sport/tennis/player1',
      ],
    });
    checkAll({ filter: 'sport/#', yes: ['sport', 'sport/', 'sport//x'], no: ['sports', '/sport'] });
    checkAll({ filter: '#', yes: ['a', '/', 'a/b/c', '/finance'], no: [] });
    checkAll({ filter: '/#', yes: ['/', '/a', '//'], no: ['a', 'a/'] });
    checkAll({ filter: '+/#', yes: ['a', 'a/', 'a/b/c', '/', '/a'], no: [] });
    checkAll({ filter: 'a/+/#', yes: ['a/', 'a/b', 'a/b/c'], no: ['a', 'b/b'] });
  });

  it("gives '+' exactly one level, which may be empty [MQTT-4.7.1-2] [MQTT3-4.7.1-3]", () => {
    checkAll({
      filter: 'sport/tennis/+',
      yes: ['sport/tennis/player1', 'sport/tennis/player2', 'sport/tennis/'],
      no: ['sport/tennis/player1/ranking', 'sport/tennis'],
    });
    checkAll({ filter: 'sport/+', yes: ['sport/'], no: ['sport'] });
    checkAll({ filter: '+', yes: ['a', 'finance'], no: ['/finance', 'a/', '/'] });
    checkAll({ filter: '+/+', yes: ['/finance', 'a/b', '/', 'a/'], no: ['a', 'a/b/c'] });
    checkAll({ filter: '/+', yes: ['/finance', '/'], no: ['finance', 'a/finance'] });
    checkAll({ filter: '+/b', yes: ['a/b', '/b'], no: ['a/a', 'b', 'a/b/'] });
    checkAll({
      filter: '+/tennis/#',
      yes: ['sport/tennis', '/tennis/x'],
      no: ['tennis', 'a/b/tennis'],
    });
    checkAll({ filter: 'sport/+/player1', yes: ['sport/tennis/player1'], no: ['sport/player1'] });
  });

  it("keeps wildcards in the first level from names that start with '$' [MQTT-4.7.2-1] [MQTT3-4.7.2-1]", () => {
    checkAll({ filter: '#', yes: [], no: ['$SYS', '$SYS/broker', '$', '$a/b'] });
    checkAll({ filter: '+/monitor/Clients', yes: [], no: ['$SYS/monitor/Clients'] });
    checkAll({ filter: '+', yes: ['a$'], no: ['$SYS'] });
    checkAll({ filter: '+/#', yes: ['a/$SYS'], no: ['$SYS', '$SYS/a'] });
    checkAll({ filter: '$SYS/#', yes: ['$SYS', '$SYS/', '$SYS/a/b'], no: ['$SYSTEM', 'a/$SYS'] });
    checkAll({ filter: '$SYS/monitor/+', yes: ['$SYS/monitor/Clients'], no: ['$SYS/monitor'] });
    checkAll({ filter: 'a/+', yes: ['a/$x'], no: [] });
  });

  it('compares level by level, by case and without normalising [MQTT-4.7.3-4] [MQTT3-4.7.3-4]', () => {
    checkAll({ filter: 'ACCOUNTS', yes: ['ACCOUNTS'], no: ['Accounts', 'ACCOUNTS ', 'ACCOUNTS/'] });
    checkAll({ filter: '/finance', yes: ['/finance'], no: ['finance', '//finance'] });
    checkAll({ filter: 'a//b', yes: ['a//b'], no: ['a/b', 'a///b'] });
    checkAll({ filter: 'caf\u00e9/+', yes: ['caf\u00e9/x'], no: ['cafe\u0301/x', 'CAF\u00c9/x'] });
    checkAll({ filter: '\ufeffa/#', yes: ['\ufeffa'], no: ['a'] });
    checkAll({ filter: 'a/../b', yes: ['a/../b'], no: ['b'] });
  });

  it('is not misled by names that JavaScript objects have', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      checkAll({ filter: `${name}/+`, yes: [`${name}/${name}`], no: [name, `a/${name}`] });
      check({ filter: 'a/+', topic: name, matches: false });
    }
  });
});
