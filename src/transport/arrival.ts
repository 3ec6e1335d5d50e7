/**
 * A connection on its way to become a Link. What a listener does with one is put together from
 * layers, each of which hands it on: PROXY protocol, then TLS, then WebSocket or MQTT itself.
 *
 *     listenSockets(proxyProtocol(tls(webSocket(accept))))
 */

import type { Socket } from 'node:net';
import type { PeerCredentials } from '../session/link.ts';
import type { BareLink } from './bare-link.ts';

export interface Arrival {
  /** Plain or TLS; nothing has been read from it that the next layer would want. */
  readonly socket: Socket;
  /** The other end for people and logs: `192.0.2.1:51234`. */
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  /**
   * A link on the connection without its socket, which must not be asked for then, and is destroyed
   * if it was. Absent where there is more to the connection than TCP; undefined where the socket
   * has not done yet.
   */
  readonly bareLink?: (() => BareLink | undefined) | undefined;
}

/** One layer of a listener, with those behind it. */
export type Arrivals = (arrival: Arrival) => void;

/** The other end of a socket: `127.0.0.1:51234`, `[::1]:51234`. */
export function peerOf({ remoteAddress = '?', remotePort = 0 }: Socket): string {
  return peerText(remoteAddress, remotePort);
}

/** An end that has an address and a port, as people write it. */
export function peerText(address: string, port: number): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** An end of a Unix socket, which has a path at most, as Mosquitto writes it. */
export function unixPeerText(path: string): string {
  const name = path.replace(/\p{Cc}|\u{fffd}/gu, '?');
  return `${name === '' ? 'unix-socket' : name}:0`;
}
