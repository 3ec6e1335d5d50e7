/** What a client needs of its machine, as Node has it. */

import type { SrvRecord } from 'node:dns';
import { resolveSrv } from 'node:dns/promises';
import type { ClientPlatform } from '../client/ports.ts';
import type { Accept } from '../session/link.ts';
import { connectTcp } from './connect-tcp.ts';
import { connectUnix } from './connect-unix.ts';
import type { SocksProxy } from './socks5.ts';
import type { TlsOptions } from './tls-client.ts';

export interface NodePlatformOptions {
  /** For servers whose URL asks for TLS. */
  readonly tls?: TlsOptions | undefined;
  /** A SOCKS5 proxy to go through, which looks names up; not to Unix sockets. */
  readonly proxy?: SocksProxy | undefined;
  /** An address of this machine to connect from. */
  readonly localAddress?: string | undefined;
}

// setTimeout takes no more.
const timeoutMillisecondsMax = 2 ** 31 - 1;

export function nodePlatform({ tls = {}, ...way }: NodePlatformOptions): ClientPlatform {
  return {
    clock: { now: () => performance.now() },
    // In the check phase: by then every socket that had something has been read.
    atEndOfTurn: (flush) => void setImmediate(flush),
    after: (milliseconds, call) => {
      const timer = setTimeout(call, Math.min(Math.ceil(milliseconds), timeoutMillisecondsMax));
      return () => clearTimeout(timer);
    },
    stop: () => {},
    random: Math.random,
    date: Date.now,
    locate,
    open: (server, accept, signal) => open(server, accept, { ...way, tls, signal }),
  };
}

interface OpenOptions extends Omit<NodePlatformOptions, 'tls'> {
  readonly tls: TlsOptions;
  readonly signal: AbortSignal;
}

/**
 * What a program does not connect by, it need not load.
 *
 * @throws TypeError for a scheme that says nothing here; else as the transport does
 */
async function open(server: URL, accept: Accept, { tls, ...way }: OpenOptions): Promise<void> {
  const host = server.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const at = (port: number) => ({ ...way, host, port: Number(server.port || port) });
  switch (server.protocol) {
    case 'mqtt:':
    case 'tcp:':
      return connectTcp(accept, at(1883));
    case 'mqtts:':
    case 'ssl:':
    case 'tls:': {
      const { connectTls } = await import('./connect-tls.ts');
      return connectTls(accept, { ...at(8883), ...tls });
    }
    case 'ws:':
    case 'wss:': {
      const { connectWebSocket } = await import('./connect-websocket.ts');
      const isSecure = server.protocol === 'wss:';
      const resource = resourceOf(server);
      const place = at(isSecure ? 443 : 80);
      return connectWebSocket(accept, { ...place, resource, tls: isSecure ? tls : undefined });
    }
    case 'mqtt+unix:':
    case 'unix:':
      return connectUnix(accept, { ...way, path: decodeURIComponent(server.pathname) });
    default:
      throw new TypeError(
        `'${server.protocol}//' is no way to a server: ` +
          'write mqtt, mqtts, ws, wss, mqtt+unix, mqtt+srv or mqtts+srv',
      );
  }
}

/** What most brokers listen on, where the URL says nothing. */
function resourceOf({ pathname, search }: URL): string {
  return `${pathname === '/' || pathname === '' ? '/mqtt' : pathname}${search}`;
}

/** By the names that IANA has for them; RFC 2782. */
const services: Readonly<Record<string, { readonly service: string; readonly scheme: string }>> = {
  'mqtt+srv:': { service: '_mqtt._tcp', scheme: 'mqtt' },
  'mqtts+srv:': { service: '_secure-mqtt._tcp', scheme: 'mqtts' },
};

/** @throws the error of the look-up, such as ENOTFOUND */
async function locate(server: URL): Promise<readonly URL[]> {
  const found = services[server.protocol];
  if (found === undefined) return [server];
  const records = await resolveSrv(`${found.service}.${server.hostname}`);
  const { username, password } = server;
  const user = username === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
  return inOrder(records).map(({ name, port }) => {
    return new URL(`${found.scheme}://${user}${name}:${port}`);
  });
}

/** By priority, and within one by chance, the heavier the likelier. */
function inOrder(records: readonly SrvRecord[]): SrvRecord[] {
  return records
    .map((record) => ({ record, lot: -Math.log(1 - Math.random()) / (record.weight || 0.01) }))
    .sort((a, b) => a.record.priority - b.record.priority || a.lot - b.lot)
    .map(({ record }) => record);
}
