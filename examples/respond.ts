/** A service: it adds the numbers of each request. Several of them share the work. */

import process from 'node:process';
import { connect } from 'pantala';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

await using client = await connect(process.env.MQTT_URL ?? 'mqtt://localhost');

const service = client.respond('$share/adders/services/add', (request) => {
  const numbers = request.json<number[]>();
  return JSON.stringify(numbers.reduce((sum, number) => sum + number, 0));
});
client.on('error', ({ error }) => console.error(error));
await service.granted;
console.log('ready');

await new Promise((done) => stop.signal.addEventListener('abort', done));
