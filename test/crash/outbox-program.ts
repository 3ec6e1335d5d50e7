/**
 * A program with an outbox, to be killed: `PORT FILE FIRST` publishes numbers from FIRST on, and
 * says of each that it tries it, and that it is stored; `PORT FILE drain` sends what is left.
 */

import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, fileOutbox } from '../../src/client.ts';

const openMax = 10;

const [port, file, first] = process.argv.slice(2);
const client = await connect(`mqtt://127.0.0.1:${port}`, {
  clientId: 'crashing',
  outbox: { store: fileOutbox(file) },
  reconnect: { initially: true, firstDelayMilliseconds: 20, delayMillisecondsMax: 100 },
});
say('ready');
if (first === 'drain') {
  await client.disconnect({ drainSeconds: 60 });
  say(`left ${client.pendingMessages}`);
} else {
  const open = new Set<Promise<unknown>>();
  for (let number = Number(first); ; number++) {
    say(`tries ${number}`);
    const stored = client
      .publish('numbers', String(number), { qos: 2, until: 'stored' })
      .then(() => say(`stored ${number}`))
      .finally(() => open.delete(stored));
    open.add(stored);
    if (open.size >= openMax) await Promise.race(open);
    if (number % openMax === 0) await sleep(1);
  }
}

/** A pipe is written at once: what is said is known, even if this is the last moment. */
function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
