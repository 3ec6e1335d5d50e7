/** MQTT over TCP, on Node's sockets. */

import { connect } from 'node:net';
import type { Accept } from '../session/link.ts';
import { peerOf } from './arrival.ts';
import { type Listener, type ListenSocketsOptions, listenSockets } from './listen-sockets.ts';
import { socketLinks, startLink } from './socket-link.ts';

/**
 * Listens, and has `accept` called for each connection.
 *
 * @throws the system's error, such as EADDRINUSE
 */
export function listenTcp(accept: Accept, options: ListenSocketsOptions = {}): Promise<Listener> {
  return listenSockets(socketLinks(accept), options);
}

/**
 * Opens a connection; `accept` is called once it is there.
 *
 * @throws the system's error, such as ECONNREFUSED
 */
export function connectTcp(
  accept: Accept,
  { host, port, signal }: { host: string; port: number; signal?: AbortSignal },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const abort = () => socket.destroy(new Error(`connecting to ${host} port ${port} was given up`));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const settled = () => signal?.removeEventListener('abort', abort);
  socket.once('error', reject);
  socket.once('connect', () => {
    settled();
    socket.off('error', reject);
    startLink({ socket, peer: peerOf(socket), credentials: undefined }, accept);
    resolve();
  });
  socket.once('close', settled);
  return promise;
}
