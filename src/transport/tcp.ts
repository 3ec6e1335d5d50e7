/** MQTT over TCP, on Node's sockets. */

import type { Accept } from '../session/link.ts';
import { type Listener, type ListenSocketsOptions, listenSockets } from './listen-sockets.ts';
import { socketLinks } from './socket-link.ts';

/**
 * Listens, and has `accept` called for each connection.
 *
 * @throws the system's error, such as EADDRINUSE
 */
export function listenTcp(accept: Accept, options: ListenSocketsOptions = {}): Promise<Listener> {
  return listenSockets(socketLinks(accept), options);
}
