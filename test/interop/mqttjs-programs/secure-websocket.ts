/**
 * Everything at once, as MQTT.js shows it for secure WebSockets: a will, a login, options of the
 * connection, and work that is asked for before there is one.
 */

import process from 'node:process';
import mqtt from 'mqtt';

const clientId = `weather_${Math.random().toString(16).slice(2, 10)}`;

const client = mqtt.connect(process.env.MQTT_URL!, {
  keepalive: 10,
  clientId,
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  reconnectPeriod: 1000,
  connectTimeout: 30 * 1000,
  will: {
    topic: 'wills/weather',
    payload: Buffer.from('gone without a word'),
    qos: 0,
    retain: false,
  },
  username: 'demo',
  password: 'demo',
  rejectUnauthorized: false,
});

client.on('error', (error) => {
  console.log(error.message);
  client.end();
});

client.on('connect', ({ sessionPresent, returnCode }) => {
  console.log('connected', client.options.clientId === clientId, sessionPresent, returnCode);
});

client.subscribe({ 'weather/rome': { qos: 0 }, 'weather/+/wind': { qos: 2 } });
client.publish('weather/rome', 'sunny', { qos: 0, retain: false });
client.publish('weather/rome/wind', '', { qos: 0 });

client.on('message', (topic, message) => {
  console.log(`received ${message.length} bytes on ${topic}`);
  if (topic.endsWith('wind')) client.end();
});

client.on('close', () => {
  console.log('disconnected');
});

client.on('end', () => console.log('ended'));
