/**
 * Logs clients in by SCRAM-SHA-256, over enhanced authentication of MQTT 5.0: the password never
 * travels, the broker keeps nothing that would let anybody in, and proves that it knows the user.
 */

import process from 'node:process';
import { createBroker, deriveScramCredential, scramSha256 } from 'pantala/broker';

// In earnest these stand in a database, as they were made when the user chose a password.
const users = new Map([['ann', await deriveScramCredential('correct horse battery staple')]]);

const broker = createBroker({
  hooks: [
    scramSha256({ credentialOf: (userName) => users.get(userName) }),
    {
      authorize({ topic, client }) {
        const { userName } = client.grant as { userName: string };
        return topic.startsWith(`users/${userName}/`) ? 'allow' : 'deny';
      },
    },
  ],
});

const { host, port } = await broker.listen({ port: Number(process.env.PORT ?? 1883) });
console.log(`listening on ${host}:${port}`);

process.once('SIGTERM', () => broker.close());
process.once('SIGINT', () => broker.close());
