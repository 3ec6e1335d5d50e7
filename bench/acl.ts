/** What the ACL check of one message costs: run this file with Node. */

import { parseAclFile } from '../src/auth/acl-file.ts';
import { matches } from '../src/topic/topic-filter.ts';

const client = { clientId: 'device-0042', userName: 'ann', peer: '192.0.2.1:50000' };
const patterns = 'pattern read command/%c/#\npattern write tele/%c/#\npattern readwrite chat/%u\n';
const own = 'user ann\ntopic read home/#\ntopic write home/+/set\ntopic deny home/safe/#\n';

/** Filters in the way of a fleet: none of them is the topic's. */
function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

const manyOwn = `user ann\n${lines(100, (index) => `topic write site/${index}/+/state`)}\n`;
const manyPatterns = lines(100, (index) => `pattern write site/${index}/%c/state`);

/** Topics come as the same string each time, as the packet reader's cache gives them. */
const cases = {
  'no rule, 3 own lines and 3 patterns': { acl: own + patterns, topic: 'other/a/b' },
  'an own line of 3': { acl: own + patterns, topic: 'home/lamp/set' },
  'a pattern of 3, after 3 own lines': { acl: own + patterns, topic: 'tele/device-0042/state' },
  'the last own line of 100': { acl: manyOwn, topic: 'site/99/room/state' },
  'the last pattern of 100': { acl: manyPatterns, topic: 'site/99/device-0042/state' },
};

for (const [name, { acl, topic }] of Object.entries(cases)) {
  const rules = parseAclFile(acl);
  const time = nanoseconds(() => rules.allows(client, 'write', topic));
  console.log(`${name}: ${time} ns (${rules.allows(client, 'write', topic)})`);
}
const filters = manyOwn.split('\n').flatMap((line) => line.split(' ')[2] ?? []);
const time = nanoseconds(() => filters.some((filter) => matches(filter, 'site/99/room/state')));
console.log(`the last own line of 100, by gone through one by one: ${time} ns`);

/** Of one run, the best of five rounds. */
function nanoseconds(run: () => boolean): number {
  const runs = 100_000;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    for (let turn = 0; turn < runs; turn += 1) run();
    best = Math.min(best, performance.now() - start);
  }
  return Math.round((best / runs) * 1e6);
}
