/** A sensor: it publishes a temperature every second, and says so when it is gone. */

import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'pantala';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

await using client = await connect(process.env.MQTT_URL ?? 'mqtt://localhost', {
  clientId: 'sensor',
  will: { topic: 'home/sensor', payload: 'lost', qos: 1, retain: true },
  reconnect: { initially: true },
});
await client.publish('home/sensor', 'there', { qos: 1, retain: true });

while (!stop.signal.aborted) {
  const temperature = (20 + Math.random() * 5).toFixed(1);
  await client.publish('home/temperature', temperature, { qos: 1, retain: true });
  console.log(`${temperature} °C`);
  await setTimeout(1000, undefined, { signal: stop.signal }).catch(() => {});
}
await client.publish('home/sensor', 'gone', { qos: 1, retain: true });
