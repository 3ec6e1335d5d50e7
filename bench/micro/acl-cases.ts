/** What the check of a message against an ACL file costs. */

import { parseAclFile } from '../../src/auth/acl-file.ts';
import type { MicroCase } from './micro-case.ts';

const client = { clientId: 'device-0042', userName: 'ann', peer: '192.0.2.1:50000' };
const own = 'user ann\ntopic read home/#\ntopic write home/+/set\ntopic deny home/safe/#\n';
const patterns = 'pattern read command/%c/#\npattern write tele/%c/#\npattern readwrite chat/%u\n';

/** In the way of a fleet: none of them is the topic's but the last. */
const manyOwn = `user ann\n${lines((index) => `topic write site/${index}/+/state`)}\n`;
const manyPatterns = lines((index) => `pattern write site/${index}/%c/state`);

export const aclCases: readonly MicroCase[] = [
  allow('no rule', own + patterns, 'other/a/b', 1.2),
  allow('a pattern of 3, after 3 own lines', own + patterns, 'tele/device-0042/state', 2.7),
  allow('the last own line of 100', manyOwn, 'site/99/room/state', 1.9),
  allow('the last pattern of 100', manyPatterns, 'site/99/device-0042/state', 58),
];

/** Topics come as the same string each time, as the packet reader's cache gives them. */
function allow(name: string, acl: string, topic: string, budget: number): MicroCase {
  const rules = parseAclFile(acl);
  const run = (): void => {
    rules.allows(client, 'write', topic);
  };
  return { name: `ACL: ${name}`, budget, runs: 20_000, run };
}

function lines(line: (index: number) => string): string {
  return Array.from({ length: 100 }, (_, index) => line(index)).join('\n');
}
