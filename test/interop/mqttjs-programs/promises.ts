/** The same with promises: the example that MQTT.js has for its methods whose names end in Async. */

import process from 'node:process';
import { connectAsync } from 'mqtt';

const client = await connectAsync(process.env.MQTT_URL!);
console.log('connected');

try {
  const granted = await client.subscribeAsync('weather/#', { qos: 1 });
  console.log('granted', JSON.stringify(granted));
  const arrived = new Promise<void>((done) => {
    client.once('message', (topic, payload, packet) => {
      console.log(topic, String(payload), packet.cmd, packet.qos, packet.retain, packet.dup);
      done();
    });
  });
  await client.publishAsync('weather/rome', 'sunny', { qos: 1 });
  await arrived;
  await client.unsubscribeAsync('weather/#');
  await client.endAsync();
  console.log('ended', client.connected, client.reconnecting);
} catch (error) {
  console.error(error);
  process.exit(1);
}
