/** A client's connection over TCP. */

import type { Accept } from '../session/link.ts';
import { peerOf } from './arrival.ts';
import { type ConnectOptions, openedArrival, openSocket } from './open-socket.ts';
import { startLink } from './socket-link.ts';

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
