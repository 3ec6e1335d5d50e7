/** A client's connection over a Unix socket. */

import type { Accept } from '../session/link.ts';
import { openedArrival, openSocket } from './open-socket.ts';
import { startLink } from './socket-link.ts';

/**
 * Opens a connection; `accept` is called once it is there.
 *
 * @throws the system's error, such as ENOENT or ECONNREFUSED
 */
export function connectUnix(
  accept: Accept,
  { path, signal }: { path: string; signal?: AbortSignal },
): Promise<void> {
  return openSocket({ path }, { signal }, (socket) => {
    startLink(openedArrival(socket, path), accept);
  });
}
