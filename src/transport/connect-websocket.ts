/** A client's connection over WebSocket, with TLS below it or without. (MQTT 5.0 section 6) */

import { once } from 'node:events';
import { isIPv6, type Socket } from 'node:net';
import WebSocket from 'ws';
import type { Accept } from '../session/link.ts';
import {
  type ConnectOptions,
  type Destination,
  handshakeSecondsMax,
  openSocket,
  peerAt,
} from './open-socket.ts';
import type { TlsOptions } from './tls-client.ts';
import { UpgradeError } from './upgrade-error.ts';
import { startWebSocketLink } from './websocket-link.ts';

export type ConnectWebSocketOptions = ConnectOptions & {
  /** What is asked for of the server; most brokers that look at it want Mosquitto's `/mqtt`. */
  readonly resource?: string;
  /** Undefined: `ws://`; otherwise `wss://`. */
  readonly tls?: TlsOptions | undefined;
};

// The largest packet of MQTT, which some client may send in one frame. (MQTT 5.0 table 2-4)
const frameBytesMax = 5 + 268_435_455;

/**
 * Opens a connection; `accept` is called once the server has agreed to speak MQTT over it.
 *
 * @throws the system's error, such as ECONNREFUSED; SocksError; HandshakeError; UpgradeError
 */
export function connectWebSocket(accept: Accept, options: ConnectWebSocketOptions): Promise<void> {
  const { resource = '/mqtt', tls, signal, proxy, localAddress } = options;
  const destination: Destination =
    'path' in options ? { path: options.path } : { host: options.host, port: options.port };
  const scheme = tls === undefined ? 'ws' : 'wss';
  const url = `${scheme}://${authorityOf(destination)}${resource}`;
  return openSocket(destination, { signal, proxy, localAddress, tls }, (socket) => {
    const peer = peerAt(destination, socket);
    return upgrade(socket, { url, signal }, (webSocket) => {
      startWebSocketLink(webSocket, { socket, peer, credentials: undefined }, accept);
    });
  });
}

async function upgrade(
  socket: Socket,
  { url, signal }: { url: string; signal: AbortSignal | undefined },
  use: (webSocket: WebSocket) => void,
): Promise<void> {
  const webSocket = new WebSocket(url, 'mqtt', {
    createConnection: () => socket,
    handshakeTimeout: handshakeSecondsMax * 1000,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
  });
  webSocket.once('open', () => use(webSocket));
  const abort = () => webSocket.terminate();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await once(webSocket, 'open');
  } catch (cause) {
    // Errors may follow, as of the socket below, and nobody would hear them.
    webSocket.on('error', () => undefined);
    throw new UpgradeError(cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function authorityOf(destination: Destination): string {
  if ('path' in destination) return 'localhost';
  const { host, port } = destination;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
