/** A client's connection over TCP. */

import type { Accept } from '../session/link.ts';
import { peerOf } from './arrival.ts';
import { openSocket } from './open-socket.ts';
import { startLink } from './socket-link.ts';

/**
 * Opens a connection; `accept` is called once it is there.
 *
 * @throws the system's error, such as ECONNREFUSED
 */
export function connectTcp(
  accept: Accept,
  { host, port, signal }: { host: string; port: number; signal?: AbortSignal },
): Promise<void> {
  return openSocket({ host, port }, { signal }, (socket) => {
    startLink({ socket, peer: peerOf(socket), credentials: undefined }, accept);
  });
}
