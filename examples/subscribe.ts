/** Prints what is published below home/, until Ctrl-C. */

import process from 'node:process';
import { connect } from 'pantala';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

await using client = await connect(process.env.MQTT_URL ?? 'mqtt://localhost', {
  reconnect: { initially: true },
});
client.on('disconnected', ({ failure }) => console.error(failure?.message ?? 'goodbye'));

const messages = client.subscribe('home/#', { qos: 1, signal: stop.signal });
await messages.granted;
console.log('waiting for messages');
for await (const message of messages) {
  console.log(`${message.topic}${message.retain ? ' (retained)' : ''}: ${message.text()}`);
}
