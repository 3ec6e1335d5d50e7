/** How a client's socket comes to be open: over TCP or a Unix socket, with TLS on it or without. */

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { peerOf } from './arrival.ts';
import { HandshakeError } from './handshake-error.ts';
import type { TlsOptions } from './tls-client.ts';

/** Where a server listens; `path` is that of a Unix socket. */
export type Destination =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

export interface OpenSocketOptions {
  /** Gives the connection up, as long as it is not open. */
  readonly signal?: AbortSignal | undefined;
  /** Undefined: what is sent can be read on the way. */
  readonly tls?: TlsOptions | undefined;
}

/** For a server that takes the connection and says nothing. */
export const handshakeSecondsMax = 30;

/**
 * Opens a socket and hands it to `use` as soon as it is open, so that nothing of it is missed.
 *
 * @returns what `use` returns
 * @throws the system's error, such as ECONNREFUSED; HandshakeError once it is about TLS
 */
export async function openSocket(
  destination: Destination,
  { signal, tls }: OpenSocketOptions,
  use: (socket: Socket) => void | Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket =
    tls === undefined
      ? connect({ ...destination, noDelay: true, keepAlive: true })
      : (await import('./tls-client.ts')).startTls(destination, tls);
  const name = nameOf(destination);
  const abort = () => socket.destroy(new Error(`connecting to ${name} was given up`));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let fail = reject;
  if (tls !== undefined) fail = watchHandshake(socket as TLSSocket, name, reject);
  socket.once('error', fail);
  socket.once('close', () => signal?.removeEventListener('abort', abort));
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    signal?.removeEventListener('abort', abort);
    socket.off('error', fail);
    resolve(use(socket));
  });
  return promise;
}

/** The other end for people and logs. */
export function peerAt(destination: Destination, socket: Socket): string {
  return 'path' in destination ? destination.path : peerOf(socket);
}

export function nameOf(destination: Destination): string {
  return 'path' in destination ? destination.path : `${destination.host} port ${destination.port}`;
}

/** @returns `reject` for what goes wrong, with the certificate that was seen until then */
function watchHandshake(
  socket: TLSSocket,
  name: string,
  reject: (error: Error) => void,
): (error: Error) => void {
  let certificate: HandshakeError['certificate'];
  let timer: NodeJS.Timeout | undefined;
  let isReached = false;
  socket.once('connect', () => {
    isReached = true;
    socket.setNoDelay(true).setKeepAlive(true);
    timer = setTimeout(() => {
      const text = `${name} has not answered in TLS within ${handshakeSecondsMax} seconds`;
      socket.destroy(Object.assign(new Error(text), { code: 'HANDSHAKE_TIMEOUT' }));
    }, handshakeSecondsMax * 1000);
  });
  // Before Node judges the certificate, and drops the connection together with it.
  socket.prependOnceListener('secure', () => {
    certificate = socket.getPeerX509Certificate();
  });
  socket.once('secureConnect', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
  return (error) => reject(isReached ? new HandshakeError(error, certificate) : error);
}
