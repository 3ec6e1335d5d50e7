/**
 * Publishes lines from standard input, through any outage: what the server has not acknowledged
 * waits, and goes out in its order when the server is back. The credentials are made anew each time.
 */

import process from 'node:process';
import { createInterface } from 'node:readline';
import { connect } from 'pantala';

await using client = await connect(process.env.MQTT_URL ?? 'mqtt://localhost', {
  clientId: 'line-printer',
  credentials: ({ number }) => ({ userName: 'ann', password: `attempt ${number}` }),
  reconnect: { initially: true, firstDelayMilliseconds: 100, delayMillisecondsMax: 5000 },
  outbox: { messagesMax: 1000, whenFull: 'wait' },
});
client.on('connected', ({ server }) => console.log(`connected to ${server.host}`));
client.on('disconnected', ({ failure }) => console.log(failure?.message ?? 'done'));
client.on('reconnecting', ({ delayMilliseconds }) => {
  console.log(`next attempt in ${delayMilliseconds} ms, ${client.pendingMessages} messages wait`);
});

console.log('type lines, and Ctrl-D at the end');
const published: Promise<unknown>[] = [];
for await (const line of createInterface(process.stdin)) {
  published.push(client.publish('lines', line, { qos: 1 }));
}
await Promise.all(published);
console.log(`${published.length} lines have arrived`);
