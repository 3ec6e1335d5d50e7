/** Devices speak below their own name only; what they say must be JSON, and gets a time. */

import process from 'node:process';
import { createBroker, type Hooks } from 'pantala/broker';

const passwords = new Map([
  ['lamp', 'l1ght'],
  ['door', 'kn0ck'],
]);

export const hooks: Hooks = {
  authenticate({ userName, password }) {
    const known = userName !== undefined && passwords.get(userName);
    if (!known || Buffer.from(password ?? []).toString() !== known) return 'deny';
    return { type: 'allow', grant: { device: userName } };
  },

  authorize({ access, topic, client }) {
    const { device } = client.grant as { device: string };
    if (topic.startsWith(`devices/${device}/`)) return 'allow';
    if (access === 'publish') return { type: 'deny', reason: `only below devices/${device}/` };
    return topic.startsWith('news/') ? 'allow' : 'deny';
  },

  publish({ payload, properties }) {
    try {
      const value = JSON.parse(Buffer.from(payload).toString());
      const stamped = JSON.stringify({ ...value, time: new Date().toISOString() });
      return { type: 'change', payload: stamped, properties };
    } catch {
      return { type: 'deny', reasonCode: 0x99, reason: 'the payload is no JSON' };
    }
  },
};

const broker = createBroker({ hooks });
const { host, port } = await broker.listen({ port: Number(process.env.PORT ?? 1883) });
console.log(`listening on ${host}:${port}`);

process.once('SIGTERM', () => broker.close());
process.once('SIGINT', () => broker.close());
