/** The broker: joins its parts, and lets connections in. */

import { reasonCodes } from '../packet/reason-codes.ts';
import { TopicCache } from '../packet/topic-cache.ts';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';
import type { Message } from '../session/message.ts';
import { PublishForms } from '../session/publish-forms.ts';
import { Traffic } from '../session/traffic.ts';
import { Turn } from '../session/turn.ts';
import { BrokerCounters } from './broker-counters.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { Deadlines } from './deadlines.ts';
import { completeLimits, defaultFeatures, type Features, type Limits } from './limits.ts';
import type { Clock, Gatekeeper, Observer, Store } from './ports.ts';
import { type RestorationParts, restore } from './restoration.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import { Sessions } from './sessions.ts';
import { writeBroker } from './state/broker-record.ts';
import { Journal } from './state/journal.ts';
import { type Keeping, keepingIn } from './state/keeping.ts';
import type { Recalled } from './state/recall.ts';
import type { Subscription } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import { SystemTopics } from './system-topics.ts';
import { Wills } from './wills.ts';

/** What the broker needs of the machine that it runs on. */
export interface Host {
  readonly clock: Clock;
  /** Calls back once, at the end of the present turn of the event loop. */
  readonly atEndOfTurn: (flush: () => void) => void;
  /** Calls `Broker.wake` at that time of the clock; a later call replaces the one before. */
  readonly wakeAt: (at: number) => void;
  /** A client identifier that nobody can guess, without its prefix. */
  readonly randomId: () => string;
  /** The date in milliseconds since 1970; needed where state is stored. */
  readonly date?: () => number;
  /** Bytes of memory that the process uses now; absent where that cannot be told. */
  readonly heapBytes?: () => number;
}

export interface BrokerOptions {
  readonly host: Host;
  /** Decides for listeners that have no gatekeeper of their own. */
  readonly gatekeeper: Gatekeeper;
  readonly observer?: Observer;
  /** Where sessions and retained messages outlive the process; absent: they do not. */
  readonly storage?: StorageOptions;
  readonly limits?: Partial<Limits>;
  readonly features?: Partial<Features>;
  /** Mosquitto's `sys_interval`: seconds between updates under `$SYS`; 0: none. */
  readonly systemTopicSeconds?: number;
  /** What `$SYS/broker/version` says. */
  readonly version?: string;
}

export interface StorageOptions {
  readonly store: Store;
  /** What is in the store: see state/recall.ts. */
  readonly recalled: Recalled;
  /** Whether acknowledgements wait for the store; true unless told otherwise. */
  readonly keepsPromises?: boolean;
}

/** What may differ from listener to listener. */
export interface ListenerOptions {
  readonly gatekeeper?: Gatekeeper;
  readonly limits?: Partial<
    Pick<Limits, 'connectionsMax' | 'qosMax' | 'topicAliasMax' | 'topicAliasBrokerMax'>
  >;
}

/** What a broker had in its store when it began. */
export interface RecalledCounts {
  readonly sessions: number;
  readonly subscriptions: number;
  /** Messages that wait for clients, each counted once per client. */
  readonly messages: number;
  readonly retained: number;
  /** Records that belong to nothing, or cannot be read. */
  readonly strays: number;
}

interface KeepingParts {
  readonly turn: Turn;
  readonly deadlines: Deadlines;
  readonly observer: Observer;
  readonly subscriptions: Subscriptions;
}

export class Broker {
  /** Undefined where nothing is stored. */
  readonly recalled: RecalledCounts | undefined;
  #brokenOffAt = 0;
  readonly #connectionOptions: Omit<ConnectionOptions, 'closed'>;
  readonly #connections = new Set<Connection>();
  readonly #deadlines: Deadlines;
  readonly #systemTopics: SystemTopics;

  constructor(options: BrokerOptions) {
    const { host, gatekeeper, observer = {} } = options;
    const { clock } = host;
    const limits = completeLimits(options.limits);
    const features = { ...defaultFeatures, ...options.features };
    const turn = new Turn(host.atEndOfTurn);
    const deadlines = new Deadlines(host.wakeAt);
    const counters = new BrokerCounters();
    const traffic = new Traffic();
    const subscriptions = new Subscriptions(limits.routesMax);
    const keeping = this.#keeping(options, { turn, deadlines, observer, subscriptions });
    const retained = new RetainedMessages(
      deadlines,
      keeping && { ...keeping, numbers: keeping.retainedNumbers },
    );
    const router = new Router(subscriptions, retained, features.upgradeOutgoingQos);
    const sessions = new Sessions({
      limits: {
        inflightMessagesMax: limits.inflightMessagesMax,
        inflightBytesMax: limits.inflightBytesMax,
        messagesMax: limits.queuedMessagesMax,
        bytesMax: limits.queuedBytesMax,
        queueQos0: features.queueQos0,
      },
      upgradeQos: features.upgradeOutgoingQos,
      wills: new Wills(router, observer),
      logs: keeping?.logs,
      deadlines,
      subscriptions,
      observer,
      counters,
      clock,
      turn,
    });
    const assignClientId = () => {
      for (;;) {
        const clientId = features.assignedClientIdPrefix + host.randomId();
        if (!sessions.has(clientId)) return clientId; // [MQTT-3.2.2-16]
      }
    };
    this.#deadlines = deadlines;
    this.#connectionOptions = {
      clock,
      deadlines,
      turn,
      limits,
      features,
      gatekeeper,
      observer,
      sessions,
      router,
      subscriptions,
      retained,
      journal: keeping?.journal,
      topics: new TopicCache(limits.topicNamesMax),
      forms: new PublishForms(),
      traffic,
      counters,
      assignClientId,
    };
    this.#systemTopics = new SystemTopics(
      { router, traffic, counters, sessions, subscriptions, retained, deadlines, host },
      { version: options.version ?? 'pantala', seconds: options.systemTopicSeconds ?? 10 },
    );
    if (keeping !== undefined) {
      const { sessionExpirySecondsMax } = limits;
      const parts = { sessions, subscriptions, retained, keeping, gatekeeper };
      const { recalled } = options.storage!;
      const all = { ...parts, sessionExpirySecondsMax };
      this.#brokenOffAt = restore(recalled, all, clock.now());
      writeBroker(keeping.journal.changes, { hasEnded: false, brokenOffAt: this.#brokenOffAt });
      this.recalled = countsOf(recalled, parts);
    }
    this.#systemTopics.start();
  }

  /** Network connections, whether a client has come through them or not. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The clock's milliseconds at which `wake` is due next; undefined: not at all. */
  get nextDeadline(): number | undefined {
    return this.#deadlines.next;
  }

  /** What a transport calls for each connection to one listener. */
  listener({ gatekeeper, limits }: ListenerOptions = {}): Accept {
    const shared = this.#connectionOptions;
    const connectionsMax = limits?.connectionsMax ?? shared.limits.connectionsMax;
    let count = 0;
    const options: ConnectionOptions = {
      ...shared,
      gatekeeper: gatekeeper ?? shared.gatekeeper,
      limits: completeLimits({ ...shared.limits, ...limits }),
      closed: (connection) => {
        count--;
        shared.counters.openSockets--;
        this.#connections.delete(connection);
      },
    };
    return (link) => {
      if (connectionsMax >= 0 && count >= connectionsMax)
        return this.#turnAway(link, connectionsMax);
      count++;
      const connection = new Connection(link, options);
      this.#connections.add(connection);
      shared.counters.sockets++;
      shared.counters.openSockets++;
      return connection;
    };
  }

  /** Publishes a message of the broker's own; topics under `$SYS` are its to use. */
  publish(message: Message): void {
    const { clock, router } = this.#connectionOptions;
    router.publish(message, undefined, clock.now());
  }

  /** Every subscription of every session, for who wants to see them: it takes its time. */
  *subscriptions(): Generator<Subscription, void> {
    for (const session of this.#connectionOptions.sessions.all()) yield* session.subscriptions();
  }

  /** Does what is due at this time of the clock. */
  wake(now: number): void {
    this.#deadlines.wake(now);
  }

  /**
   * Disconnects every client with 0x8B; their links close once they have taken their bytes.
   *
   * @param stored is called when all that is to outlive the broker is stored, or cannot be
   */
  shutDown(stored?: () => void): void {
    this.#systemTopics.stop();
    for (const connection of this.#connections) connection.shutDown();
    const { sessions, clock, journal } = this.#connectionOptions;
    sessions.endAbsences(clock.now());
    if (journal === undefined) return stored?.();
    writeBroker(journal.changes, { hasEnded: true, brokenOffAt: this.#brokenOffAt });
    journal.close(() => stored?.());
  }

  #keeping(
    { storage, host }: BrokerOptions,
    { turn, deadlines, observer, subscriptions }: KeepingParts,
  ): Keeping | undefined {
    if (storage === undefined) return undefined;
    const { store, keepsPromises = true } = storage;
    const { clock, date } = host;
    if (date === undefined) throw new Error('a host whose state is stored must tell the date');
    return keepingIn({
      store,
      journal: new Journal({ store, clock, turn, deadlines, observer, keepsPromises }),
      clock,
      date,
      groupOf: (share) => subscriptions.group(share),
    });
  }

  #turnAway(link: Link, connectionsMax: number): LinkReceiver {
    link.destroy();
    this.#connectionOptions.observer.connectionRefused?.({
      peer: link.peer,
      clientId: undefined,
      reasonCode: reasonCodes.quotaExceeded,
      message: `the listener's limit of ${connectionsMax} connections is reached`,
    });
    return { receive() {}, drained() {}, closed() {} };
  }
}

function countsOf(
  recalled: Recalled,
  { sessions, subscriptions }: Pick<RestorationParts, 'sessions' | 'subscriptions'>,
): RecalledCounts {
  return {
    sessions: sessions.count,
    subscriptions: subscriptions.count,
    messages: sessions.heldMessages,
    retained: recalled.retained.length,
    strays: recalled.strayCount,
  };
}
