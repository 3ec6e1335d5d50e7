/** The layer of a listener behind a load balancer that speaks the PROXY protocol. */

import type { Socket } from 'node:net';
import process from 'node:process';
import type { PeerCredentials } from '../session/link.ts';
import type { Arrival, Arrivals } from './arrival.ts';
import { HalfOpen, type HalfOpenEnd } from './half-open.ts';
import {
  type ProxiedTls,
  type ProxyHeader,
  type ProxyVersion,
  readProxyHeader,
} from './proxy-header.ts';
import { ProxyHeaderError } from './proxy-header-error.ts';

export interface ProxyProtocolOptions {
  /** `enable_proxy_protocol` */
  readonly version: ProxyVersion;
  /** `proxy_protocol_v2_require_tls`: only clients that came to the load balancer with TLS. */
  readonly requireTls?: boolean;
  /** `require_certificate`: only clients that showed it a certificate that it has found good. */
  readonly requireCertificate?: boolean;
  /** `use_identity_as_username`: the common name of that certificate is the client's identity. */
  readonly useIdentity?: boolean;
  /** How long a header may take: the load balancer sends it first of all, by itself. */
  readonly headerSeconds?: number;
  /** Connections at a time whose header has not come. */
  readonly headersMax?: number;
  /** When the listener ends: nobody waits for headers then. */
  readonly signal?: AbortSignal | undefined;
}

export interface ProxyProtocolEvents {
  /**
   * A connection was ended here.
   *
   * @param peer as far as it is known: the client, or else the other end of the socket
   * @param reason goes on from `Connection from PEER rejected, `
   */
  connectionRejected?(peer: string, reason: string): void;
  /**
   * The same where the header is no header.
   *
   * @param peer the other end of the socket
   */
  headerCorrupt?(peer: string, fault: string): void;
}

// After an outage a load balancer comes with all of its clients at once, and they are all accepted
// before the first header is read: more than a backlog of them.
const headersMaxDefault = 10_000;

/**
 * Takes the header off each connection, and hands on what is behind it under the name of the
 * client that it speaks of.
 */
export function proxyProtocol(
  options: ProxyProtocolOptions,
  next: Arrivals,
  events: ProxyProtocolEvents = {},
): Arrivals {
  const { headerSeconds = 5, headersMax = headersMaxDefault, signal } = options;
  const waiting = new HalfOpen({ seconds: headerSeconds, max: headersMax, signal });
  return (arrival) => new HeaderWait(arrival, options, { next, events, waiting });
}

interface Surroundings {
  readonly next: Arrivals;
  readonly events: ProxyProtocolEvents;
  readonly waiting: HalfOpen;
}

const nothing = new Uint8Array(0);
const whenNot: Readonly<Record<HalfOpenEnd, string>> = {
  'took too long': 'within the time for it',
  'crowded out': 'before too many others',
  'listener ended': 'before the listener ended',
};

/** A connection whose header has not come whole. */
class HeaderWait {
  readonly #arrival: Arrival;
  readonly #socket: Socket;
  readonly #options: ProxyProtocolOptions;
  readonly #next: Arrivals;
  readonly #events: ProxyProtocolEvents;
  readonly #leave: () => void;
  #bytes: Uint8Array = nothing;

  constructor(
    arrival: Arrival,
    options: ProxyProtocolOptions,
    { next, events, waiting }: Surroundings,
  ) {
    this.#arrival = arrival;
    this.#socket = arrival.socket;
    this.#options = options;
    this.#next = next;
    this.#events = events;
    this.#leave = waiting.enter((end) => this.#drop(end));
    this.#socket.on('readable', this.#readable);
    this.#socket.on('error', this.#failed);
    this.#socket.on('close', this.#closed);
  }

  readonly #readable = (): void => {
    const bytes: Buffer | null = this.#socket.read();
    if (bytes === null) return;
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    try {
      const found = readProxyHeader(this.#bytes, this.#options.version);
      if (found !== undefined) this.#accept(found.header, this.#bytes.subarray(found.length));
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.#rejectHeader(error.message);
    }
  };

  /** 'close' follows. */
  readonly #failed = (): void => {};

  // Those who only look whether the port is open are none of anybody's concern.
  readonly #closed = (): void => {
    if (this.#bytes.length === 0) this.#letGo();
    else this.#rejectHeader('the connection ended within it');
  };

  #accept(header: ProxyHeader, behind: Uint8Array): void {
    const isProxied = header.type === 'proxied';
    const peer = isProxied ? header.peer : this.#arrival.peer;
    const tls = isProxied ? header.tls : undefined;
    const lack = this.#lackOf(tls);
    if (lack !== undefined) {
      this.#reject(peer, lack);
      return;
    }
    this.#letGo();
    const socket = this.#socket;
    if (behind.length > 0) socket.unshift(behind);
    const arrival = { socket, peer, credentials: tls && this.#credentialsFrom(tls) };
    // A tick later nobody reads the socket any more, and it is as new: the next layer may put a
    // 'data' listener, an HTTP parser or TLS on it, and gets what was put back first.
    process.nextTick(() => {
      // What has ended meanwhile may still have an error to tell.
      if (socket.destroyed) return;
      socket.off('error', this.#failed);
      this.#next(arrival);
    });
  }

  #lackOf(tls: ProxiedTls | undefined): string | undefined {
    const { requireTls = false, requireCertificate = false } = this.#options;
    if (requireTls && tls === undefined) {
      return (
        'client did not connect using TLS. Have the load balancer take clients with TLS only, and' +
        ' say so in its header (send-proxy-v2-ssl in HAProxy)'
      );
    }
    if (requireCertificate && !tls?.hasVerifiedCertificate) {
      return (
        'client did not provide a certificate. Have the load balancer ask for one and verify it,' +
        ' and say so in its header (verify required and send-proxy-v2-ssl-cn in HAProxy)'
      );
    }
    return undefined;
  }

  #credentialsFrom({ cipher, commonName }: ProxiedTls): PeerCredentials {
    const identity = this.#options.useIdentity ? commonName : undefined;
    return { cipher, identity, subject: undefined };
  }

  #drop(end: HalfOpenEnd): void {
    this.#reject(
      this.#arrival.peer,
      `no PROXY header came ${whenNot[end]}: does the load balancer send it, and does nobody else connect?`,
    );
  }

  #reject(peer: string, reason: string): void {
    this.#end();
    this.#events.connectionRejected?.(peer, reason);
  }

  #rejectHeader(fault: string): void {
    this.#end();
    this.#events.headerCorrupt?.(this.#arrival.peer, fault);
  }

  #end(): void {
    this.#letGo();
    this.#socket.destroy();
  }

  #letGo(): void {
    this.#leave();
    this.#socket.off('readable', this.#readable);
    this.#socket.off('close', this.#closed);
    this.#bytes = nothing;
  }
}
