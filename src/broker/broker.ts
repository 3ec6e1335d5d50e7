/** The broker: joins its parts, and lets connections in. */

import { AssemblyPool } from '../packet/assembly-pool.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { TopicCache } from '../packet/topic-cache.ts';
import { Deadlines } from '../session/deadlines.ts';
import type { Message } from '../session/message.ts';
import { PublishForms } from '../session/publish-forms.ts';
import { Traffic } from '../session/traffic.ts';
import { Turn } from '../session/turn.ts';
import { BrokerCounters } from './broker-counters.ts';
import { type ClientTest, Connections } from './connections.ts';
import type { ControlHandler } from './control.ts';
import type { Features, Limits } from './limits.ts';
import {
  type BrokerListener,
  Listener,
  type ListenerOptions,
  type ListenerParts,
} from './listener.ts';
import { MemoryLimit } from './memory-limit.ts';
import { Newcomers } from './newcomers.ts';
import type { Clock, Gatekeeper, Observer, Store } from './ports.ts';
import { ReplayPace } from './replay-pace.ts';
import { type RestorationParts, restore } from './restoration.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import { Sessions } from './sessions.ts';
import { Settings, type SettingsChanges } from './settings.ts';
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
  /**
   * Decides about the clients of a listener that have not come back since the start; what it does
   * not know is decided by `gatekeeper`. A listener's own takes over once `listener` has named it.
   */
  readonly gatekeeperFor?: (listenerName: string) => Gatekeeper | undefined;
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

/** What is left out stays as it is. */
export interface BrokerChanges extends SettingsChanges {
  readonly systemTopicSeconds?: number | undefined;
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
  readonly #connectionOptions: ListenerParts['options'];
  readonly #connections = new Connections();
  readonly #listeners: Listener[] = [];
  readonly #settings: Settings;
  readonly #gatekeeper: Gatekeeper;
  readonly #gatekeeperFor: BrokerOptions['gatekeeperFor'];
  readonly #deadlines: Deadlines;
  readonly #systemTopics: SystemTopics;

  constructor(options: BrokerOptions) {
    const { host, gatekeeper, observer = {} } = options;
    const { clock } = host;
    const settings = new Settings(options);
    this.#settings = settings;
    this.#gatekeeper = gatekeeper;
    this.#gatekeeperFor = options.gatekeeperFor;
    const { limits } = settings;
    const gatekeeperOf = (listenerName: string | undefined) => this.#gatekeeperOf(listenerName);
    const turn = new Turn(host.atEndOfTurn);
    const deadlines = new Deadlines(host.wakeAt, clock);
    const counters = new BrokerCounters();
    const traffic = new Traffic();
    const subscriptions = new Subscriptions(settings);
    const keeping = this.#keeping(options, { turn, deadlines, observer, subscriptions });
    const retained = new RetainedMessages(
      deadlines,
      keeping && { ...keeping, numbers: keeping.retainedNumbers },
    );
    const router = new Router(subscriptions, retained, settings);
    const sessions = new Sessions({
      settings,
      wills: new Wills({ router, observer, clock, settings }),
      mayStillPublish: ({ clientId, userName, listenerName }, topic) => {
        const client = { clientId, userName, peer: 'the publisher of a retained message' };
        return gatekeeperOf(listenerName).mayPublish(client, topic) < 0x80;
      },
      logs: keeping?.logs,
      deadlines,
      subscriptions,
      observer,
      counters,
      clock,
      pace: new ReplayPace(turn),
    });
    const assignClientId = (prefix: string) => {
      for (;;) {
        const clientId = prefix + host.randomId();
        if (!sessions.has(clientId)) return clientId; // [MQTT-3.2.2-16]
      }
    };
    this.#deadlines = deadlines;
    this.#connectionOptions = {
      clock,
      deadlines,
      turn,
      observer,
      sessions,
      router,
      subscriptions,
      retained,
      journal: keeping?.journal,
      topics: new TopicCache(limits.topicNamesMax),
      assemblies: new AssemblyPool(limits.assemblyBytesMin),
      forms: new PublishForms(),
      traffic,
      counters,
      newcomers: new Newcomers(),
      settings,
      memory: new MemoryLimit(settings, host.heapBytes),
      assignClientId,
    };
    this.#systemTopics = new SystemTopics(
      { router, traffic, counters, sessions, subscriptions, retained, deadlines, host },
      { version: options.version ?? 'pantala', seconds: options.systemTopicSeconds ?? 10 },
    );
    if (keeping !== undefined) {
      const { sessionExpirySecondsMax } = limits;
      const parts = { sessions, subscriptions, retained, keeping, gatekeeperOf };
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
    return this.#connections.count;
  }

  /** The clock's milliseconds at which `wake` is due next; undefined: not at all. */
  get nextDeadline(): number | undefined {
    return this.#deadlines.next;
  }

  /** Takes the connections to one listener. */
  listener(options: ListenerOptions = {}): BrokerListener {
    const listener = new Listener(options, {
      settings: this.#settings,
      gatekeeper: this.#gatekeeper,
      connections: this.#connections,
      options: this.#connectionOptions,
    });
    this.#listeners.push(listener);
    return listener;
  }

  /**
   * Changes what holds for the whole broker. What a client was told in its CONNACK, and limits of
   * packets and of one client's subscriptions, hold for new connections; the rest at once, the
   * window of unacknowledged messages from the next connection on. `routesMax` and `topicNamesMax`
   * do not change.
   */
  change(changes: BrokerChanges): void {
    const { duplicates } = this.#settings.features;
    this.#settings.change(changes);
    if (this.#settings.features.duplicates !== duplicates) this.accessChanged();
    const { systemTopicSeconds } = changes;
    if (systemTopicSeconds !== undefined) this.#systemTopics.change(systemTopicSeconds);
    for (const listener of this.#listeners) listener.settingsChanged();
  }

  /** Gatekeepers decide otherwise than before about who may receive what: asks them anew. */
  accessChanged(): void {
    const { sessions, subscriptions } = this.#connectionOptions;
    subscriptions.accessChanged();
    sessions.accessChanged();
  }

  /** Ends the connections of clients that may not be here any more. */
  disconnectWhere(isMeant: ClientTest, reasonCode: ReasonCode, message: string): void {
    this.#connections.expel(isMeant, reasonCode, message);
  }

  /** From now on `handler` answers what clients publish below `$CONTROL/`; undefined: nobody. */
  answerControl(handler: ControlHandler | undefined): void {
    this.#connectionOptions.subscriptions.control = handler;
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
    this.#connections.shutDown();
    const { sessions, clock, journal } = this.#connectionOptions;
    sessions.endAbsences(clock.now());
    if (journal === undefined) return stored?.();
    writeBroker(journal.changes, { hasEnded: true, brokenOffAt: this.#brokenOffAt });
    journal.close(() => stored?.());
  }

  /** Who decides about the clients of a listener now. */
  #gatekeeperOf(listenerName: string | undefined): Gatekeeper {
    if (listenerName === undefined) return this.#gatekeeper;
    const listener = this.#listeners.find(({ name }) => name === listenerName);
    return listener?.gatekeeper ?? this.#gatekeeperFor?.(listenerName) ?? this.#gatekeeper;
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
