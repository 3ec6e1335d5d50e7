/** Where clients come in by: a listener, what is special about it, and how much of it is in use. */

import type { ProtocolVersion } from '../packet/version.ts';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';
import { PublishForms } from '../session/publish-forms.ts';
import { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Connections } from './connections.ts';
import type { ListenerRules } from './introduction.ts';
import { completeLimits, type Features, type Limits } from './limits.ts';
import type { Gatekeeper } from './ports.ts';
import type { Settings } from './settings.ts';

/** What may differ from listener to listener; what is left out is as for the whole broker. */
export interface ListenerOptions {
  /** Tells it from others, in the store too: `1883`, `0.0.0.0:8883`, the path of a socket. */
  readonly name?: string | undefined;
  /** Mosquitto's `mount_point`: see `ListenerRules`. With its `/` at the end, or wildcards fail. */
  readonly mountPoint?: string | undefined;
  readonly gatekeeper?: Gatekeeper | undefined;
  readonly limits?: Partial<
    Pick<Limits, 'connectionsMax' | 'qosMax' | 'topicAliasMax' | 'topicAliasBrokerMax'>
  >;
  readonly features?: Partial<
    Pick<Features, 'assignedClientIdPrefix' | 'zeroLengthClientIdAllowed'>
  >;
  /**
   * Mosquitto's `use_identity_as_username` and `use_subject_as_username`: the client's user name is
   * what its transport knows it by; what CONNECT says of user name and password is not looked at.
   */
  readonly identityAsUserName?: boolean | undefined;
  /** `use_username_as_clientid` */
  readonly userNameAsClientId?: boolean | undefined;
  /** `accept_protocol_versions`; absent: all. */
  readonly acceptedVersions?: readonly ProtocolVersion[] | undefined;
}

/** What a transport is given for each listener. */
export interface BrokerListener {
  /** Takes a new connection. */
  readonly accept: Accept;

  /** Whether the next connection will be turned away. */
  readonly isFull: boolean;

  /**
   * What holds for new connections from now on, in place of what was said before. Those that are
   * there keep to what they came in by.
   */
  change(options: ListenerOptions): void;
}

/** What all listeners of a broker share. */
export interface ListenerParts {
  readonly settings: Settings;
  /** Decides for listeners that have no gatekeeper of their own. */
  readonly gatekeeper: Gatekeeper;
  readonly connections: Connections;
  readonly options: Omit<ConnectionOptions, ListenerOptionNames>;
}

type ConnectionsLimit = 'connectionsMax' | 'allConnectionsMax';

type ListenerOptionNames = 'closed' | 'gatekeeper' | 'limits' | 'features' | 'listener';

export class Listener implements BrokerListener {
  readonly accept: Accept = (link) => this.#accept(link);
  readonly #parts: ListenerParts;
  #options: ListenerOptions;
  #connectionOptions: ConnectionOptions;
  #count = 0;

  constructor(options: ListenerOptions, parts: ListenerParts) {
    this.#parts = parts;
    this.#options = options;
    this.#connectionOptions = this.#connectionOptionsNow();
    this.#tellSessions();
  }

  get name(): string | undefined {
    return this.#options.name;
  }

  /** Who decides about new clients. */
  get gatekeeper(): Gatekeeper {
    return this.#connectionOptions.gatekeeper;
  }

  get isFull(): boolean {
    return this.#reachedLimit() !== undefined;
  }

  change(options: ListenerOptions): void {
    this.#options = options;
    this.settingsChanged();
    this.#tellSessions();
  }

  settingsChanged(): void {
    this.#connectionOptions = this.#connectionOptionsNow();
  }

  #accept(link: Link): LinkReceiver {
    const { connections, options } = this.#parts;
    const limit = this.#reachedLimit();
    if (limit !== undefined) return this.#turnAway(link, limit);
    this.#count++;
    const connection = new Connection(link, this.#connectionOptions);
    connections.add(connection);
    options.counters.sockets++;
    options.counters.openSockets++;
    return connection;
  }

  #reachedLimit(): ConnectionsLimit | undefined {
    const { connectionsMax } = this.#connectionOptions.limits;
    if (connectionsMax > 0 && this.#count >= connectionsMax) return 'connectionsMax';
    const { connections, settings } = this.#parts;
    const { allConnectionsMax } = settings.limits;
    if (allConnectionsMax > 0 && connections.count >= allConnectionsMax) return 'allConnectionsMax';
    return undefined;
  }

  #connectionOptionsNow(): ConnectionOptions {
    const { settings, gatekeeper, connections, options } = this.#parts;
    const own = this.#options;
    const rules = rulesOf(own);
    return {
      ...options,
      gatekeeper: own.gatekeeper ?? gatekeeper,
      limits: completeLimits({ ...settings.limits, ...own.limits }),
      features: { ...settings.features, ...own.features },
      listener: rules,
      // What is encoded for clients below one mount point is for nobody else.
      forms: rules.mountPoint === undefined ? options.forms : new PublishForms(),
      closed: (connection) => {
        this.#count--;
        options.counters.openSockets--;
        connections.remove(connection);
      },
    };
  }

  /** Of clients that are away. */
  #tellSessions(): void {
    const { gatekeeper, listener, sessions } = this.#connectionOptions;
    const { name, mountPoint } = listener;
    if (name !== undefined) sessions.listenerChanged(name, { gatekeeper, mountPoint });
  }

  #turnAway(link: Link, limit: ConnectionsLimit): LinkReceiver {
    link.destroy();
    this.#parts.options.observer.connectionTurnedAway?.(link.peer, limit);
    return { receive() {}, drained() {}, closed() {} };
  }
}

function rulesOf(options: ListenerOptions): ListenerRules {
  const { name, mountPoint, identityAsUserName = false, userNameAsClientId = false } = options;
  return {
    name,
    mountPoint: mountPoint || undefined,
    identityAsUserName,
    userNameAsClientId,
    acceptedVersions: options.acceptedVersions,
  };
}
