/** One listener of a running broker: sockets, what lies between them and MQTT, and its rules. */

import { isDeepStrictEqual } from 'node:util';
import { type AccountRules, Accounts } from '../auth/accounts.ts';
import type { PasswordChecks } from '../auth/password-checks.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerListener, ListenerOptions } from '../broker/listener.ts';
import type { ClientIdentity, Gatekeeper } from '../broker/ports.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import { isLetInByHook } from '../plugin/hook-account.ts';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';
import type { Arrivals } from '../transport/arrival.ts';
import type { Listener } from '../transport/listen-sockets.ts';
import type { ProxyVersion } from '../transport/proxy-header.ts';
import { type ProxyProtocolOptions, proxyProtocol } from '../transport/proxy-protocol.ts';
import { socketLinks } from '../transport/socket-link.ts';
import { tlsLayer } from '../transport/tls.ts';
import { type TlsMaterial, TlsSecurity } from '../transport/tls-security.ts';
import type { WebSocketOptions, webSockets } from '../transport/websocket.ts';
import type { GeneralSettings, ListenerConfig } from './config.ts';
import { knowsIdentities } from './encryption.ts';
import type { KeyLog } from './key-log.ts';
import { type ListenPlace, listenAt, placesOf } from './listen-places.ts';
import type { Log } from './log.ts';
import { loggedPeer } from './logged-peer.ts';
import type { ListenerMaterial } from './materials.ts';
import { nameOfListener } from './surprises.ts';

/** What plugins make of the gatekeeper of a listener. */
export type Hooked = (gatekeeper: Gatekeeper) => Gatekeeper;

export interface EndpointOptions {
  readonly config: ListenerConfig;
  readonly material: ListenerMaterial;
  readonly log: Log;
  readonly checks: PasswordChecks;
  readonly keyLog: Pick<KeyLog, 'write'> | undefined;
  readonly hooked: Hooked;
  /** Of the whole broker, as of now. */
  readonly general: () => GeneralSettings;
}

export class Endpoint {
  /** By which clients that are away are known to have come through it. */
  readonly name: string;
  readonly gatekeeper: Gatekeeper;
  readonly #options: EndpointOptions;
  readonly #accounts: Accounts;
  readonly #listeners: Listener[] = [];
  readonly #ending = new AbortController();
  #security: TlsSecurity | undefined;
  #layers: Layers | undefined;
  /** Loaded where it is spoken. */
  #webSockets: typeof webSockets | undefined;
  #config: ListenerConfig;
  #broker: BrokerListener | undefined;

  constructor(options: EndpointOptions) {
    const { config, material, checks, hooked } = options;
    this.name = endpointName(config);
    this.#options = options;
    this.#config = config;
    this.#accounts = new Accounts(accountRules(config, material), checks);
    this.gatekeeper = hooked(this.#accounts);
    this.#security = material.tls && new TlsSecurity(material.tls);
  }

  /** Where it listens; several addresses may be one listener. */
  get addresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.#listeners.map(({ host, port }) => ({ host, port }));
  }

  /** Who may come in, and under what terms, from now on; sockets are opened later. */
  join(broker: Broker): void {
    this.#broker = broker.listener(this.#rules());
  }

  /** @throws StartError */
  places({ isLocal }: { isLocal: boolean }): Promise<readonly ListenPlace[]> {
    return placesOf(this.#config, { isLocal });
  }

  /**
   * Listens at all of these places at once.
   *
   * @throws StartError when one of them cannot be had; the others are open then
   */
  async open(places: readonly ListenPlace[]): Promise<void> {
    const { log } = this.#options;
    await this.load(this.#config);
    this.#renewLayers();
    // What arrives goes through the layers of that moment.
    const arrivals: Arrivals = (arrival) => this.#layers!.arrivals(arrival);
    const isFull = () => this.#broker!.isFull;
    const events = { acceptFailed: (reason: string) => log.write('error', `Error: ${reason}`) };
    const opened = await Promise.allSettled(
      places.map((place) => listenAt(place, arrivals, { isFull, events, log })),
    );
    for (const each of opened) {
      if (each.status === 'fulfilled' && each.value !== undefined) this.#listeners.push(each.value);
    }
    throwFirst(opened);
  }

  /** Loads what a configuration takes; before it is changed to. */
  async load({ protocol }: ListenerConfig): Promise<void> {
    if (protocol !== 'websockets') return;
    this.#webSockets ??= (await import('../transport/websocket.ts')).webSockets;
  }

  /** What holds from now on: for new clients, and of the files for those as well that are there. */
  change(config: ListenerConfig, material: ListenerMaterial): void {
    this.#config = config;
    this.#accounts.replace(accountRules(config, material));
    this.#secure(material.tls);
    this.#broker!.change(this.#rules());
    this.#renewLayers();
  }

  /** Whether a client that came in here would be let in again. */
  stillAdmits(client: ClientIdentity): boolean {
    return isLetInByHook(client) || this.#accounts.stillAdmits(client);
  }

  /** Takes nobody any more; resolves when the last connection has closed. */
  close(): Promise<unknown> {
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#ending.abort();
    return closed;
  }

  /** Ends what is left of its connections at once. */
  destroyAll(): void {
    for (const listener of this.#listeners) listener.destroyAll();
  }

  /** Handshakes that are under way end with the new material, too. */
  #secure(material: TlsMaterial | undefined): void {
    this.#tellOfEncryption(material !== undefined);
    if (material === undefined) this.#security = undefined;
    else if (this.#security === undefined) this.#security = new TlsSecurity(material);
    else this.#security.replace(material);
  }

  #tellOfEncryption(isEncrypted: boolean): void {
    if (isEncrypted === (this.#security !== undefined)) return;
    const where = nameOfListener(this.#config);
    const text = isEncrypted
      ? `What comes in on ${where} is encrypted from now on. Clients that are connected without ` +
        'encryption stay so until they connect again.'
      : `What comes in on ${where} is not encrypted any more, and clients with TLS cannot connect: ` +
        "neither 'certfile' and 'keyfile' nor 'psk_hint' is there. Write them again if they are missed.";
    this.#options.log.write('warning', `Warning: ${text}`);
  }

  #rules(): ListenerOptions {
    const config = this.#config;
    const { allowZeroLengthClientid, autoIdPrefix } = config.access;
    const namesUser = config.useIdentityAsUsername || config.useSubjectAsUsername;
    const versions = config.acceptProtocolVersions;
    return {
      name: this.name,
      gatekeeper: this.gatekeeper,
      limits: {
        connectionsMax: config.maxConnections,
        qosMax: config.maxQos as QoS, // the option's range is that of QoS
        topicAliasMax: config.maxTopicAlias,
        topicAliasBrokerMax: config.maxTopicAliasBroker,
      },
      features: {
        zeroLengthClientIdAllowed: allowZeroLengthClientid,
        assignedClientIdPrefix: autoIdPrefix,
      },
      mountPoint: config.mountPoint,
      identityAsUserName: namesUser && knowsIdentities(config),
      userNameAsClientId: config.useUsernameAsClientid,
      acceptedVersions: versions && ([...versions] as ProtocolVersion[]),
    };
  }

  #accept(): Accept {
    const { log } = this.#options;
    const broker = this.#broker!;
    const where = nameOfListener(this.#config);
    return (link) => {
      // It has come before, and was at its handshake until now.
      if (this.#ending.signal.aborted) return refuse(link);
      if (this.#tellsOfConnections && !broker.isFull) {
        log.write('notice', `New connection from ${loggedPeer(link.peer)} on ${where}.`);
      }
      return broker.accept(link);
    };
  }

  /** Where nothing has changed the old ones stay, which know how many are on their way in. */
  #renewLayers(): void {
    const settings = this.#layerSettings();
    if (isDeepStrictEqual(settings, this.#layers?.settings)) return;
    this.#layers = { settings, arrivals: this.#arrivals(settings) };
  }

  #layerSettings(): LayerSettings {
    const config = this.#config;
    const { packetBufferSize, maxPacketSize } = this.#options.general();
    const { enableProxyProtocol: version } = config;
    const security = this.#security;
    return {
      proxy:
        version === undefined
          ? undefined
          : {
              version: version as ProxyVersion, // the option's range
              requireTls: config.proxyProtocolV2RequireTls,
              requireCertificate: config.requireCertificate && security === undefined,
              useIdentity: config.useIdentityAsUsername,
            },
      security,
      webSocket:
        config.protocol !== 'websockets'
          ? undefined
          : {
              origins: config.websocketsOrigins,
              httpDir: config.httpDir,
              headersSize: packetBufferSize,
              frameBytesMax: Math.max(frameBytesMin, maxPacketSize + frameBytesBeyond),
            },
    };
  }

  /** From the outside in: PROXY protocol, TLS, WebSocket, MQTT. */
  #arrivals({ proxy, security, webSocket }: LayerSettings): Arrivals {
    const accept = this.#accept();
    const { signal } = this.#ending;
    const rejected = {
      connectionRejected: (peer: string, reason: string) =>
        this.#tell(`Connection from ${loggedPeer(peer)} rejected, ${reason}.`),
      // In Mosquitto's words, which have no address.
      headerCorrupt: (peer: string, fault: string) =>
        this.#tell(
          `Connection rejected, corrupt PROXY header. From ${loggedPeer(peer)}: ${fault}.`,
        ),
    };
    const spoken =
      webSocket === undefined
        ? socketLinks(accept, rejected)
        : this.#webSockets!(accept, { ...webSocket, signal }, rejected);
    const inner = security === undefined ? spoken : this.#encrypted(security, spoken);
    return proxy === undefined ? inner : proxyProtocol({ ...proxy, signal }, inner, rejected);
  }

  #encrypted(security: TlsSecurity, spoken: Arrivals): Arrivals {
    const { keyLog } = this.#options;
    return tlsLayer(security, spoken, {
      keyLog: keyLog && ((line) => keyLog.write(line)),
      signal: this.#ending.signal,
      events: {
        handshakeFailed: (peer, { message }) =>
          this.#tell(`TLS handshake with ${peer} failed: ${message}.`),
      },
    });
  }

  #tell(text: string): void {
    if (this.#tellsOfConnections) this.#options.log.write('notice', text);
  }

  get #tellsOfConnections(): boolean {
    const { general, log } = this.#options;
    return general().connectionMessages && log.isOn('notice');
  }
}

/** @throws the reason of the first that has failed, if there is one */
export function throwFirst(settled: readonly PromiseSettledResult<unknown>[]): void {
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
}

/** What the layers between a socket and MQTT are made from. */
interface LayerSettings {
  readonly proxy: ProxyProtocolOptions | undefined;
  readonly security: TlsSecurity | undefined;
  readonly webSocket: WebSocketOptions | undefined;
}

interface Layers {
  readonly settings: LayerSettings;
  readonly arrivals: Arrivals;
}

// A frame may well have more than one packet in it: clients in browsers send what has gathered.
const frameBytesBeyond = 64 * 1024;
const frameBytesMin = 8 * 1024 * 1024;

function refuse(link: Link): LinkReceiver {
  link.destroy();
  return { receive: () => {}, drained: () => {}, closed: () => {} };
}

/** What tells a listener from others, also after a restart. */
export function endpointName({ port, host, socketPath }: ListenerConfig): string {
  if (socketPath !== undefined) return socketPath;
  return host === undefined ? String(port) : `${host}:${port}`;
}

function accountRules({ access }: ListenerConfig, { files }: ListenerMaterial): AccountRules {
  const { passwords, acl } = files;
  return { anonymousAllowed: access.allowAnonymous, passwords, acl };
}
