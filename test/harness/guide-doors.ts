/** Servers that docs/client.md tells of beside the one that it connects to. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createBroker, deriveScramCredential, scramSha256 } from '../../src/broker.ts';
import { reasonCodes } from '../../src/client.ts';
import { encodePacket } from '../../src/packet/packet.ts';

export interface Door extends AsyncDisposable {
  readonly port: number;
}

/** Sends clients of MQTT 5.0 to another port of this machine. */
export function redirectingDoor(port: number): Promise<Door> {
  const connack = encodePacket(
    {
      type: 'connack',
      sessionPresent: false,
      reasonCode: reasonCodes.useAnotherServer,
      properties: { serverReference: `127.0.0.1:${port}` },
    },
    5,
  );
  return open((socket) => socket.once('data', () => socket.end(connack)));
}

/** Lets in who knows Ann's password, and proves to know her. */
export async function scramDoor(): Promise<Door> {
  const ann = await deriveScramCredential('correct horse battery staple');
  const credentialOf = (userName: string) => (userName === 'ann' ? ann : undefined);
  const broker = createBroker({ hooks: scramSha256({ credentialOf }) });
  const { port } = await broker.listen({ port: 0 });
  return { port, [Symbol.asyncDispose]: () => broker.close() };
}

// Of a CONNECT that is shorter than 128 bytes.
const levelAt = 8;

/** In front of a server: knows nothing of MQTT 5.0, and says so in its own words. */
export function oldDoor(port: number): Promise<Door> {
  const unacceptableVersion = new Uint8Array([0x20, 2, 0, 1]);
  return open((socket) =>
    socket.once('data', (first: Buffer) => {
      if (first[levelAt] === 5) return void socket.end(unacceptableVersion);
      const inside = connect(port, '127.0.0.1');
      inside.on('error', () => socket.destroy());
      inside.write(first);
      socket.pipe(inside).pipe(socket);
    }),
  );
}

async function open(use: (socket: Socket) => void): Promise<Door> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    use(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
