/** What a connected client wants to be told: SUBSCRIBE and UNSUBSCRIBE. */

import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Suback } from '../packet/suback.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import type { Unsuback } from '../packet/unsuback.ts';
import type { Unsubscribe } from '../packet/unsubscribe.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { mountedFault, mountedFilter } from '../topic/mount-point.ts';
import {
  filterFault,
  hasMisplacedWildcard,
  hasWildcard,
  parseShare,
} from '../topic/topic-filter.ts';
import { type Answers, notStored } from './answers.ts';
import type { ClientSession } from './client-session.ts';
import type { Interception } from './interception.ts';
import type { ListenerRules } from './introduction.ts';
import type { Features, Limits } from './limits.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Gatekeeper, Observer } from './ports.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Journal } from './state/journal.ts';
import type { SubscriptionOptions } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What all clients of one listener share. */
export interface SubscribingRules {
  readonly limits: Limits;
  readonly features: Features;
  readonly listener: ListenerRules;
  readonly memory: MemoryLimit;
  readonly clock: Clock;
  readonly gatekeeper: Gatekeeper;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly observer: Observer;
  /** Absent where nothing is stored. */
  readonly journal: Journal | undefined;
}

export interface SubscribingOptions {
  /** The client is a bridge of Mosquitto's: MQTT 3.x with the options that 5.0 has names for. */
  readonly bridge: boolean;
  readonly session: ClientSession;
  readonly sender: PacketSender;
  readonly rules: SubscribingRules;
}

type SubscribeEntry = Subscribe['subscriptions'][number];

export class Subscribing {
  readonly #options: SubscribingOptions;
  readonly #session: ClientSession;
  readonly #rules: SubscribingRules;
  readonly #answers: Answers;
  readonly #interception: Interception | undefined;

  constructor(
    options: SubscribingOptions,
    answers: Answers,
    interception: Interception | undefined,
  ) {
    this.#options = options;
    this.#session = options.session;
    this.#rules = options.rules;
    this.#answers = answers;
    this.#interception = interception;
  }

  subscribe({ subscriptions: asked, ...rest }: Subscribe, now: number): void {
    this.#checkSubscribable(asked, rest.properties?.subscriptionIdentifier);
    const subscribe = { ...rest, subscriptions: this.#mounted(asked) };
    if (!this.#interception?.asksAboutSubscriptions) return this.#grant(subscribe, undefined);
    this.#interception.subscribe(subscribe, (verdicts) => this.#grant(subscribe, verdicts), now);
  }

  /** @param verdicts of the interceptor; undefined: the gatekeeper decides */
  #grant(
    { packetId, subscriptions, properties }: Subscribe,
    verdicts: readonly ReasonCode[] | undefined,
  ): void {
    const identifier = properties?.subscriptionIdentifier;
    const reasonCodes: ReasonCode[] = [];
    const replays: (() => void)[] = [];
    // The commit with which all that is granted is safe.
    let commit = 0;
    for (const [index, asked] of subscriptions.entries()) {
      const verdict = verdicts?.[index];
      const entry = verdict !== undefined && verdict < asked.qos ? withQos(asked, verdict) : asked;
      const denial = this.#subscriptionDenial(entry, identifier, verdict);
      reasonCodes.push(denial ?? (this.#grantedQos(entry) as ReasonCode));
      if (denial === undefined) {
        const replay = this.#subscribeTo(entry, identifier);
        commit = Math.max(commit, this.#session.subscription(entry.filter)!.commit);
        if (replay !== undefined) replays.push(replay);
      }
    }
    // SUBACK first, so that even a simple client knows what the retained messages answer.
    this.#checkFits({ type: 'suback', packetId, reasonCodes });
    this.#answers.sendWith(commit, { type: 'suback', packetId, reasonCodes }, () => {
      for (const replay of replays) replay();
    });
  }

  unsubscribe({ packetId, filters }: Unsubscribe): void {
    this.#checkCount(filters.length);
    const wrong = filters.find(hasMisplacedWildcard);
    if (wrong !== undefined) {
      throw new ProtocolError(reasonCodes.malformedPacket, filterFault(wrong)!);
    }
    const answers = filters.map((asked): ReasonCode => {
      const filter = this.#mountedFilter(asked);
      const subscription = this.#session.subscription(filter);
      if (subscription === undefined) return reasonCodes.noSubscriptionExisted;
      this.#rules.subscriptions.remove(subscription);
      this.#session.removeSubscription(subscription);
      this.#session.log?.removeSubscription(subscription);
      this.#rules.observer.unsubscribed?.(this.#session.clientId, filter);
      this.#interception?.unsubscribed(asked);
      return reasonCodes.success;
    });
    const unsuback: Unsuback = { type: 'unsuback', packetId, reasonCodes: answers };
    this.#checkFits(unsuback);
    // It may say what another client of the session's has changed just before.
    if (this.#session.isKept) this.#answers.sendKept(unsuback);
    else this.#answers.send(unsuback);
  }

  /** An answer that may not come must not be waited for either. [MQTT-3.1.2-24] */
  #checkFits(packet: Suback | Unsuback): void {
    if (this.#options.sender.fits(packet)) return;
    throw new ProtocolError(
      reasonCodes.packetTooLarge,
      `${packet.type.toUpperCase()} does not fit: ask for less at a time, or allow larger packets`,
    );
  }

  #mounted(entries: readonly SubscribeEntry[]): readonly SubscribeEntry[] {
    if (this.#rules.listener.mountPoint === undefined) return entries;
    return entries.map((entry) => ({ ...entry, filter: this.#mountedFilter(entry.filter) }));
  }

  #mountedFilter(filter: string): string {
    const { mountPoint } = this.#rules.listener;
    if (mountPoint === undefined) return filter;
    const mounted = mountedFilter(mountPoint, filter);
    const fault = mountedFault(mounted);
    if (fault === undefined) return mounted;
    throw new ProtocolError(reasonCodes.malformedPacket, `topic filter of ${fault}`);
  }

  /** What MQTT answers with the end of the connection. */
  #checkSubscribable(entries: readonly SubscribeEntry[], identifier: number | undefined): void {
    this.#checkCount(entries.length);
    for (const { filter } of entries) {
      const fault = filterFault(filter);
      if (fault !== undefined) throw new ProtocolError(filterFaultCode(filter), fault);
      const lack = this.#lackFor(filter);
      // Clients of MQTT 3.x were not told, and see it in SUBACK. [MQTT3-3.8.3-2]
      if (lack === undefined || this.#options.sender.version !== 5) continue;
      throw new ProtocolError(lack, 'SUBSCRIBE to a filter of a kind that is not supported');
    }
    if (identifier === undefined) return;
    if (this.#rules.features.subscriptionIdentifiersAvailable) return;
    throw new ProtocolError(
      reasonCodes.subscriptionIdentifiersNotSupported,
      'SUBSCRIBE with a subscription identifier: not supported',
    );
  }

  #checkCount(filtersCount: number): void {
    const { filtersPerPacketMax } = this.#rules.limits;
    if (filtersCount <= filtersPerPacketMax) return;
    throw new ProtocolError(
      reasonCodes.quotaExceeded,
      `${filtersCount} filters in one packet: at most ${filtersPerPacketMax} are taken`,
    );
  }

  /** The reason code with which SUBACK refuses one filter, if it does. */
  #subscriptionDenial(
    entry: SubscribeEntry,
    identifier: number | undefined,
    intercepted: ReasonCode | undefined,
  ): ReasonCode | undefined {
    const { clock, gatekeeper, limits, memory, observer } = this.#rules;
    const { filter } = entry;
    const { client } = this.#session.access;
    const lack = this.#lackFor(filter);
    if (lack !== undefined) return lack;
    const known = this.#session.subscription(filter);
    if (this.#session.isKept && this.#rules.journal?.isFailing) {
      const options = this.#optionsOf(entry, identifier);
      if (known === undefined || !known.hasOptions(options)) return notStored;
    }
    if (known === undefined) {
      const hasRoom = this.#session.hasRoomFor(filter, limits);
      if (!hasRoom || memory.isReached(clock.now())) return reasonCodes.quotaExceeded;
    }
    const asked = parseShare(filter)?.filter ?? filter;
    const verdict = intercepted ?? gatekeeper.maySubscribe(client, asked);
    if (verdict < 0x80) return undefined;
    if (observer.subscribeDenied !== undefined) {
      const rule = gatekeeper.ruleFor?.(client, 'subscribe', asked);
      observer.subscribeDenied(client, filter, verdict, rule);
    }
    return verdict;
  }

  /** What the filter needs and CONNACK has said not to be there. (MQTT 5.0 section 3.2.2.3) */
  #lackFor(filter: string): ReasonCode | undefined {
    const { sharedSubscriptionAvailable, wildcardSubscriptionAvailable } = this.#rules.features;
    const share = parseShare(filter);
    if (share !== undefined && !sharedSubscriptionAvailable) {
      return reasonCodes.sharedSubscriptionsNotSupported;
    }
    if (hasWildcard(share?.filter ?? filter) && !wildcardSubscriptionAvailable) {
      return reasonCodes.wildcardSubscriptionsNotSupported;
    }
    return undefined;
  }

  #grantedQos({ qos }: SubscribeEntry): QoS {
    // [MQTT-3.2.2-10]: more than is supported may be asked for, and is granted as what is.
    return Math.min(qos, this.#rules.limits.qosMax) as QoS;
  }

  #optionsOf(entry: SubscribeEntry, identifier: number | undefined): SubscriptionOptions {
    const { bridge } = this.#options;
    const isShared = parseShare(entry.filter) !== undefined;
    return {
      qos: this.#grantedQos(entry),
      noLocal: entry.noLocal || (bridge && !isShared),
      retainAsPublished: entry.retainAsPublished || bridge,
      subscriptionIdentifier: identifier,
    };
  }

  /** @returns what sends the retained messages, if the subscription asks for them */
  #subscribeTo(entry: SubscribeEntry, identifier: number | undefined): (() => void) | undefined {
    const { observer, retained, subscriptions } = this.#rules;
    const { filter, retainHandling } = entry;
    const session = this.#session;
    const before = session.subscription(filter);
    const isShared = parseShare(filter) !== undefined;
    const options = this.#optionsOf(entry, identifier);
    const subscription = subscriptions.add(session, filter, options);
    session.addSubscription(subscription);
    session.log?.saveSubscription(subscription, before);
    // [MQTT-3.8.4-3]; after the new one is there, so that a shared group never falls apart.
    if (before !== undefined) subscriptions.remove(before);
    observer.subscribed?.(session.clientId, filter, subscription.qos);
    // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]; a shared subscription never gets any.
    const wantsRetained =
      !isShared && (retainHandling === 0 || (retainHandling === 1 && before === undefined));
    if (!wantsRetained) return undefined;
    return () => {
      // A new filter of most clients: a search for nothing takes 1 µs more.
      if (before === undefined && !retained.mayMatch(filter)) return;
      session.replay(subscription, retained);
    };
  }
}

/** MQTT names no code; these are Mosquitto's. */
function filterFaultCode(filter: string): ReasonCode {
  const isShared = filter.startsWith('$share/') && !hasMisplacedWildcard(filter);
  return isShared ? reasonCodes.protocolError : reasonCodes.malformedPacket;
}

function withQos(entry: SubscribeEntry, qos: ReasonCode): SubscribeEntry {
  return { ...entry, qos: qos as QoS };
}
