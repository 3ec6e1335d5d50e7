/** Where a listener listens: the addresses that its options come to. */

import { lookup } from 'node:dns/promises';
import { getSystemErrorMessage } from 'node:util';
import type { Arrivals } from '../transport/arrival.ts';
import { addressesOfInterface } from '../transport/interface-addresses.ts';
import { ListenError } from '../transport/listen-error.ts';
import {
  type Listener,
  type ListenSocketsOptions,
  listenSockets,
} from '../transport/listen-sockets.ts';
import type { ListenerConfig } from './config.ts';
import type { Log } from './log.ts';
import { StartError } from './start-error.ts';

/** One address, or the path of a Unix socket. */
export interface ListenPlace {
  readonly listener: ListenerConfig;
  readonly host: string | undefined;
  readonly domain: Domain | undefined;
  /** Of a version of IP that nobody asked for by an address. */
  readonly mayBeMissing: boolean;
}

type Domain = 'ipv4' | 'ipv6';
type Address = { readonly host: string; readonly domain: Domain };

const everyAddress: readonly Address[] = [
  { host: '0.0.0.0', domain: 'ipv4' },
  { host: '::', domain: 'ipv6' },
];

// What listening says on a machine without IPv4 or without IPv6.
const domainMissing: readonly unknown[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'];

/**
 * @param isLocal on this machine alone, because nothing else is configured
 * @throws StartError
 */
export async function placesOf(
  listener: ListenerConfig,
  { isLocal }: { isLocal: boolean },
): Promise<readonly ListenPlace[]> {
  const { socketPath, host, socketDomain, bindInterface } = listener;
  if (socketPath !== undefined) {
    return [{ listener, host: undefined, domain: undefined, mayBeMissing: false }];
  }
  const addresses = await addressesOf(listener);
  const wanted = addresses.filter(({ domain }) => domain === (socketDomain ?? domain));
  const where = bindInterface ?? host;
  if (wanted.length === 0) {
    throw new StartError(`Listener address '${where}' is no ${socketDomain ?? 'IP'} address.`);
  }
  const mayBeMissing = isLocal || where === undefined;
  return wanted.map((address) => ({ listener, ...address, mayBeMissing }));
}

/** @returns undefined where the machine lacks a version of IP that it need not have */
export async function listenAt(
  place: ListenPlace,
  arrivals: Arrivals,
  { log, ...options }: { log: Log } & Pick<ListenSocketsOptions, 'isFull' | 'events'>,
): Promise<Listener | undefined> {
  const { listener, host, domain, mayBeMissing } = place;
  const { port, socketPath: path } = listener;
  log.write('information', announcement(place));
  const family = domain === undefined ? undefined : domain === 'ipv4' ? 4 : 6;
  try {
    return await listenSockets(arrivals, { port, host, family, path, ...options });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!mayBeMissing || !domainMissing.includes(code)) throw cannotListen(error, listener);
    log.write('warning', `Warning: This machine has no ${domain}.`);
    return undefined;
  }
}

/** In Mosquitto's words. */
function announcement({ listener: { port, socketPath, protocol }, domain }: ListenPlace): string {
  if (socketPath !== undefined) return `Opening unix listen socket on path ${socketPath}.`;
  if (protocol === 'websockets')
    return `Opening ${domain} websockets listen socket on port ${port}.`;
  return `Opening ${domain} listen socket on port ${port}.`;
}

async function addressesOf(listener: ListenerConfig): Promise<readonly Address[]> {
  const { host, bindInterface } = listener;
  const named = host === undefined ? everyAddress : await resolve(host);
  if (bindInterface === undefined) return named;
  const own = interfaceAddresses(bindInterface);
  if (host === undefined) return own;
  const both = own.filter((address) => named.some((each) => each.host === address.host));
  if (both.length > 0) return both;
  throw new StartError(
    `Interface address for ${bindInterface} does not match specified listener host '${host}'. ` +
      `It has ${own.map((address) => address.host).join(', ')}: name one of these, or none.`,
  );
}

function interfaceAddresses(device: string): Address[] {
  try {
    return addressesOfInterface(device, undefined).map((host) => ({
      host,
      domain: host.includes(':') ? 'ipv6' : 'ipv4',
    }));
  } catch (error) {
    throw startError(error);
  }
}

async function resolve(host: string): Promise<Address[]> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address, family }) => ({
      host: address,
      domain: family === 4 ? 'ipv4' : 'ipv6',
    }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`Unable to resolve listener address '${host}' (${code}).`);
  }
}

function startError(error: unknown): Error {
  return error instanceof ListenError ? new StartError(error.message) : (error as Error);
}

function cannotListen(error: unknown, { port, host }: ListenerConfig): Error {
  if (error instanceof ListenError) return startError(error);
  const { errno, code } = error as NodeJS.ErrnoException;
  const message = errno === undefined ? String(error) : getSystemErrorMessage(errno);
  const where = `port ${port}${host === undefined ? '' : ` of ${host}`}`;
  const text = `${message[0].toUpperCase()}${message.slice(1)}: ${where}${remedies[code ?? ''] ?? ''}.`;
  return new StartError(text);
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: '. Stop the program that uses it or take another',
  EACCES:
    '. Ports below 1024 need a privilege: take another, or start as root with a user to become',
};
