/** What the broker keeps for one client identifier, connected or not. (MQTT 5.0 section 4.1) */

import type { QoS } from '../packet/version.ts';
import type { DropCause, Terms } from '../session/delivery.ts';
import { Incoming } from '../session/incoming.ts';
import type { Message, MessageSource } from '../session/message.ts';
import { Outgoing } from '../session/outgoing.ts';
import type { OutgoingEvents } from '../session/outgoing-options.ts';
import type { Outlet } from '../session/outlet.ts';
import type { Shelf } from '../session/shelf.ts';
import { isMounted } from '../topic/mount-point.ts';
import { type Access, mayReceive, receivesAll } from './access.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { Limits } from './limits.ts';
import type { Observer } from './ports.ts';
import type { RetainedMessages } from './retained-messages.ts';
import { RetainedReplays, type RetainedReplaysOptions } from './retained-replay.ts';
import type { SessionLog } from './state/session-log.ts';
import { awayLoad, type Subscriber, type Subscription } from './subscription.ts';
import {
  type SubscriptionMap,
  subscriptionAt,
  subscriptionCount,
  subscriptionsOf,
  withoutSubscription,
  withSubscription,
} from './subscription-map.ts';

/** The connection that a session is used through. */
export interface SessionConnection {
  /** Another connection has come for the same client identifier. [MQTT-3.1.4-3] */
  takeOver(): void;
}

export interface ClientSessionOptions extends RetainedReplaysOptions {
  readonly observer: Observer;
  readonly counters: BrokerCounters;
}

/** What a store keeps of a session, and what it has of it already. */
export interface KeptSession {
  readonly log: SessionLog;
  readonly shelf?: Shelf;
  /** Packet ids of QoS 2 whose PUBREL has not come. */
  readonly openIds?: Iterable<number>;
}

export class ClientSession implements Subscriber, OutgoingEvents {
  readonly clientId: string;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  /** What a store keeps of it; undefined when it ends with its connection anyway. */
  readonly log: SessionLog | undefined;
  /** Seconds that it outlives its connection; Infinity: for ever. */
  expirySeconds = 0;
  #access: Access;
  #source: MessageSource | undefined;
  #connection: SessionConnection | undefined;
  #outlet: Outlet | undefined;
  #subscriptions: SubscriptionMap;
  #sharedCount = 0;
  #subscriptionBytes = 0;
  #replays: RetainedReplays | undefined;
  // Messages that have waited, or been in flight, since something else was decided: the client may
  // have been somebody else.
  #uncheckedCount = 0;
  readonly #observer: Observer;
  readonly #counters: BrokerCounters;
  readonly #options: ClientSessionOptions;

  /** @param access of the client that opens it, or that has left it */
  constructor(access: Access, options: ClientSessionOptions, kept?: KeptSession) {
    const { settings, observer, counters } = options;
    this.clientId = access.client.clientId;
    this.#access = access;
    this.log = kept?.log;
    this.incoming = new Incoming(this.log, kept?.openIds);
    this.outgoing = new Outgoing(settings.outgoing, this, { keeper: this.log, shelf: kept?.shelf });
    this.log?.listen(this.outgoing);
    this.#observer = observer;
    this.#counters = counters;
    this.#options = options;
  }

  get connection(): SessionConnection | undefined {
    return this.#connection;
  }

  get isKept(): boolean {
    return this.log !== undefined;
  }

  /** Of the client that uses it, or that has left it last. */
  get access(): Access {
    return this.#access;
  }

  /** What is remembered of the client with messages that it has published. */
  get source(): MessageSource {
    const { client, listenerName } = this.#access;
    this.#source ??= { clientId: this.clientId, userName: client.userName, listenerName };
    return this.#source;
  }

  get receivesAll(): boolean {
    return receivesAll(this.#access);
  }

  /** A connection is about to use it. */
  claim(connection: SessionConnection, access: Access): void {
    this.#connection = connection;
    this.#access = access;
    this.#source = undefined;
  }

  /** Something else is decided about its client than before. */
  judgeBy(access: Access): void {
    this.#access = access;
    this.checkAnew();
  }

  /** What waits may not be for its client any more. */
  checkAnew(): void {
    const { unacknowledgedCount, queuedCount } = this.outgoing;
    this.#uncheckedCount = this.receivesAll ? 0 : unacknowledgedCount + queuedCount;
  }

  mayReceive(topic: string): boolean {
    if (mayReceive(this.#access, topic)) return true;
    const { client, gatekeeper, mountPoint } = this.#access;
    const isMount = mountPoint !== undefined && !isMounted(mountPoint, topic);
    if (this.#observer.receiveDenied !== undefined && !isMount) {
      const rule = gatekeeper.ruleFor?.(client, 'receive', topic);
      this.#observer.receiveDenied(client, topic, rule);
    }
    return false;
  }

  /** By the filter as the client wrote it. */
  subscription(filter: string): Subscription | undefined {
    return subscriptionAt(this.#subscriptions, filter);
  }

  /** Whether a further subscription keeps within the limits for one client. */
  hasRoomFor(filter: string, limits: Limits): boolean {
    if (subscriptionCount(this.#subscriptions) >= limits.subscriptionsMax) return false;
    if (this.#sharedCount >= limits.sharedSubscriptionsMax && filter.startsWith('$share/')) {
      return false;
    }
    return this.#subscriptionBytes + indexBytes(filter) <= limits.subscriptionBytesMax;
  }

  subscriptions(): Iterable<Subscription> {
    return subscriptionsOf(this.#subscriptions);
  }

  /** In place of one to the same filter, if there is; that one's retained messages still come. */
  addSubscription(subscription: Subscription): void {
    const countBefore = subscriptionCount(this.#subscriptions);
    this.#subscriptions = withSubscription(this.#subscriptions, subscription);
    if (subscriptionCount(this.#subscriptions) > countBefore) this.#count(subscription, 1);
  }

  removeSubscription(subscription: Subscription): void {
    const countBefore = subscriptionCount(this.#subscriptions);
    this.#subscriptions = withoutSubscription(this.#subscriptions, subscription.filter);
    if (subscriptionCount(this.#subscriptions) < countBefore) this.#count(subscription, -1);
    this.#replays?.remove(subscription.filter);
  }

  /** Sends retained messages to a new subscription, as the client takes them. */
  replay(subscription: Subscription, retained: RetainedMessages): void {
    this.#replays ??= new RetainedReplays(this.outgoing, retained, this.#options);
    this.#replays.add(subscription);
  }

  /**
   * The client has a connection: what waits leaves through `outlet`.
   *
   * `receiveMax` and `sendMax`: how many messages of QoS 1 and 2 may be unacknowledged, from
   * the client and towards it.
   */
  attach(
    outlet: Outlet,
    { receiveMax, sendMax, now }: { receiveMax: number; sendMax: number; now: number },
  ): void {
    this.#outlet = outlet;
    this.checkAnew();
    this.incoming.resume(receiveMax);
    this.outgoing.resume(outlet, sendMax, now);
    this.#replays?.pump(now);
  }

  detach(): void {
    this.#connection = undefined;
    this.#outlet = undefined;
    this.outgoing.suspend();
  }

  /** The client's connection takes more than before. */
  pump(now: number): void {
    this.outgoing.pump(now);
    this.#replays?.pump(now);
  }

  /** The client has acknowledged something, which may let retained messages go on. */
  continueReplays(now: number): void {
    this.#replays?.pump(now);
  }

  loadFor(qos: QoS): number {
    const outlet = this.#outlet;
    if (qos === 0) {
      if (outlet !== undefined) return outlet.canTake ? 0 : Number.POSITIVE_INFINITY;
      if (!this.#options.settings.outgoing.queueQos0) return Number.POSITIVE_INFINITY;
    }
    if (this.outgoing.isQueueAtLimit) return Number.POSITIVE_INFINITY;
    if (outlet === undefined) return awayLoad + this.outgoing.queuedCount;
    return this.outgoing.isReadyFor(qos) ? 0 : 1 + this.outgoing.queuedCount;
  }

  deliver(message: Message, qos: QoS, retain: boolean, terms: Terms, now: number): void {
    this.outgoing.deliver(message, qos, retain, terms, now);
  }

  eased(now: number): void {
    this.#replays?.pump(now);
  }

  isBarred({ topic }: Message): boolean {
    if (this.#uncheckedCount === 0) return false;
    this.#uncheckedCount--;
    return !this.mayReceive(topic);
  }

  unreadable(count: number): void {
    this.#observer.messagesUnreadable?.(this.clientId, count);
  }

  dropped(message: Message, qos: QoS, cause: DropCause): void {
    this.#counters.dropped[cause]++;
    this.#observer.messageDropped?.(this.clientId, message, qos, cause);
  }

  #count({ filter, group }: Subscription, sign: 1 | -1): void {
    this.#subscriptionBytes += sign * indexBytes(filter);
    if (group !== undefined) this.#sharedCount += sign;
  }
}

// A node of the index, measured by bench/filter-index.ts, and a little more.
const levelBytes = 160;

/** What a filter takes in the index when it shares nothing with others, near enough. */
function indexBytes(filter: string): number {
  let levels = 1;
  for (let at = filter.indexOf('/'); at !== -1; at = filter.indexOf('/', at + 1)) levels++;
  return filter.length + levels * levelBytes;
}
