/**
 * Kills a broker again and again, and tells whether it lost anything that it had acknowledged:
 * `run.ts [--kills N] [--seed N] [--durability sync|os|none] [--signal KILL|MIX|TERM|CUT]
 * [--seconds-between S] [--broker pantala|memory|mosquitto] [--publishers N] [--subscribers N]
 * [--messages-per-second N] [--tolerate KIND] [--packets FILE]`. The broker `memory` must be found
 * to lose everything; Mosquitto, which saves when it stops, nothing with `--signal TERM`.
 */

import { randomInt } from 'node:crypto';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type CrashOptions, crashDefaults, crashRun } from './crash-run.ts';
import { explain, summaryOf } from './figures.ts';
import { stopKinds } from './killer.ts';
import { failureKinds } from './ledger.ts';

const names = [
  ...['seed', 'kills', 'broker', 'durability', 'signal', 'seconds-between'],
  ...['publishers', 'subscribers', 'messages-per-second', 'tolerate', 'packets'],
] as const;
const { values } = parseArgs({
  options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
});
const brokers = ['pantala', 'memory', 'mosquitto'] as const;
const durabilities = ['sync', 'os', 'none'] as const;

// Ends the broker as well.
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

const options: CrashOptions = {
  seed: number('seed', randomInt(2 ** 31)),
  kills: number('kills', 100),
  broker: oneOf('broker', brokers),
  durability: oneOf('durability', durabilities),
  signal: oneOf('signal', stopKinds),
  secondsBetween: number('seconds-between', crashDefaults.secondsBetween),
  publishers: number('publishers', crashDefaults.publishers),
  subscribers: number('subscribers', crashDefaults.subscribers),
  messagesPerSecond: number('messages-per-second', crashDefaults.messagesPerSecond),
  packets: values.packets === undefined ? '' : String(values.packets),
  tolerate: values.tolerate === undefined ? [] : [oneOf('tolerate', failureKinds)],
};
const outcome = await crashRun(options);
if (outcome.failures.length === 0) {
  console.log(summaryOf(outcome));
} else {
  console.log(explain(outcome));
  process.exitCode = 1;
}

function number(name: string, otherwise: number): number {
  const text = values[name];
  if (text === undefined) return otherwise;
  if (typeof text === 'string' && /^\d+(\.\d+)?$/.test(text)) return Number(text);
  return refuse(`--${name} '${text}' is not a number, as in --${name} 7`);
}

/** The first one unless the command line says another. */
function oneOf<T extends string>(name: string, choices: readonly T[]): T {
  const text = values[name] ?? choices[0];
  const choice = choices.find((one) => one === text);
  return choice ?? refuse(`--${name} '${text}' is none of ${choices.join(', ')}`);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
