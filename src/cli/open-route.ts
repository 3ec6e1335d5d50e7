/** Opens the way to a broker: by DNS and a proxy, over TCP, TLS, WebSocket or a Unix socket. */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Accept } from '../session/link.ts';
import { connectTcp } from '../transport/connect-tcp.ts';
import { connectTls } from '../transport/connect-tls.ts';
import { connectUnix } from '../transport/connect-unix.ts';
import type { Destination, OpenSocketOptions } from '../transport/open-socket.ts';
import type { SocksProxy } from '../transport/socks5.ts';
import { lookupServers } from '../transport/srv-lookup.ts';
import type { TlsOptions } from '../transport/tls-client.ts';

export interface Route {
  readonly to: Destination;
  /** The host of `to` is a domain, whose SRV records name the brokers. */
  readonly usesSrv: boolean;
  readonly webSocket: boolean;
  readonly tls: TlsOptions | undefined;
  readonly proxy: SocksProxy | undefined;
  /** An address or a name of this machine to connect from. */
  readonly bindAddress: string | undefined;
}

/** The name of this machine to connect from is not known. */
export class BindAddressError extends Error {
  override readonly name = 'BindAddressError';
}

/** DNS knows no brokers of the domain. */
export class SrvError extends Error {
  override readonly name = 'SrvError';
}

/** @throws what the connection of that kind throws; BindAddressError; SrvError */
export async function openRoute(route: Route, accept: Accept, signal: AbortSignal): Promise<void> {
  const localAddress = await localAddressOf(route);
  let failure: unknown;
  for (const to of await destinationsOf(route)) {
    if (signal.aborted) break;
    try {
      return await openTo(to, route, accept, { signal, localAddress, proxy: route.proxy });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

type Way = Omit<OpenSocketOptions, 'tls' | 'signal'> & { readonly signal: AbortSignal };

async function openTo(
  to: Destination,
  { webSocket, tls }: Route,
  accept: Accept,
  way: Way,
): Promise<void> {
  if (webSocket) {
    // As node:tls, only for those who need it: a plain connection is there in half the time.
    const { connectWebSocket } = await import('../transport/connect-websocket.ts');
    return connectWebSocket(accept, { ...to, ...way, tls });
  }
  if (tls !== undefined) return connectTls(accept, { ...to, ...way, ...tls });
  if ('path' in to) return connectUnix(accept, { ...to, signal: way.signal });
  return connectTcp(accept, { ...to, ...way });
}

async function destinationsOf({ to, usesSrv, tls }: Route): Promise<readonly Destination[]> {
  if (!usesSrv || 'path' in to) return [to];
  const name = `${tls === undefined ? '_mqtt' : '_secure-mqtt'}._tcp.${to.host}`;
  const servers = await lookupServers(name).catch((cause) => {
    throw new SrvError(name, { cause });
  });
  if (servers.length === 0) throw new SrvError(name);
  return servers;
}

async function localAddressOf({ bindAddress }: Route): Promise<string | undefined> {
  if (bindAddress === undefined || isIP(bindAddress) !== 0) return bindAddress;
  try {
    return (await lookup(bindAddress)).address;
  } catch (cause) {
    throw new BindAddressError(bindAddress, { cause });
  }
}
