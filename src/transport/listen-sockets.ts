/** Sockets that connections come in through. */

import { createServer, type Server } from 'node:net';
import { type Arrivals, peerOf } from './arrival.ts';

export interface ListenSocketsOptions {
  /** 0: the system chooses. */
  readonly port?: number;
  /** Address or name to listen on; undefined: every address of the machine. */
  readonly host?: string | undefined;
  /** Only this family where `host` is a name or undefined. */
  readonly family?: 4 | 6 | undefined;
}

/** A port that connections come in through. */
export interface Listener {
  readonly port: number;
  readonly host: string;
  /** Takes no more connections; those that are open stay. Resolves when the last has closed. */
  close(): Promise<void>;
}

// Connections that the kernel holds until they are accepted: a fleet that returns after an outage
// comes all at once.
const backlog = 4096;
const keepAliveProbeMilliseconds = 60_000;

/**
 * Listens, and hands every connection to `arrivals`.
 *
 * @throws the system's error, such as EADDRINUSE
 */
export async function listenSockets(
  arrivals: Arrivals,
  { port = 1883, host, family }: ListenSocketsOptions = {},
): Promise<Listener> {
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMilliseconds,
  });
  server.on('connection', (socket) => {
    arrivals({ socket, peer: peerOf(socket), credentials: undefined });
  });
  await listening(server, {
    port,
    host: host ?? (family === 4 ? '0.0.0.0' : '::'),
    ipv6Only: family === 6,
    backlog,
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    host: address.address,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listening(server: Server, options: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}
