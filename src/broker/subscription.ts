/** What a client has asked for with SUBSCRIBE, and how messages reach it. */

import type { QoS } from '../packet/version.ts';
import type { DropCause, Terms } from '../session/delivery.ts';
import type { Message } from '../session/message.ts';
import type { SharedGroup } from './shared-group.ts';

/** Being away counts for more than any queue: members of a group that are there come first. */
export const awayLoad = 1e9;

/** Someone who takes messages. */
export interface Subscriber {
  readonly clientId: string;
  /** What it is given and must not lose is stored. */
  readonly isKept: boolean;

  /**
   * How long a message of this QoS would have to wait: 0 when it leaves at once, more the longer
   * the queue, from `awayLoad` on until the client is back; Infinity when it would be dropped.
   */
  loadFor(qos: QoS): number;

  deliver(message: Message, qos: QoS, retain: boolean, terms: Terms, now: number): void;

  /** Messages of all topics that it has subscribed to may reach it: nobody has to be asked. */
  readonly receivesAll: boolean;

  /** Whether messages of the topic may reach it. The answer holds until its access changes. */
  mayReceive(topic: string): boolean;

  /** It does not get a message. */
  dropped(message: Message, qos: QoS, cause: DropCause): void;
}

/** How one subscriber gets the messages of one topic. */
export interface Receiver extends Terms {
  readonly subscriber: Subscriber;
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  /** At least one of its subscriptions leaves out what the subscriber itself published. */
  readonly noLocal: boolean;
  /** What holds for messages of its own; undefined: it does not get them. [MQTT-3.8.3-3] */
  readonly forOwn: Receiver | undefined;
}

/**
 * The QoS of a delivery: the lower of what it was published and subscribed with. [MQTT-3.8.4-8]
 *
 * @param upgrade the subscription's QoS holds even when it is the higher one
 */
export function deliveryQos(published: QoS, subscribed: QoS, upgrade: boolean): QoS {
  return upgrade || subscribed < published ? subscribed : published;
}

export interface SubscriptionOptions {
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly subscriptionIdentifier: number | undefined;
}

/** One filter of one client; the receiver itself where no other filter of that client matches. */
export class Subscription implements Receiver {
  readonly subscriber: Subscriber;
  /** As the client wrote it, with `$share/…` where it is shared. */
  readonly filter: string;
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly noLocal: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The group that it takes turns in, where it is shared. */
  readonly group: SharedGroup | undefined;
  /** Under which the session's log has it, and the commit with which it is safe. */
  number = 0;
  commit = 0;

  constructor(
    subscriber: Subscriber,
    filter: string,
    options: SubscriptionOptions,
    group: SharedGroup | undefined,
  ) {
    this.subscriber = subscriber;
    this.filter = filter;
    this.qos = options.qos;
    this.retainAsPublished = options.retainAsPublished;
    this.noLocal = options.noLocal;
    this.subscriptionIdentifiers =
      options.subscriptionIdentifier === undefined ? undefined : [options.subscriptionIdentifier];
    this.group = group;
  }

  hasOptions(options: SubscriptionOptions): boolean {
    return (
      this.qos === options.qos &&
      this.noLocal === options.noLocal &&
      this.retainAsPublished === options.retainAsPublished &&
      this.subscriptionIdentifiers?.[0] === options.subscriptionIdentifier
    );
  }

  get forOwn(): Receiver | undefined {
    return this.noLocal ? undefined : this;
  }
}

/**
 * Joins the subscriptions of one subscriber that match the same topic: one copy, with the highest
 * QoS and all identifiers. [MQTT-3.3.4-2] [MQTT-3.3.4-4]
 */
export function joinSubscriptions(subscriptions: readonly Subscription[]): Receiver {
  if (subscriptions.length === 1) return subscriptions[0];
  const forOwn = subscriptions.filter((subscription) => !subscription.noLocal);
  const noLocal = forOwn.length < subscriptions.length;
  const identifiers = subscriptions.flatMap((each) => each.subscriptionIdentifiers ?? []);
  const joined = {
    subscriber: subscriptions[0].subscriber,
    qos: subscriptions.reduce<number>((highest, { qos }) => Math.max(highest, qos), 0) as QoS,
    retainAsPublished: subscriptions.some((each) => each.retainAsPublished),
    noLocal,
    subscriptionIdentifiers: identifiers.length === 0 ? undefined : identifiers,
    forOwn: noLocal && forOwn.length > 0 ? joinSubscriptions(forOwn) : undefined,
  };
  return joined;
}
