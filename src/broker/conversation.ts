/** A connected client: what its packets do, from CONNACK to the end. */

import type { Acknowledgement, AcknowledgementType } from '../packet/acknowledgement.ts';
import type { PacketMemory } from '../packet/packet-memory.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import type { Publish } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import type { Unsubscribe } from '../packet/unsubscribe.ts';
import type { Message } from '../session/message.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { IncomingAliases } from '../session/topic-aliases.ts';
import type { Traffic } from '../session/traffic.ts';
import { mountedFault } from '../topic/mount-point.ts';
import { hasTooManyLevels, topicSeparatorsMax } from '../topic/topic-filter.ts';
import { Answers, type AnswersReader, notStored } from './answers.ts';
import type { ClientSession } from './client-session.ts';
import { asReasonString } from './farewell.ts';
import { Interception, type Pass } from './interception.ts';
import type { Limits } from './limits.ts';
import { messageOfPublish } from './publication.ts';
import { publishDenial } from './publish-permission.ts';
import type { Router } from './router.ts';
import type { Settings } from './settings.ts';
import { Subscribing, type SubscribingOptions, type SubscribingRules } from './subscribing.ts';

/** What the conversations of one listener share. */
export interface ConversationRules extends SubscribingRules {
  readonly settings: Settings;
  readonly router: Router;
  readonly traffic: Traffic;
}

export interface ConversationOptions extends SubscribingOptions {
  /** Whether acknowledgements may say why something was refused. [MQTT-3.1.2-29] */
  readonly explainsProblems: boolean;
  readonly rules: ConversationRules;
  readonly reader: AnswersReader;
}

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #session: ClientSession;
  readonly #sender: PacketSender;
  readonly #rules: ConversationRules;
  readonly #answers: Answers;
  readonly #interception: Interception | undefined;
  readonly #mountPoint: string | undefined;
  #aliases: IncomingAliases | undefined;
  #subscribing: Subscribing | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
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

  /** @param memory of the packet */
  publish(publish: Publish, now: number, memory: PacketMemory): void {
    const { limits, traffic } = this.#rules;
    const topic = this.#topicOf(publish);
    traffic.publishReceivedBytes += publish.payload.length;
    this.#checkSupported(publish, limits);
    checkLevels(topic);
    const message = messageOfPublish(publish, topic, { packetMemory: memory, now });
    if (publish.qos === 2 && this.#session.incoming.awaitsPubrel(publish.packetId)) {
      // It was taken before, and is only acknowledged again: nobody is asked.
      return this.#pass(publish, message, undefined, now);
    }
    const denial = this.#limitDenial(publish, topic, now);
    if (denial !== undefined || !this.#interception?.asksAbout(topic)) {
      return this.#pass(publish, message, denial ?? this.#denial(topic), now);
    }
    const pass: Pass = (passed, refusal, at, reason) => {
      // MQTT 3.x has one answer to all, and ends the connection where the broker is at its limits.
      const isTold = refusal === undefined || this.#sender.version === 5;
      this.#pass(publish, passed, isTold ? refusal : reasonCodes.notAuthorized, at, reason);
    };
    this.#interception.publish(message, pass, now);
  }

  acknowledgement({ type, packetId, reasonCode }: Acknowledgement, now: number): void {
    this.proceed(type, packetId, reasonCode, now);
  }

  /** A step of an exchange of QoS 1 or 2. */
  proceed(step: AcknowledgementType, packetId: number, reasonCode: ReasonCode, now: number): void {
    const { incoming, outgoing } = this.#session;
    switch (step) {
      case 'puback':
        outgoing.acknowledged(packetId, reasonCode, now);
        break;
      case 'pubrec':
        outgoing.received(packetId, reasonCode, now);
        break;
      case 'pubrel':
        incoming.release(packetId);
        // [MQTT-4.3.3-11]: PUBCOMP in any case, so that the client comes to an end. Its first one
        // may be lost, and to clients 0x92 in the second is a message that was not published.
        return this.#answerKept('pubcomp', packetId);
      case 'pubcomp':
        outgoing.completed(packetId, reasonCode, now);
        break;
      default:
        step satisfies never;
    }
    this.#session.continueReplays(now);
  }

  subscribe(subscribe: Subscribe, now: number): void {
    this.#subscriber.subscribe(subscribe, now);
  }

  unsubscribe(unsubscribe: Unsubscribe): void {
    this.#subscriber.unsubscribe(unsubscribe);
  }

  pingreq(): void {
    this.#sender.send({ type: 'pingresp' });
  }

  /** Made when it is needed: many clients only publish. */
  get #subscriber(): Subscribing {
    this.#subscribing ??= new Subscribing(this.#options, this.#answers, this.#interception);
    return this.#subscribing;
  }

  #topicOf({ topic, properties }: Publish): string {
    const alias = properties?.topicAlias;
    const asked = alias === undefined ? topic : this.#resolveAlias(alias, topic);
    if (this.#mountPoint === undefined) return asked;
    const mounted = this.#mountPoint + asked;
    const fault = mountedFault(mounted);
    if (fault === undefined) return mounted;
    throw new ProtocolError(reasonCodes.topicNameInvalid, `topic name of ${fault}`);
  }

  #resolveAlias(alias: number, topic: string): string {
    this.#aliases ??= new IncomingAliases(this.#rules.limits.topicAliasMax);
    return this.#aliases.resolve(alias, topic);
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
   * is taken that would have to be kept.
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
    observer.publishDenied?.(this.#session.access.client, topic, denial, undefined);
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
    const { packetId } = publish;
    const denial = refusal ?? this.#storeDenial(publish, message);
    switch (publish.qos) {
      case 0:
        if (denial === undefined) this.#route(message, now);
        return;
      case 1:
        this.#session.incoming.publishedAtLeastOnce();
        if (denial === undefined) this.#take('puback', packetId, message, now);
        else this.#refuse('puback', packetId, denial, reason);
        return;
      case 2:
        // [MQTT-4.3.3-10]: a duplicate is acknowledged again and delivered no more.
        if (!this.#session.incoming.publishedExactlyOnce(packetId)) {
          this.#answerKept('pubrec', packetId);
        } else if (denial === undefined) this.#take('pubrec', packetId, message, now);
        else this.#refuseExactlyOnce(packetId, denial, reason);
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
    // MQTT allows to say so in PUBREC, too; Mosquitto does not.
    const told = type === 'puback' ? reasonCode : reasonCodes.success;
    this.#answers.acknowledge({ type, packetId, reasonCode: told }, message, changed);
  }

  #refuseExactlyOnce(packetId: number, denial: ReasonCode, reason: string | undefined): void {
    // MQTT 5.0 ends the exchange with the PUBREC; 3.x cannot tell, and goes through with it, or
    // must be able to begin it again.
    if (this.#sender.version === 5 || denial === reasonCodes.quotaExceeded) {
      this.#session.incoming.release(packetId);
    }
    this.#refuse('pubrec', packetId, denial, reason);
  }

  /** An answer that may say what another client of the session's has changed just before. */
  #answerKept(type: 'pubrec' | 'pubcomp', packetId: number): void {
    const reasonCode = reasonCodes.success;
    if (this.#session.isKept) this.#answers.sendKept({ type, packetId, reasonCode });
    else this.#answers.proceed(type, packetId);
  }

  /** @throws ProtocolError where MQTT 3.x has no other word for it: an answer would be a promise */
  #refuse(
    type: 'puback' | 'pubrec',
    packetId: number,
    reasonCode: ReasonCode,
    reason: string | undefined,
  ): void {
    if (reasonCode === reasonCodes.quotaExceeded && this.#sender.version !== 5) {
      throw new ProtocolError(reasonCode, 'the limit of memory is reached');
    }
    const explains = reason !== undefined && this.#options.explainsProblems;
    const properties = explains ? { reasonString: asReasonString(reason) } : undefined;
    this.#answers.send({ type, packetId, reasonCode, properties });
  }
}

/** The codec has checked the rest of what makes a topic name valid. */
function checkLevels(topic: string): void {
  if (!hasTooManyLevels(topic)) return;
  throw new ProtocolError(
    reasonCodes.malformedPacket, // as Mosquitto, whose topics are not valid with more
    `topic name of more than ${topicSeparatorsMax} '/': use fewer levels`,
  );
}
