/** A broker inside a program: it counts what it sees, and tells everybody. */

import process from 'node:process';
import { createBroker } from 'pantala/broker';

let messages = 0;
let clients = 0;

const broker = createBroker({
  hooks: {
    connected({ clientId, peer }) {
      clients++;
      console.log(`${clientId} has come from ${peer}`);
    },
    disconnected({ client, message }) {
      clients--;
      console.log(`${client.clientId} has gone: ${message}`);
    },
    publish({ topic, client }) {
      messages++;
      console.log(`${client.clientId} publishes to ${topic}`);
      broker.publish('statistics', JSON.stringify({ messages, clients }), { retain: true });
    },
  },
});

const { host, port } = await broker.listen({ port: Number(process.env.PORT ?? 1883) });
console.log(`listening on ${host}:${port}`);

process.once('SIGTERM', () => broker.close());
process.once('SIGINT', () => broker.close());
