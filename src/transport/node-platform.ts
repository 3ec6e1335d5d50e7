/** What a client needs of its machine, as Node has it. */

import type { SrvRecord } from 'node:dns';
import { resolveSrv } from 'node:dns/promises';
import type { ClientPlatform } from '../client/ports.ts';
import type { Accept } from '../session/link.ts';
import { connectTls } from './connect-tls.ts';
import { connectUnix } from './connect-unix.ts';
import { connectWebSocket } from './connect-websocket.ts';
import { connectTcp } from './tcp.ts';
import type { TlsOptions } from './tls-client.ts';

export interface NodePlatformOptions {
  /** For servers whose URL asks for TLS. */
  readonly tls?: TlsOptions | undefined;
}

// setTimeout takes no more; a wake that comes too early only sets the next.
const timeoutMillisecondsMax = 2 ** 31 - 1;

export function nodePlatform({ tls = {} }: NodePlatformOptions): ClientPlatform {
  const clock = { now: (): number => performance.now() };
  let timer: NodeJS.Timeout | undefined;
  let wake = (_now: number): void => {};
  return {
    clock,
    // In the check phase: by then every socket that had something has been read.
    atEndOfTurn: (flush) => void setImmediate(flush),
    start: (next) => {
      wake = next;
    },
    wakeAt: (at) => {
      clearTimeout(timer);
      const milliseconds = Math.min(
        Math.max(Math.ceil(at - clock.now()), 0),
        timeoutMillisecondsMax,
      );
      timer = setTimeout(() => wake(clock.now()), milliseconds);
    },
    stop: () => {
      wake = () => {};
      clearTimeout(timer);
    },
    random: Math.random,
    date: Date.now,
    locate,
    open: (server, accept, signal) => open(server, accept, { tls, signal }),
  };
}

interface OpenOptions {
  readonly tls: TlsOptions;
  readonly signal: AbortSignal;
}

/** @throws TypeError for a scheme that says nothing here; else as the transport does */
function open(server: URL, accept: Accept, { tls, signal }: OpenOptions): Promise<void> {
  const { pathname, port } = server;
  const host = server.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  switch (server.protocol) {
    case 'mqtt:':
    case 'tcp:':
      return connectTcp(accept, { host, port: Number(port || 1883), signal });
    case 'mqtts:':
    case 'ssl:':
    case 'tls:':
      return connectTls(accept, { host, port: Number(port || 8883), ...tls, signal });
    case 'ws:':
      return connectWebSocket(accept, {
        host,
        port: Number(port || 80),
        resource: resourceOf(server),
        signal,
      });
    case 'wss:':
      return connectWebSocket(accept, {
        host,
        port: Number(port || 443),
        resource: resourceOf(server),
        tls,
        signal,
      });
    case 'mqtt+unix:':
    case 'unix:':
      return connectUnix(accept, { path: decodeURIComponent(pathname), signal });
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
