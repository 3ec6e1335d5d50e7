/** How a client's socket comes to be open: over TCP or a Unix socket, with TLS on it or without. */

import { connect, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Arrival, peerOf } from './arrival.ts';
import { handleOf, takeBack } from './bare-handle.ts';
import { BareLink } from './bare-link.ts';
import { HandshakeError } from './handshake-error.ts';
import { connectThrough, type SocksProxy } from './socks5.ts';
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
  /** Undefined: the way is direct, as it always is to a Unix socket. */
  readonly proxy?: SocksProxy | undefined;
  /** An address of this machine to connect from; undefined: the system's choice. */
  readonly localAddress?: string | undefined;
}

/** What is asked for of a connection that leads to a server. */
export type ConnectOptions = Destination &
  Pick<OpenSocketOptions, 'signal' | 'proxy' | 'localAddress'>;

/** For a server that takes the connection and says nothing. */
export const handshakeSecondsMax = 30;

/**
 * Opens a socket and hands it to `use` as soon as it is open, so that nothing of it is missed.
 *
 * @returns what `use` returns
 * @throws the system's error, such as ECONNREFUSED; SocksError; HandshakeError once it is about TLS
 */
export function openSocket(
  destination: Destination,
  { proxy, ...options }: OpenSocketOptions,
  use: Use,
): Promise<void> {
  if (proxy === undefined || 'path' in destination) return open(destination, options, use);
  const { signal, localAddress, tls } = options;
  return open({ host: proxy.host, port: proxy.port }, { signal, localAddress }, async (socket) => {
    const giveUp = () => socket.destroy();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await connectThrough(socket, proxy, destination);
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    if (tls === undefined) return use(socket);
    return open(destination, { signal, tls, through: socket }, use);
  });
}

type Use = (socket: Socket) => void | Promise<void>;

interface DirectOptions extends Omit<OpenSocketOptions, 'proxy'> {
  /** A socket that leads to the destination already. */
  readonly through?: Socket;
}

async function open(
  destination: Destination,
  { signal, tls, localAddress, through }: DirectOptions,
  use: Use,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const from = localAddress === undefined ? {} : { localAddress, family: isIP(localAddress) };
  const socket =
    tls === undefined
      ? connect({ ...destination, ...from, noDelay: true, keepAlive: true })
      : (await import('./tls-client.ts')).startTls(destination, tls, {
          ...from,
          ...(through && { socket: through }),
        });
  const name = nameOf(destination);
  const abort = () => socket.destroy(new Error(`connecting to ${name} was given up`));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  let fail = reject;
  if (tls !== undefined) {
    const isReached = through !== undefined;
    fail = watchHandshake(socket as TLSSocket, { name, isReached, reject });
  }
  socket.once('error', fail);
  socket.once('close', () => signal?.removeEventListener('abort', abort));
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    signal?.removeEventListener('abort', abort);
    socket.off('error', fail);
    resolve(use(socket));
  });
  return promise;
}

/** The connection of a socket that is open, for whoever makes a link of it. */
export function openedArrival(socket: Socket, peer: string): Arrival {
  const handle = handleOf(socket);
  const bareLink = () => {
    if (handle === undefined || !takeBack(handle, socket)) return undefined;
    return new BareLink(handle, peer, alone);
  };
  return { socket, peer, credentials: undefined, bareLink };
}

/** The links of a client come and go one by one. */
const alone = {
  hungUp: (link: BareLink): void => link.hangUp(),
  ended: (): void => {},
};

/** The other end for people and logs. */
export function peerAt(destination: Destination, socket: Socket): string {
  return 'path' in destination ? destination.path : peerOf(socket);
}

export function nameOf(destination: Destination): string {
  return 'path' in destination ? destination.path : `${destination.host} port ${destination.port}`;
}

interface Watch {
  readonly name: string;
  /** There is a connection already, and the handshake on it begins. */
  readonly isReached: boolean;
  readonly reject: (error: Error) => void;
}

/** @returns `reject` for what goes wrong, with the certificate that was seen until then */
function watchHandshake(socket: TLSSocket, watch: Watch): (error: Error) => void {
  const { name, reject } = watch;
  let { isReached } = watch;
  let certificate: HandshakeError['certificate'];
  let timer: NodeJS.Timeout | undefined;
  const reached = () => {
    isReached = true;
    timer = setTimeout(() => {
      const text = `${name} has not answered in TLS within ${handshakeSecondsMax} seconds`;
      socket.destroy(Object.assign(new Error(text), { code: 'HANDSHAKE_TIMEOUT' }));
    }, handshakeSecondsMax * 1000);
  };
  if (isReached) reached();
  socket.once('connect', () => {
    socket.setNoDelay(true).setKeepAlive(true);
    if (!isReached) reached();
  });
  // Before Node judges the certificate, and drops the connection together with it.
  socket.prependOnceListener('secure', () => {
    certificate = socket.getPeerX509Certificate();
  });
  socket.once('secureConnect', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
  return (error) => reject(isReached ? new HandshakeError(error, certificate) : error);
}
