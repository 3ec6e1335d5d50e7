/** A program that was written for MQTT.js, but for its first import. */

import process from 'node:process';
import mqtt from 'pantala/mqttjs';

const client = mqtt.connect(process.env.MQTT_URL ?? 'mqtt://localhost', { reconnectPeriod: 500 });

client.on('connect', () => {
  client.subscribe('presence', (error) => {
    if (error) throw error;
    client.publish('presence', `hello from process ${process.pid}`);
  });
});

client.on('message', (topic, payload) => {
  console.log(topic, payload.toString());
  client.end();
});

client.on('offline', () => console.log('waiting for the server'));
client.on('error', (error) => console.error(error.message));
