/** A client's connection over TLS. */

import type { Accept } from '../session/link.ts';
import { type ConnectOptions, type Destination, openSocket, peerAt } from './open-socket.ts';
import { startLink } from './socket-link.ts';
import type { TlsOptions } from './tls-client.ts';

export type ConnectTlsOptions = ConnectOptions & TlsOptions;

/**
 * Opens a connection; `accept` is called once the server has shown who it is.
 *
 * @throws the system's error, such as ECONNREFUSED; SocksError; HandshakeError when there is
 *   somebody, but no TLS with them that could be trusted
 */
export function connectTls(accept: Accept, options: ConnectTlsOptions): Promise<void> {
  const { signal, proxy, localAddress, ...tls } = options;
  const destination: Destination =
    'path' in options ? { path: options.path } : { host: options.host, port: options.port };
  return openSocket(destination, { signal, proxy, localAddress, tls }, (socket) => {
    const peer = peerAt(destination, socket);
    startLink({ socket, peer, credentials: undefined }, accept);
  });
}
