/**
 * An MQTT broker inside a program of your own.
 *
 * ```ts
 * import { createBroker } from 'pantala/broker';
 *
 * await using broker = createBroker();
 * const { port } = await broker.listen({ port: 0 });
 * broker.publish('greeting', `hello on port ${port}`, { retain: true });
 * ```
 */

import { Writable } from 'node:stream';
import { Anonymous } from './auth/anonymous.ts';
import { Broker } from './broker/broker.ts';
import type { Features, Limits } from './broker/limits.ts';
import type { Gatekeeper } from './broker/ports.ts';
import { type ReasonCode, reasonCodes } from './packet/reason-codes.ts';
import type { Hooks, Plugin } from './plugin/hooks.ts';
import { closePlugins } from './plugin/load-plugin.ts';
import { type PluginBroker, type PublishOptions, pluginBroker } from './plugin/plugin-broker.ts';
import { deriveScramCredential as derive, scramSha256 as scram } from './plugin/scram.ts';
import { withHooks } from './plugin/with-hooks.ts';
import { Log } from './server/log.ts';
import { defaultLogTypes } from './server/log-type.ts';
import { NodeHost } from './server/node-host.ts';
import { logObserver } from './server/observer.ts';
import { openState, type ServerState } from './server/server-state.ts';
import { version } from './server/version.ts';
import { listenSockets } from './transport/listen-sockets.ts';
import { socketLinks } from './transport/socket-link.ts';
import { tlsLayer } from './transport/tls.ts';
import { loadTls, TlsSecurity, type TlsSettings } from './transport/tls-security.ts';

export type { Features, Limits } from './broker/limits.ts';
export type {
  Allowance,
  AuthenticateRequest,
  AuthorizeRequest,
  Challenge,
  Client,
  Decision,
  Denial,
  EnhancedAllowance,
  EnhancedAnswer,
  EnhancedRequest,
  HookedClient,
  HookedDeparture,
  Hooks,
  MessageChange,
  PublishedMessage,
  Soon,
  SubscribeRequest,
  SubscriptionChange,
} from './plugin/hooks.ts';
export type { PluginBroker, PublishOptions } from './plugin/plugin-broker.ts';
export type { ScramCredential, ScramOptions } from './plugin/scram.ts';
export type { TlsSettings } from './transport/tls-security.ts';

export interface EmbeddedBrokerOptions {
  /** Hooks, or several sets of them that are asked in their order: see `Hooks`. */
  readonly hooks?: Hooks | readonly Hooks[] | undefined;
  /** Seconds that all hooks together may take for one answer; 10. */
  readonly hookSeconds?: number | undefined;
  /**
   * Whether clients come in that no hook has decided about. True where no hook authenticates, and
   * false otherwise.
   */
  readonly allowAnonymous?: boolean | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly features?: Partial<Features> | undefined;
  /** Where sessions and retained messages outlive the process; absent: they are in memory. */
  readonly storage?: StorageOptions | undefined;
  /** Seconds between updates under `$SYS`; 0: none; 10. */
  readonly systemTopicSeconds?: number | undefined;
  /** Is given each line of the log. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface StorageOptions {
  /** Is made where it is not there. One broker at a time can use it. */
  readonly directory: string;
  /** `sync`: an acknowledgement waits for the disk; docs/durability.md has the others. */
  readonly durability?: 'sync' | 'os' | 'none' | undefined;
}

export interface ListenOptions {
  /** 0: the system chooses; 1883. */
  readonly port?: number | undefined;
  /** An address or a name of this machine; `127.0.0.1`, so that nobody else can connect. */
  readonly host?: string | undefined;
  /** A Unix socket instead of a port. */
  readonly path?: string | undefined;
  /** Files in PEM: `{ certfile, keyfile }`, and `cafile` for certificates of clients. */
  readonly tls?: TlsSettings | undefined;
}

/** A place to connect to. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** A broker that runs until it is closed. */
export interface EmbeddedBroker extends AsyncDisposable {
  /**
   * Takes connections at one more place.
   *
   * ```ts
   * import { createBroker } from 'pantala/broker';
   *
   * await using broker = createBroker();
   * const { host, port } = await broker.listen({ port: 0 });
   * console.log(`mqtt://${host}:${port}`);
   * ```
   *
   * @throws StartError, TlsSettingsError, or the system's error, such as EADDRINUSE
   */
  listen(options?: ListenOptions): Promise<BrokerAddress>;

  /**
   * Publishes a message of the broker's own. No hook is asked about it.
   *
   * ```ts
   * import { createBroker } from 'pantala/broker';
   *
   * await using broker = createBroker();
   * broker.publish('building/doors', 'open', { qos: 1, retain: true });
   * ```
   *
   * @throws RangeError when no client could be sent such a message
   */
  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): void;

  /**
   * Ends the connection of a client, who may come back.
   *
   * ```ts
   * import { createBroker } from 'pantala/broker';
   *
   * await using broker = createBroker();
   * broker.disconnect('sensor-7', 'its owner has moved out');
   * ```
   *
   * @param reasonCode what a client of MQTT 5.0 is told; 0x98, administrative action
   */
  disconnect(clientId: string, reason: string, reasonCode?: ReasonCode): void;

  /**
   * Hooks decide otherwise than before about who may receive what: asks them anew.
   *
   * ```ts
   * import { createBroker } from 'pantala/broker';
   *
   * const secret = new Set(['plans']);
   * await using broker = createBroker({
   *   hooks: { authorize: ({ topic }) => (secret.has(topic) ? 'deny' : 'allow') },
   * });
   * secret.delete('plans');
   * broker.accessChanged();
   * ```
   */
  accessChanged(): void;

  /**
   * Says goodbye to all clients, stores what is to be kept, and ends.
   *
   * ```ts
   * import { createBroker } from 'pantala/broker';
   *
   * const broker = createBroker();
   * await broker.close();
   * ```
   */
  close(): Promise<void>;
}

/**
 * Creates a broker. It serves nobody before `listen`.
 *
 * ```ts
 * import { createBroker } from 'pantala/broker';
 *
 * await using broker = createBroker({
 *   hooks: {
 *     authenticate: ({ userName }) => (userName === 'guest' ? 'allow' : 'deny'),
 *     authorize: ({ access }) => (access === 'publish' ? 'deny' : 'allow'),
 *   },
 * });
 * await broker.listen({ port: 0 });
 * ```
 */
export function createBroker(options: EmbeddedBrokerOptions = {}): EmbeddedBroker {
  return new Embedded(options);
}

/**
 * A hook that lets clients in by SCRAM-SHA-256 (RFC 7677), where neither side learns a password
 * from the other: examples/scram.ts has a whole broker.
 *
 * ```ts
 * import { createBroker, deriveScramCredential, scramSha256 } from 'pantala/broker';
 *
 * const users = new Map([['ann', await deriveScramCredential('correct horse')]]);
 * await using broker = createBroker({
 *   hooks: scramSha256({ credentialOf: (userName) => users.get(userName) }),
 * });
 * await broker.listen({ port: 0 });
 * ```
 */
export const scramSha256: typeof scram = scram;

/**
 * What a server keeps of a password for SCRAM-SHA-256.
 *
 * ```ts
 * import { deriveScramCredential } from 'pantala/broker';
 *
 * const { salt, iterations } = await deriveScramCredential('correct horse');
 * console.log(`${salt.length} bytes of salt, ${iterations} iterations`);
 * ```
 */
export const deriveScramCredential: typeof derive = derive;

class Embedded implements EmbeddedBroker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #plugins: readonly Plugin[];
  readonly #host = new NodeHost();
  readonly #log: Log;
  readonly #pluginBroker: PluginBroker;
  readonly #opened: Promise<Broker>;
  readonly #listeners: { close(): Promise<void> }[] = [];
  readonly #ending = new AbortController();
  #state: ServerState | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedBrokerOptions) {
    const { hooks = [] } = options;
    this.#options = options;
    this.#plugins = [hooks].flat().map((each, i, { length }) => {
      return { name: length === 1 ? 'hooks' : `hooks ${i + 1}`, hooks: each };
    });
    this.#log = logTo(options.log);
    this.#pluginBroker = pluginBroker({
      publish: (message) => this.#withBroker((broker) => broker.publish(message)),
      now: () => this.#host.clock.now(),
      log: (text) => this.#log.write('information', text),
    });
    this.#opened = this.#open();
    // Whoever listens is told.
    this.#opened.catch(() => {});
  }

  async listen(options: ListenOptions = {}): Promise<BrokerAddress> {
    const { port = 1883, host = '127.0.0.1', path, tls } = options;
    const broker = await this.#opened;
    if (this.#closed !== undefined) throw new Error('the broker is closed: create another');
    const entry = broker.listener();
    const plain = socketLinks(entry.accept);
    const { signal } = this.#ending;
    const arrivals = tls ? tlsLayer(new TlsSecurity(loadTls(tls)), plain, { signal }) : plain;
    const place = path === undefined ? { port, host } : { path };
    const isFull = () => entry.isFull;
    const listener = await listenSockets(arrivals, { ...place, isFull });
    this.#listeners.push(listener);
    return { host: listener.host, port: listener.port };
  }

  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): void {
    this.#pluginBroker.publish(topic, payload, options);
  }

  disconnect(
    clientId: string,
    reason: string,
    reasonCode: ReasonCode = reasonCodes.administrativeAction,
  ): void {
    this.#withBroker((broker) =>
      broker.disconnectWhere((client) => client.clientId === clientId, reasonCode, reason),
    );
  }

  accessChanged(): void {
    this.#withBroker((broker) => broker.accessChanged());
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<Broker> {
    const { limits, features, systemTopicSeconds, storage } = this.#options;
    const settings = storage && {
      directory: storage.directory,
      file: 'pantala.mdb',
      durability: storage.durability ?? 'sync',
      isDefault: false,
    };
    this.#state = await openState(settings, this.#log, this.#host);
    const observer = logObserver(this.#log, { connectionMessages: true });
    const broker = new Broker({
      host: this.#host,
      gatekeeper: withHooks(this.#plugins, {
        gatekeeper: this.#gatekeeper(),
        observer,
        deadlineSeconds: this.#options.hookSeconds,
      }),
      observer,
      ...(this.#state && { storage: this.#state.storage }),
      ...(limits && { limits }),
      ...(features && { features }),
      ...(systemTopicSeconds !== undefined && { systemTopicSeconds }),
      version: `pantala version ${version}`,
    });
    this.#host.start((now) => broker.wake(now));
    this.#state?.report(broker.recalled!);
    return broker;
  }

  #gatekeeper(): Gatekeeper {
    const isAsked = this.#plugins.some(
      ({ hooks }) => hooks.authenticate !== undefined || hooks.authenticateEnhanced !== undefined,
    );
    const { allowAnonymous = !isAsked } = this.#options;
    return allowAnonymous ? Anonymous.allowed() : Anonymous.refused();
  }

  /** Where it could not be opened there is nobody to do it for. */
  #withBroker(act: (broker: Broker) => void): void {
    this.#opened.then(act, () => {});
  }

  async #close(): Promise<void> {
    const broker = await this.#opened.catch(() => undefined);
    const ended = this.#listeners.map((listener) => listener.close());
    this.#ending.abort();
    const stored = Promise.withResolvers<void>();
    if (broker === undefined) stored.resolve();
    else broker.shutDown(stored.resolve);
    await Promise.all([...ended, stored.promise]);
    await this.#state?.close();
    this.#host.stop();
    await closePlugins(this.#plugins, ({ name }, error) => {
      this.#log.write('error', `Error: Plugin ${name} has failed in 'close': ${error}.`);
    });
    await this.#log.close();
  }
}

/** A log that hands on its lines; without a taker it builds none. */
function logTo(take: ((line: string) => void) | undefined): Log {
  const stderr = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      for (const line of text.split('\n').slice(0, -1)) take?.(line);
      done();
    },
  });
  const quiet = { stdout: false, topic: false, syslog: false, facility: undefined };
  const settings = { ...quiet, file: undefined, timestamp: false, timestampFormat: undefined };
  return new Log(
    { ...settings, stderr: true, types: take === undefined ? new Set() : defaultLogTypes },
    { stdout: stderr, stderr },
  );
}
