/** One listener of a broker: its sockets, what lies between them and MQTT, and its rules. */

import { type AccountRules, Accounts } from '../auth/accounts.ts';
import type { PasswordChecks } from '../auth/password-checks.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerListener, ListenerOptions } from '../broker/listener.ts';
import type { ClientIdentity, Gatekeeper } from '../broker/ports.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import { isLetInByHook } from '../plugin/hook-account.ts';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';
import type { Arrival, Arrivals } from '../transport/arrival.ts';
import type { Listener } from '../transport/listen-sockets.ts';
import type { ProxyVersion } from '../transport/proxy-header.ts';
import { proxyProtocol } from '../transport/proxy-protocol.ts';
import { socketLinks } from '../transport/socket-link.ts';
import { tlsLayer } from '../transport/tls.ts';
import { type TlsMaterial, TlsSecurity } from '../transport/tls-security.ts';
import { webSockets } from '../transport/websocket.ts';
import type { GeneralSettings, ListenerConfig } from './config.ts';
import { knowsIdentities } from './encryption.ts';
import type { KeyLog } from './key-log.ts';
import { listenAt, placesOf } from './listen-places.ts';
import type { Log } from './log.ts';
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
  /** As of now. */
  readonly general: () => GeneralSettings;
}

export class Endpoint {
  /** By which clients that are away are known to have come through it. */
  readonly name: string;
  readonly gatekeeper: Gatekeeper;
  readonly #options: EndpointOptions;
  readonly #accounts: Accounts;
  readonly #listeners: Listener[] = [];
  #config: ListenerConfig;
  #security: TlsSecurity | undefined;
  #broker: BrokerListener | undefined;
  #isClosing = false;
  /** What becomes of new connections. */
  #arrivals: Arrivals = turnAway;

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
  async open({ isLocal }: { isLocal: boolean }): Promise<void> {
    const { log } = this.#options;
    const config = this.#config;
    this.#arrivals = this.#layers(this.#accept());
    const arrivals: Arrivals = (arrival) => this.#arrivals(arrival);
    const events = { acceptFailed: (reason: string) => log.write('error', `Error: ${reason}`) };
    for (const place of await placesOf(config, { isLocal })) {
      const listener = await listenAt(place, arrivals, { events, log });
      if (listener !== undefined) this.#listeners.push(listener);
    }
  }

  /** What holds from now on: for new clients, and of the files for those as well that are there. */
  change(config: ListenerConfig, material: ListenerMaterial): void {
    const isOtherConfig = config !== this.#config;
    this.#config = config;
    this.#accounts.replace(accountRules(config, material));
    this.#secure(material.tls);
    this.#broker!.change(this.#rules());
    if (isOtherConfig) this.#arrivals = this.#layers(this.#accept());
  }

  /** Whether a client that came in here would be let in again. */
  stillAdmits(client: ClientIdentity): boolean {
    return isLetInByHook(client) || this.#accounts.stillAdmits(client);
  }

  /** Takes nobody any more; resolves when the last connection has closed. */
  close(): Promise<unknown> {
    this.#isClosing = true;
    return Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Ends what is left of its connections at once. */
  destroyAll(): void {
    for (const listener of this.#listeners) listener.destroyAll();
  }

  /** Handshakes that are under way end with the new material, too. */
  #secure(material: TlsMaterial | undefined): void {
    if (material === undefined) this.#security = undefined;
    else if (this.#security === undefined) this.#security = new TlsSecurity(material);
    else this.#security.replace(material);
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
    const { accept } = this.#broker!;
    const where = nameOfListener(this.#config);
    return (link) => {
      // It has come before, and was at its handshake until now.
      if (this.#isClosing) return refuse(link);
      this.#tell(`New connection from ${link.peer} on ${where}.`);
      return accept(link);
    };
  }

  /** From the outside in: PROXY protocol, TLS, WebSocket, MQTT. */
  #layers(accept: Accept): Arrivals {
    const config = this.#config;
    const { keyLog } = this.#options;
    const rejected = {
      connectionRejected: (peer: string, reason: string) =>
        this.#tell(`Connection from ${peer} rejected, ${reason}.`),
    };
    const spoken =
      config.protocol === 'websockets'
        ? webSockets(accept, this.#webSocketOptions(), rejected)
        : socketLinks(accept, rejected);
    const security = this.#security;
    const inner =
      security === undefined
        ? spoken
        : tlsLayer(security, spoken, {
            keyLog: keyLog && ((line) => keyLog.write(line)),
            events: {
              handshakeFailed: (peer, { message }) =>
                this.#tell(`TLS handshake with ${peer} failed: ${message}.`),
            },
          });
    const { enableProxyProtocol: version } = config;
    if (version === undefined) return inner;
    const options = {
      version: version as ProxyVersion, // the option's range
      requireTls: config.proxyProtocolV2RequireTls,
      requireCertificate: config.requireCertificate && security === undefined,
      useIdentity: config.useIdentityAsUsername,
    };
    return proxyProtocol(options, inner, rejected);
  }

  #webSocketOptions() {
    const { packetBufferSize, maxPacketSize } = this.#options.general();
    return {
      origins: this.#config.websocketsOrigins,
      httpDir: this.#config.httpDir,
      headersSize: packetBufferSize,
      // A frame may well have more than one packet in it.
      frameBytesMax: maxPacketSize + frameBytesBeyond,
    };
  }

  #tell(text: string): void {
    const { general, log } = this.#options;
    if (general().connectionMessages) log.write('notice', text);
  }
}

const frameBytesBeyond = 64 * 1024;

function turnAway({ socket }: Arrival): void {
  socket.destroy();
}

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
