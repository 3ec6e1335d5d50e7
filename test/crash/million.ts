/**
 * One million messages of QoS 2 through a broker that is killed every few seconds, over connections
 * that are cut at random: each arrives once. `node --expose-gc million.ts [--messages N]`; it takes
 * some minutes. Without `--expose-gc` garbage counts as growth of the heap.
 */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { exactlyOnce } from './exactly-once.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '1000000' } } });
const messages = Number(values.messages);
const outcome = await exactlyOnce({
  messages,
  killSeconds: 4,
  cutSeconds: 0.7,
  patienceSeconds: 60,
  random: Math.random,
});
console.log(outcome);
if (outcome.arrived !== messages || outcome.twice > 0) process.exitCode = 1;
process.exit();
