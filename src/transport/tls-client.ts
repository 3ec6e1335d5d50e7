/** The client's side of TLS: whom it trusts, and how it shows who it is. */

import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Destination } from './open-socket.ts';

export interface PreSharedKey {
  readonly identity: string;
  readonly key: Uint8Array;
}

export interface TlsOptions {
  /** Certificates in PEM that are trusted; undefined: those that come with Node. */
  readonly ca?: readonly string[] | undefined;
  /** The client's own certificate, with those of intermediate CAs behind it, in PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** In the place of certificates on both sides. Ends with TLS 1.2, as Mosquitto does. */
  readonly psk?: PreSharedKey | undefined;
  /** Takes a certificate for another name too; it must still be of a trusted CA. */
  readonly insecure?: boolean | undefined;
  /** Takes any certificate: who is at the other end is not known. */
  readonly unverified?: boolean | undefined;
  /** A protocol to ask for, such as `mqtt`. */
  readonly alpn?: string | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** In the way of OpenSSL; undefined: Node's choice. */
  readonly ciphers?: string | undefined;
  /** The name that is asked for and checked; undefined: that of the host. */
  readonly serverName?: string | undefined;
  /** Is given the keys of the connection, for Wireshark: whoever has them can read along. */
  readonly keylog?: ((line: Uint8Array) => void) | undefined;
}

/** How to get to the server; by default with a new socket, from where the system likes. */
export interface TlsWay {
  readonly socket?: Socket;
  readonly localAddress?: string;
  readonly family?: number;
}

/**
 * Begins a connection with TLS on it; nothing is sent over it before the server is trusted.
 *
 * @throws the error of OpenSSL when the options are no good
 */
export function startTls(
  destination: Destination,
  options: TlsOptions,
  way: TlsWay = {},
): TLSSocket {
  const { keylog, serverName } = options;
  const name = serverName ?? ('host' in destination ? destination.host : undefined);
  const socket = connect({ ...destination, ...way, ...secureOptions(options, name) });
  if (keylog !== undefined) socket.on('keylog', keylog);
  return socket;
}

function secureOptions(
  { ca, cert, key, psk, insecure, unverified, alpn, minVersion, ciphers }: TlsOptions,
  name: string | undefined,
): ConnectionOptions {
  const common: ConnectionOptions = { minVersion: minVersion ?? 'TLSv1.2' };
  if (ciphers !== undefined) common.ciphers = ciphers;
  if (alpn !== undefined) common.ALPNProtocols = [alpn];
  if (unverified) common.rejectUnauthorized = false;
  // RFC 6066 section 3 allows no address here.
  if (name !== undefined && isIP(name) === 0) common.servername = name;
  // There is no name to check behind a Unix socket, and none in a pre-shared key.
  if (insecure || psk || name === undefined) common.checkServerIdentity = () => undefined;
  if (psk !== undefined) {
    const { identity } = psk;
    return {
      ciphers: 'PSK',
      ...common,
      maxVersion: 'TLSv1.2',
      pskCallback: () => ({ psk: psk.key, identity }),
    };
  }
  return {
    ...common,
    ...(ca && { ca: [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
