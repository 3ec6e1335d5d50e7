/** Publisher and subscriber in one, with callbacks: what the README of MQTT.js begins with. */

import process from 'node:process';
import mqtt from 'mqtt';

const client = mqtt.connect(process.env.MQTT_URL!);

client.on('connect', () => {
  client.subscribe('presence', (error) => {
    if (error) throw error;
    client.publish('presence', 'Good morning');
  });
});

client.on('message', (topic, message) => {
  console.log(`${topic}: ${message.toString()}`);
  client.end();
});
