/** Which names and filters are valid, and what their parts are. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  filterFault,
  hasWildcard,
  nameFault,
  parseShare,
  topicSeparatorsMax,
} from './topic-filter.ts';

const deepest = '/'.repeat(topicSeparatorsMax);
const tooDeep = '/'.repeat(topicSeparatorsMax + 1);

type FaultOf = (text: string) => string | undefined;

function accepts(faultOf: FaultOf, texts: string[]): void {
  for (const text of texts) assert.equal(faultOf(text), undefined, text);
}

function rejects(faultOf: FaultOf, texts: string[], expected: RegExp): void {
  for (const text of texts) assert.match(faultOf(text) ?? `no fault in ${text}`, expected);
}

describe('nameFault', () => {
  it('takes any text without wildcards, and any number of empty levels', () => {
    accepts(nameFault, ['a', '/', '//', '/finance', 'a/', ' ', 'Accounts payable', 'ä/日本']);
    accepts(nameFault, ['$SYS/x', '$share/g/a']);
  });

  it('rejects wildcards anywhere in a name [MQTT-4.7.0-1] [MQTT3-4.7.1-1]', () => {
    rejects(nameFault, ['+', '#', 'a/+', 'a/#', 'a+b', 'a#', '/+/'], /has a wildcard/);
  });

  it('rejects an empty name [MQTT-4.7.3-1] [MQTT3-4.7.3-1]', () => {
    rejects(nameFault, [''], /topic name is empty/);
  });

  it('rejects the null character and shows it [MQTT-4.7.3-2] [MQTT3-4.7.3-2]', () => {
    rejects(nameFault, ['a\0b'], /"a\\u0000b" has a null character/);
  });

  it('rejects more levels than the limit, however many', () => {
    accepts(nameFault, [deepest, `${'long level '.repeat(1_000)}${deepest}`]);
    rejects(nameFault, [tooDeep, '/'.repeat(65_535)], /too many levels: at most 200 '\/'/);
  });

  it('does not quote more of a long name than fits a log line', () => {
    const fault = nameFault('#'.repeat(65_535)) ?? '';
    assert.match(fault, /^topic name "#{80}"… has a wildcard/);
    assert.ok(fault.length < 200, fault);
  });
});

describe('filterFault', () => {
  it('takes a multi-level wildcard only as the whole last level [MQTT-4.7.1-1] [MQTT3-4.7.1-2]', () => {
    accepts(filterFault, ['#', '/#', 'sport/#', 'sport/tennis/#', '+/#', 'a//#']);
    rejects(filterFault, ['sport/tennis#', 'sport/tennis/#/ranking'], /misplaced '#'/);
    rejects(filterFault, ['##', '#/', '#/a', 'a/#b', 'a/+#'], /misplaced '#'/);
  });

  it('takes a single-level wildcard only as a whole level [MQTT-4.7.1-2] [MQTT3-4.7.1-3]', () => {
    accepts(filterFault, ['+', '+/tennis/#', 'sport/+/player1', '/+', '+/+', '+/', '$SYS/+']);
    rejects(filterFault, ['sport+', 'sport/+a/b', '++', '+a', 'a/b+/#'], /misplaced '\+'/);
  });

  it('rejects an empty filter [MQTT-4.7.3-1] [MQTT3-4.7.3-1]', () => {
    rejects(filterFault, [''], /topic filter is empty/);
  });

  it('rejects the null character [MQTT-4.7.3-2] [MQTT3-4.7.3-2]', () => {
    rejects(filterFault, ['\0', 'a/\0/#', '$share/\0/a'], /null character/);
  });

  it('rejects more levels than the limit', () => {
    accepts(filterFault, [deepest, `+${'/+'.repeat(topicSeparatorsMax)}`]);
    rejects(filterFault, [tooDeep, `+${'/+'.repeat(32_767)}`], /too many levels/);
  });

  it('wants a group of at least one character in a shared subscription [MQTT-4.8.2-1]', () => {
    accepts(filterFault, ['$share/g/a', '$share/g/a/+/#', '$share/a group//', '$share/g/#']);
    accepts(filterFault, ['$share', '$shared', '$Share//']); // not shared subscriptions
    rejects(filterFault, ['$share//a'], /has no group/);
  });

  it('wants no wildcard in the group and a filter after it [MQTT-4.8.2-2]', () => {
    rejects(filterFault, ['$share/+/a', '$share/g#/a'], /wildcard in its group/);
    rejects(filterFault, ['$share/g', '$share/g/', '$share/', '$share/#'], /no topic filter/);
    rejects(filterFault, ['$share/g/a#', '$share/g/#/a'], /misplaced '#'/);
  });
});

describe('parseShare', () => {
  it('splits a shared subscription into its group and its filter', () => {
    const cases: [filter: string, group: string, inside: string][] = [
      ['$share/g/a/+', 'g', 'a/+'],
      ['$share/consumers//finance', 'consumers', '/finance'],
      ['$share/g/#', 'g', '#'],
    ];
    for (const [filter, group, inside] of cases) {
      assert.deepEqual(parseShare(filter), { group, filter: inside });
    }
  });

  it('leaves every other filter alone', () => {
    for (const filter of [
      'a/b',
      '#',
      '$share',
      '$share/g',
      '$shared/g/a',
      '$SHARE/g/a',
      '/$share/g/a',
    ]) {
      assert.equal(parseShare(filter), undefined, filter);
    }
  });
});

describe('hasWildcard', () => {
  it('tells filters that match one topic from those that match many', () => {
    for (const filter of ['+', '#', 'a/+/b', 'a/#'])
      assert.equal(hasWildcard(filter), true, filter);
    for (const filter of ['a', '/', '$SYS/a']) assert.equal(hasWildcard(filter), false, filter);
  });
});
