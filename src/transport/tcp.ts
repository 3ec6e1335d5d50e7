/** MQTT over TCP, on Node's sockets. */

import type { Accept } from '../session/link.ts';
import { peerOf } from './arrival.ts';
import { type Listener, type ListenSocketsOptions, listenSockets } from './listen-sockets.ts';
import { type ConnectOptions, openedArrival, openSocket } from './open-socket.ts';
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
 * @throws the system's error, such as ECONNREFUSED; SocksError
 */
export function connectTcp(
  accept: Accept,
  { host, port, ...options }: Extract<ConnectOptions, { readonly host: string }>,
): Promise<void> {
  return openSocket({ host, port }, options, (socket) => {
    startLink(openedArrival(socket, peerOf(socket)), accept);
  });
}
