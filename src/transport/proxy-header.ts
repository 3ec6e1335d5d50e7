/** The PROXY protocol's header, in which a load balancer says whom it brings. */

import { readBinaryHeader } from './proxy-header-binary.ts';
import { corrupt } from './proxy-header-error.ts';
import { readTextHeader } from './proxy-header-text.ts';

export type ProxyVersion = 1 | 2;

export type ProxyHeader =
  /** The load balancer speaks for itself, or does not know for whom: the socket's ends count. */
  | { readonly type: 'local' }
  | {
      readonly type: 'proxied';
      /** The client's end for people and logs, as of a socket of its own: `192.0.2.1:51234`. */
      readonly peer: string;
      /** Undefined: the client has come to the load balancer without TLS. */
      readonly tls: ProxiedTls | undefined;
    };

/** What a load balancer knows of the TLS that it has ended. */
export interface ProxiedTls {
  /** `TLSv1.3/TLS_AES_256_GCM_SHA384`, as far as it has said so: at least `TLS`. */
  readonly cipher: string;
  /** The client has shown a certificate, and the load balancer has found it good. */
  readonly hasVerifiedCertificate: boolean;
  /** The common name in that certificate; undefined where it has none, or it was not told. */
  readonly commonName: string | undefined;
}

export interface ReadProxyHeader {
  readonly header: ProxyHeader;
  /** Bytes that it takes: what follows is the client's. */
  readonly length: number;
}

/**
 * Reads the header that the first `bytes` of a connection begin with. How many of them there are
 * already makes no difference to what comes out in the end.
 *
 * @returns undefined while more bytes have to come
 * @throws ProxyHeaderError for what is no header of the version
 */
export function readProxyHeader(
  bytes: Uint8Array,
  version: ProxyVersion,
): ReadProxyHeader | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== firstByte[version]) throw missing(bytes[0], version);
  return version === 1 ? readTextHeader(bytes) : readBinaryHeader(bytes);
}

const firstByte = { 1: 0x50, 2: 0x0d } as const;
const directive = { 1: 'send-proxy', 2: 'send-proxy-v2' } as const;

/** What strangers begin with, and what that makes of them. */
const knownFirstBytes: ReadonlyMap<number, string> = new Map([
  [0x10, 'an MQTT client'],
  [0x16, 'a TLS client'],
  [0x47, 'an HTTP client'],
]);

function missing(first: number, version: ProxyVersion): Error {
  const other = version === 1 ? 2 : 1;
  if (first === firstByte[other]) {
    return corrupt(
      `it seems to be one of version ${other}: set enable_proxy_protocol ${other} here, or have` +
        ` the load balancer send version ${version} (${directive[version]} in HAProxy)`,
    );
  }
  const who = knownFirstBytes.get(first) ?? 'a client';
  return corrupt(
    `it is missing, as if ${who} had come past the load balancer: have the load balancer send it` +
      ` (${directive[version]} in HAProxy), and clients connect to nothing else`,
  );
}
