/** A client's connection over WebSocket, with TLS below it or without. (MQTT 5.0 section 6) */

import { randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { Accept } from '../session/link.ts';
import {
  type ConnectOptions,
  type Destination,
  handshakeSecondsMax,
  openedArrival,
  openSocket,
  peerAt,
} from './open-socket.ts';
import type { TlsOptions } from './tls-client.ts';
import { UpgradeError } from './upgrade-error.ts';
import { startWebSocketLink } from './websocket-link.ts';
import { acceptOf } from './websocket-request.ts';

export type ConnectWebSocketOptions = ConnectOptions & {
  /** What is asked for of the server; most brokers that look at it want Mosquitto's `/mqtt`. */
  readonly resource?: string;
  /** Undefined: `ws://`; otherwise `wss://`. */
  readonly tls?: TlsOptions | undefined;
};

const subprotocol = 'mqtt'; // [MQTT-6.0.0-3]

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
  const url = new URL(`${scheme}://${authorityOf(destination)}${resource}`);
  return openSocket(destination, { signal, proxy, localAddress, tls }, async (socket) => {
    const peer = peerAt(destination, socket);
    await upgrade(socket, { url, signal }, (head) => {
      startWebSocketLink(openedArrival(socket, peer), accept, {
        head,
        from: 'server',
        frameBytesMax,
      });
    });
  });
}

/** @param use gets what the server has sent behind its answer */
function upgrade(
  socket: Socket,
  { url, signal }: { url: URL; signal: AbortSignal | undefined },
  use: (head: Uint8Array) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const key = randomBytes(16).toString('base64');
  const request = httpRequest({
    createConnection: () => socket,
    path: `${url.pathname}${url.search}`,
    headers: {
      Host: url.host,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': subprotocol,
    },
  });
  const giveUp = (reason: string, cause?: unknown): void => {
    reject(new UpgradeError(reason, { cause }));
    socket.destroy();
  };
  const late = `no answer came within ${handshakeSecondsMax} seconds`;
  const timer = setTimeout(() => giveUp(late), handshakeSecondsMax * 1000);
  const abort = () => giveUp('it was given up');
  signal?.addEventListener('abort', abort, { once: true });
  // Others may follow, as of the socket below.
  request.on('error', (error) => giveUp(error.message, error));
  request.on('response', ({ statusCode }) => giveUp(`Unexpected server response: ${statusCode}`));
  request.on('upgrade', (response, _socket, head) => {
    const fault = faultOf(response, key);
    if (fault !== undefined) return giveUp(fault);
    use(head);
    resolve();
  });
  request.end();
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}

/** @returns why the answer does not make a WebSocket for MQTT of the connection */
function faultOf({ statusCode, headers }: IncomingMessage, key: string): string | undefined {
  if (statusCode !== 101) return `Unexpected server response: ${statusCode}`;
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Invalid Upgrade header';
  if (headers['sec-websocket-accept'] !== acceptOf(key)) {
    return 'Invalid Sec-WebSocket-Accept header';
  }
  if (headers['sec-websocket-extensions'] !== undefined) {
    return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
  }
  const chosen = headers['sec-websocket-protocol'];
  if (chosen === subprotocol) return undefined;
  return chosen === undefined ? 'Server sent no subprotocol' : 'Server sent an invalid subprotocol';
}

function authorityOf(destination: Destination): string {
  if ('path' in destination) return 'localhost';
  const { host, port } = destination;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
