/** Makes a running broker of a configuration. */

import { lookup } from 'node:dns/promises';
import { getSystemErrorMessage } from 'node:util';
import { Anonymous } from '../auth/anonymous.ts';
import { Broker } from '../broker/broker.ts';
import type { Features, Limits } from '../broker/limits.ts';
import type { ListenerOptions } from '../broker/listener.ts';
import type { QoS } from '../packet/version.ts';
import type { Accept } from '../session/link.ts';
import { Message } from '../session/message.ts';
import type { Listener } from '../transport/listen-sockets.ts';
import { listenTcp } from '../transport/tcp.ts';
import type { Config, GeneralSettings, ListenerConfig } from './config.ts';
import type { Log } from './log.ts';
import { NodeHost } from './node-host.ts';
import { logObserver } from './observer.ts';
import { openState, type ServerState } from './server-state.ts';
import { StartError } from './start-error.ts';
import type { ListedSubscription } from './subscription-tree.ts';
import { version } from './version.ts';

/** A broker that listens; disposing of it stops it. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens, in the order of the configuration; a listener may have two addresses. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];

  /** All subscriptions, of clients that are away as well. */
  subscriptions(): Iterable<ListedSubscription>;

  /** Takes no more connections, says goodbye to the clients and waits until they have gone. */
  stop(): Promise<void>;
}

/**
 * Starts a broker and opens its ports.
 *
 * @throws StartError when state or a port cannot be opened; nothing is left running then
 */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const host = new NodeHost();
  const server = new Server(config, log, { host, state: await openState(config.state, log, host) });
  try {
    await server.open();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** An address to listen on. */
interface Address {
  readonly host: string;
  readonly domain: 'ipv4' | 'ipv6';
}

const everyAddress: readonly Address[] = [
  { host: '0.0.0.0', domain: 'ipv4' },
  { host: '::', domain: 'ipv6' },
];

// What listening says on a machine without IPv4 or without IPv6.
const domainMissing: readonly unknown[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'];

class Server implements RunningServer {
  readonly #config: Config;
  readonly #log: Log;
  readonly #host: NodeHost;
  readonly #state: ServerState | undefined;
  readonly #broker: Broker;
  readonly #listeners: Listener[] = [];
  #isStopping = false;

  constructor(
    config: Config,
    log: Log,
    { host, state }: { host: NodeHost; state: ServerState | undefined },
  ) {
    const { general } = config;
    this.#config = config;
    this.#log = log;
    this.#host = host;
    this.#state = state;
    this.#broker = new Broker({
      host: this.#host,
      gatekeeper: Anonymous.allowed(),
      observer: logObserver(log, general),
      ...(state && { storage: state.storage }),
      limits: limitsOf(general),
      features: featuresOf(general),
      systemTopicSeconds: general.sysInterval,
      version: `pantala version ${version}`,
    });
    this.#host.start((now) => this.#broker.wake(now));
    state?.report(this.#broker.recalled!);
    log.publishWith((topic, line) => {
      const message = new Message(topic, new TextEncoder().encode(line));
      // Not at once: the line tells of something that the broker is in the middle of.
      queueMicrotask(() => this.#broker.publish(message));
    });
  }

  get addresses(): RunningServer['addresses'] {
    return this.#listeners.map(({ host, port }) => ({ host, port }));
  }

  async open(): Promise<void> {
    for (const listener of this.#config.listeners) await this.#listen(listener);
    if (this.#listeners.length === 0) {
      throw new StartError('Unable to start any listening sockets: this machine has no network.');
    }
  }

  *subscriptions(): Generator<ListedSubscription, void> {
    for (const { subscriber, filter, qos } of this.#broker.subscriptions()) {
      yield { clientId: subscriber.clientId, filter, qos };
    }
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const closed = this.#listeners.map((listener) => listener.close());
    const stored = Promise.withResolvers<void>();
    this.#broker.shutDown(stored.resolve);
    await Promise.all([...closed, stored.promise]);
    await this.#state?.close();
    this.#host.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(listener: ListenerConfig): Promise<void> {
    const { port } = listener;
    const accept = this.#accept(listener);
    // A version of IP that nobody asked for by an address may be missing.
    const mayBeMissing = this.#config.localOnly || listener.host === undefined;
    for (const { host, domain } of await addressesOf(listener)) {
      this.#log.write('information', `Opening ${domain} listen socket on port ${port}.`);
      try {
        const family = domain === 'ipv4' ? 4 : 6;
        this.#listeners.push(await listenTcp(accept, { port, host, family }));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (!mayBeMissing || !domainMissing.includes(code)) throw cannotListen(error, listener);
        this.#log.write('warning', `Warning: This machine has no ${domain}.`);
      }
    }
  }

  #accept(listener: ListenerConfig): Accept {
    const accept = this.#broker.listener(listenerOptionsOf(listener)).accept;
    if (!this.#config.general.connectionMessages || !this.#log.isOn('notice')) return accept;
    return (link) => {
      this.#log.write('notice', `New connection from ${link.peer} on port ${listener.port}.`);
      return accept(link);
    };
  }
}

async function addressesOf({ host, socketDomain }: ListenerConfig): Promise<readonly Address[]> {
  const addresses = host === undefined ? everyAddress : await resolve(host);
  const wanted = addresses.filter(({ domain }) => domain === (socketDomain ?? domain));
  if (wanted.length === 0) {
    throw new StartError(`Listener address '${host}' is no ${socketDomain} address.`);
  }
  return wanted;
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

function cannotListen(error: unknown, { port, host }: ListenerConfig): StartError {
  const { errno, code } = error as NodeJS.ErrnoException;
  const message = errno === undefined ? String(error) : getSystemErrorMessage(errno);
  const remedy = code === 'EADDRINUSE' ? '. Stop the program that uses it or take another' : '';
  const where = `port ${port}${host === undefined ? '' : ` of ${host}`}`;
  return new StartError(`${message[0].toUpperCase()}${message.slice(1)}: ${where}${remedy}.`);
}

function limitsOf(general: GeneralSettings): Partial<Limits> {
  return {
    packetBytesMax: general.maxPacketSize,
    inflightMessagesMax: general.maxInflightMessages,
    inflightBytesMax: general.maxInflightBytes,
    queuedMessagesMax: general.maxQueuedMessages,
    queuedBytesMax: general.maxQueuedBytes,
    keepAliveSecondsMax: general.maxKeepalive,
    sessionExpirySecondsMax: general.persistentClientExpiration ?? Number.POSITIVE_INFINITY,
  };
}

function featuresOf(general: GeneralSettings): Partial<Features> {
  return {
    retainAvailable: general.retainAvailable,
    queueQos0: general.queueQos0Messages,
    upgradeOutgoingQos: general.upgradeOutgoingQos,
  };
}

function listenerOptionsOf(listener: ListenerConfig): ListenerOptions {
  return {
    gatekeeper: listener.access.allowAnonymous ? Anonymous.allowed() : Anonymous.refused(),
    limits: {
      connectionsMax: listener.maxConnections,
      qosMax: listener.maxQos as QoS, // the option's range is that of QoS
      topicAliasMax: listener.maxTopicAlias,
      topicAliasBrokerMax: listener.maxTopicAliasBroker,
    },
  };
}
