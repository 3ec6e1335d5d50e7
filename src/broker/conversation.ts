/** A connected client: what its packets do, from CONNACK to the end. */

import type { Puback, Pubcomp, Pubrec, Pubrel } from '../packet/acknowledgement.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import type { Publish } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Suback } from '../packet/suback.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import type { Unsuback } from '../packet/unsuback.ts';
import type { Unsubscribe } from '../packet/unsubscribe.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Message } from '../session/message.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { IncomingAliases } from '../session/topic-aliases.ts';
import type { Traffic } from '../session/traffic.ts';
import { mountedFilter } from '../topic/mount-point.ts';
import {
  filterFault,
  hasTooManyLevels,
  hasWildcard,
  parseShare,
  topicSeparatorsMax,
} from '../topic/topic-filter.ts';
import { Answers, type AnswersReader, notStored } from './answers.ts';
import type { ClientSession } from './client-session.ts';
import { asReasonString } from './farewell.ts';
import { Interception, type Pass } from './interception.ts';
import type { ListenerRules } from './introduction.ts';
import type { Features, Limits } from './limits.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { ConnectedClient, Gatekeeper, Observer } from './ports.ts';
import { messageOfPublish } from './publication.ts';
import { publishDenial } from './publish-permission.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Router } from './router.ts';
import type { Settings } from './settings.ts';
import type { Journal } from './state/journal.ts';
import type { SubscriptionOptions } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What the conversations of one listener share. */
export interface ConversationRules {
  readonly limits: Limits;
  readonly features: Features;
  readonly listener: ListenerRules;
  readonly settings: Settings;
  readonly memory: MemoryLimit;
  readonly clock: Clock;
  readonly gatekeeper: Gatekeeper;
  readonly router: Router;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly observer: Observer;
  readonly traffic: Traffic;
  /** Absent where nothing is stored. */
  readonly journal: Journal | undefined;
}

export interface ConversationOptions {
  readonly client: ConnectedClient;
  /** The client is a bridge of Mosquitto's: MQTT 3.x with the options that 5.0 has names for. */
  readonly bridge: boolean;
  /** Whether acknowledgements may say why something was refused. [MQTT-3.1.2-29] */
  readonly explainsProblems: boolean;
  readonly session: ClientSession;
  readonly sender: PacketSender;
  readonly rules: ConversationRules;
  readonly reader: AnswersReader;
}

type SubscribeEntry = Subscribe['subscriptions'][number];

export class Conversation {
  readonly #client: ConnectedClient;
  readonly #bridge: boolean;
  readonly #explainsProblems: boolean;
  readonly #session: ClientSession;
  readonly #sender: PacketSender;
  readonly #rules: ConversationRules;
  readonly #answers: Answers;
  readonly #interception: Interception | undefined;
  readonly #mountPoint: string | undefined;
  #aliases: IncomingAliases | undefined;

  constructor(options: ConversationOptions) {
    this.#client = options.client;
    this.#bridge = options.bridge;
    this.#explainsProblems = options.explainsProblems;
    this.#session = options.session;
    this.#sender = options.sender;
    this.#rules = options.rules;
    const { gatekeeper, journal, limits, listener } = options.rules;
    this.#interception = gatekeeper.interceptor && new Interception(options);
    this.#mountPoint = listener.mountPoint;
    this.#answers = new Answers({
      sender: options.sender,
      incoming: options.session.incoming,
      journal,
      reader: options.reader,
      waitingMax: limits.waitingAnswersMax,
    });
  }

  /** So much waits for the store, or a packet for its verdict, that nothing more is to be read. */
  get isOverdue(): boolean {
    return this.#answers.isOverdue || this.isHeld;
  }

  /** A packet waits for the verdict of the interceptor. */
  get isHeld(): boolean {
    return this.#interception?.isWaiting === true;
  }

  /** Goes on with a packet whose verdict has come. @throws ProtocolError */
  conclude(now: number): void {
    this.#interception?.conclude(now);
  }

  /** The connection is over. */
  end(): void {
    this.#interception?.end();
    this.#answers.discard();
  }

  publish(publish: Publish, now: number): void {
    const { limits, traffic } = this.#rules;
    const topic = this.#topicOf(publish);
    traffic.publishReceivedBytes += publish.payload.length;
    this.#checkSupported(publish, limits);
    checkLevels(topic);
    const limited = this.#limitDenial(publish, topic, now);
    const message = messageOfPublish(publish, topic, now);
    if (limited !== undefined || !this.#interception?.asksAbout(publish, topic)) {
      return this.#pass(publish, message, limited ?? this.#denial(topic), now);
    }
    const pass: Pass = (passed, ...rest) => this.#pass(publish, passed, ...rest);
    this.#interception.publish(message, pass, now);
  }

  puback({ packetId, reasonCode }: Puback, now: number): void {
    this.#session.outgoing.acknowledged(packetId, reasonCode, now);
    this.#session.continueReplays(now);
  }

  pubrec({ packetId, reasonCode }: Pubrec, now: number): void {
    this.#session.outgoing.received(packetId, reasonCode, now);
    this.#session.continueReplays(now);
  }

  pubrel({ packetId }: Pubrel): void {
    // [MQTT-4.3.3-11]: PUBCOMP in any case, so that the client comes to an end.
    const known = this.#session.incoming.release(packetId);
    this.#answerKept({
      type: 'pubcomp',
      packetId,
      reasonCode: known ? reasonCodes.success : reasonCodes.packetIdentifierNotFound,
    });
  }

  pubcomp({ packetId, reasonCode }: Pubcomp, now: number): void {
    this.#session.outgoing.completed(packetId, reasonCode, now);
    this.#session.continueReplays(now);
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
    const answers = filters.map((asked): ReasonCode => {
      const filter = this.#mountedFilter(asked);
      const subscription = this.#session.subscription(filter);
      if (subscription === undefined) return reasonCodes.noSubscriptionExisted;
      this.#rules.subscriptions.remove(subscription);
      this.#session.removeSubscription(subscription);
      this.#session.log?.removeSubscription(subscription);
      this.#rules.observer.unsubscribed?.(this.#session.clientId, filter);
      this.#interception?.unsubscribed(filter);
      return reasonCodes.success;
    });
    this.#checkFits({ type: 'unsuback', packetId, reasonCodes: answers });
    this.#answerKept({ type: 'unsuback', packetId, reasonCodes: answers });
  }

  pingreq(): void {
    this.#sender.send({ type: 'pingresp' });
  }

  /** An answer that may not come must not be waited for either. [MQTT-3.1.2-24] */
  #checkFits(packet: Suback | Unsuback): void {
    if (this.#sender.fits(packet)) return;
    throw new ProtocolError(
      reasonCodes.packetTooLarge,
      `${packet.type.toUpperCase()} does not fit: ask for less at a time, or allow larger packets`,
    );
  }

  #topicOf({ topic, properties }: Publish): string {
    const alias = properties?.topicAlias;
    const asked = alias === undefined ? topic : this.#resolveAlias(alias, topic);
    return this.#mountPoint === undefined ? asked : this.#mountPoint + asked;
  }

  #resolveAlias(alias: number, topic: string): string {
    this.#aliases ??= new IncomingAliases(this.#rules.limits.topicAliasMax);
    return this.#aliases.resolve(alias, topic);
  }

  #mounted(entries: readonly SubscribeEntry[]): readonly SubscribeEntry[] {
    if (this.#mountPoint === undefined) return entries;
    return entries.map((entry) => ({ ...entry, filter: this.#mountedFilter(entry.filter) }));
  }

  #mountedFilter(filter: string): string {
    if (this.#mountPoint === undefined) return filter;
    const mounted = mountedFilter(this.#mountPoint, filter);
    if (!hasTooManyLevels(mounted)) return mounted;
    throw new ProtocolError(
      reasonCodes.malformedPacket,
      `topic filter of more than ${topicSeparatorsMax} '/' with its mount point: use fewer levels`,
    );
  }

  #checkSupported({ qos, retain }: Publish, { qosMax }: Limits): void {
    if (qos > qosMax) {
      // [MQTT-3.2.2-11]
      throw new ProtocolError(
        reasonCodes.qosNotSupported,
        `PUBLISH with QoS ${qos}: at most ${qosMax} is supported`,
      );
    }
    if (retain && !this.#rules.features.retainAvailable) {
      // [MQTT-3.2.2-14]
      throw new ProtocolError(reasonCodes.retainNotSupported, 'PUBLISH with retain: not supported');
    }
  }

  /**
   * A payload that is too large is refused as Mosquitto does it. Over the limit of memory nothing
   * is taken that would have to be kept; clients of MQTT 3.x can only be told so by the end.
   *
   * @throws ProtocolError
   */
  #limitDenial(
    { payload, qos, retain }: Publish,
    topic: string,
    now: number,
  ): ReasonCode | undefined {
    const { settings, memory, observer } = this.#rules;
    const { messageBytesMax } = settings.limits;
    const bytes = payload.length;
    let denial: ReasonCode | undefined;
    if (messageBytesMax > 0 && bytes > messageBytesMax) denial = reasonCodes.packetTooLarge;
    else if ((qos > 0 || retain) && bytes > 0 && memory.isReached(now)) {
      denial = reasonCodes.quotaExceeded;
    }
    if (denial === undefined) return undefined;
    observer.publishDenied?.(this.#client, topic, denial, undefined);
    if (denial === reasonCodes.quotaExceeded && qos > 0 && this.#sender.version !== 5) {
      throw new ProtocolError(denial, 'the limit of memory is reached');
    }
    return denial;
  }

  /** The reason code with which the publish is refused, if it is. */
  #denial(topic: string): ReasonCode | undefined {
    return publishDenial(this.#session.access, topic, this.#rules.observer);
  }

  /** Acts on a message that nobody but the store has anything against, or on its refusal. */
  #pass(
    publish: Publish,
    message: Message,
    refusal: ReasonCode | undefined,
    now: number,
    reason?: string,
  ): void {
    const denial = refusal ?? this.#storeDenial(publish, message);
    switch (publish.qos) {
      case 0:
        if (denial === undefined) this.#route(message, now);
        return;
      case 1:
        this.#session.incoming.publishedAtLeastOnce();
        if (denial === undefined) this.#take('puback', publish.packetId, message, now);
        else this.#refuse('puback', publish.packetId, denial, reason);
        return;
      case 2:
        this.#publishExactlyOnce(publish.packetId, message, { denial, reason, now });
        return;
      default:
        publish.qos satisfies never;
    }
  }

  /** What cannot be stored now is refused where MQTT has a word for that; else it waits. */
  #storeDenial({ qos }: Publish, message: Message): ReasonCode | undefined {
    const { journal, router } = this.#rules;
    if (journal === undefined || !journal.isFailing || qos === 0) return undefined;
    if (this.#sender.version !== 5) return undefined;
    const isKept =
      message.retain ||
      (qos === 2 && this.#session.isKept) ||
      (message.qos > 0 && router.isKept(message.topic));
    return isKept ? notStored : undefined;
  }

  #route(message: Message, now: number): ReasonCode {
    const matched = this.#rules.router.publish(message, this.#session, now);
    return matched ? reasonCodes.success : reasonCodes.noMatchingSubscribers;
  }

  /** Delivers a message, and acknowledges it when it is safe. */
  #take(type: 'puback' | 'pubrec', packetId: number, message: Message, now: number): void {
    const reasonCode = this.#route(message, now);
    const changed = message.retain || (type === 'pubrec' && this.#session.isKept);
    this.#answers.acknowledge({ type, packetId, reasonCode }, message, changed);
  }

  #publishExactlyOnce(
    packetId: number,
    message: Message,
    {
      denial,
      reason,
      now,
    }: { denial: ReasonCode | undefined; reason: string | undefined; now: number },
  ): void {
    const { incoming } = this.#session;
    // [MQTT-4.3.3-10]: a duplicate is acknowledged again and delivered no more.
    if (!incoming.publishedExactlyOnce(packetId)) {
      this.#answerKept({ type: 'pubrec', packetId, reasonCode: reasonCodes.success });
      return;
    }
    if (denial === undefined) return this.#take('pubrec', packetId, message, now);
    // MQTT 5.0 ends the exchange with the PUBREC; 3.x cannot tell, and goes through with it.
    if (this.#sender.version === 5) incoming.release(packetId);
    this.#refuse('pubrec', packetId, denial, reason);
  }

  /** An answer that may say what another client of the session's has changed just before. */
  #answerKept(packet: Unsuback | Pubrec | Pubcomp): void {
    if (this.#session.isKept) this.#answers.sendKept(packet);
    else this.#answers.send(packet);
  }

  #refuse(
    type: 'puback' | 'pubrec',
    packetId: number,
    reasonCode: ReasonCode,
    reason: string | undefined,
  ): void {
    const isDenied = reasonCode === reasonCodes.notAuthorized;
    const why = reason ?? (isDenied ? 'not authorized to publish to this topic' : undefined);
    const explains = why !== undefined && this.#explainsProblems;
    const properties = explains ? { reasonString: asReasonString(why) } : undefined;
    this.#answers.send({ type, packetId, reasonCode, properties });
  }

  /** What MQTT answers with the end of the connection. */
  #checkSubscribable(entries: readonly SubscribeEntry[], identifier: number | undefined): void {
    this.#checkCount(entries.length);
    for (const { filter } of entries) {
      const fault = filterFault(filter);
      if (fault !== undefined) throw new ProtocolError(reasonCodes.malformedPacket, fault);
      const lack = this.#lackFor(filter);
      // Clients of MQTT 3.x were not told, and see it in SUBACK. [MQTT3-3.8.3-2]
      if (lack === undefined || this.#sender.version !== 5) continue;
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
    const client = this.#client;
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
    const bridge = this.#bridge;
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
    return () => session.replay(subscription, retained);
  }
}

function withQos(entry: SubscribeEntry, qos: ReasonCode): SubscribeEntry {
  return { ...entry, qos: qos as QoS };
}

/** The codec has checked the rest of what makes a topic name valid. */
function checkLevels(topic: string): void {
  if (!hasTooManyLevels(topic)) return;
  throw new ProtocolError(
    reasonCodes.topicNameInvalid,
    `topic name of more than ${topicSeparatorsMax} '/': use fewer levels`,
  );
}
