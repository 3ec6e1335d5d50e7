/** A client's connection over a Unix socket. */

import type { Accept } from '../session/link.ts';
import type { Reading } from './arrival.ts';
import { openSocket } from './open-socket.ts';
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
  const reading: Reading = { receive() {} };
  return openSocket({ path }, { signal, reading }, (socket) => {
    startLink({ socket, peer: path, credentials: undefined, reading }, accept);
  });
}
