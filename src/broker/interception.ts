/** A client's packets before they take effect: an interceptor sees them, and may take its time. */

import { encodePacket } from '../packet/packet.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import type { QoS } from '../packet/version.ts';
import { Message } from '../session/message.ts';
import { nameFault, parseShare } from '../topic/topic-filter.ts';
import type { Access } from './access.ts';
import type { AnswersReader } from './answers.ts';
import type { Features, Limits } from './limits.ts';
import type {
  ClientIdentity,
  Gatekeeper,
  Interceptor,
  Observer,
  Publication,
  PublishVerdict,
  RequestedSubscription,
} from './ports.ts';
import { tellDenied } from './publish-permission.ts';
import { isReserved } from './reserved-topics.ts';

export interface InterceptionOptions {
  readonly session: { readonly access: Access };
  readonly rules: PassageRules & { readonly gatekeeper: Gatekeeper; readonly observer: Observer };
  /** Goes on when an answer is there, and calls `conclude` first. */
  readonly reader: AnswersReader;
}

/** What becomes of a message: its refusal, if there is one, with the reason if that is known. */
export type Pass = (
  message: Message,
  denial: ReasonCode | undefined,
  now: number,
  reason: string | undefined,
) => void;

/**
 * At most one packet waits, since its connection is not read on meanwhile. Its order among the
 * client's packets, and back-pressure, come of that.
 */
export class Interception {
  readonly #interceptor: Interceptor;
  readonly #options: InterceptionOptions;
  #question: object | undefined;
  #act: ((now: number) => void) | undefined;

  /** @param options with a gatekeeper that has an interceptor */
  constructor(options: InterceptionOptions) {
    this.#interceptor = options.rules.gatekeeper.interceptor!;
    this.#options = options;
  }

  /** Nothing more may be read. */
  get isWaiting(): boolean {
    return this.#question !== undefined;
  }

  get asksAboutSubscriptions(): boolean {
    return this.#interceptor.subscribe !== undefined;
  }

  /** Of messages to this topic. */
  asksAbout(topic: string): boolean {
    return this.#interceptor.publish !== undefined && !isReserved(topic);
  }

  publish(message: Message, pass: Pass, now: number): void {
    const { session, rules } = this.#options;
    // It may wait for its verdict.
    message.keep();
    const publication = publicationOf(session.access.client, message, { isWill: false });
    this.#ask<PublishVerdict>(
      (answer) => this.#interceptor.publish!(publication, answer),
      (verdict, at) => {
        const passage = passageOf(verdict, message, rules, at);
        const { denial, reason } = passage;
        if (denial !== undefined) {
          const { observer } = rules;
          tellDenied(session.access, message.topic, { reasonCode: denial, observer });
        }
        pass(passage.message, denial, at, reason);
      },
      now,
    );
  }

  /** @param grant gets the reason code with which each may be granted at most, or is refused */
  subscribe(
    { subscriptions }: Pick<Subscribe, 'subscriptions'>,
    grant: (verdicts: readonly ReasonCode[]) => void,
    now: number,
  ): void {
    const { client } = this.#options.session.access;
    const requested = subscriptions.map(requestedSubscription);
    this.#ask((answer) => this.#interceptor.subscribe!(client, requested, answer), grant, now);
  }

  /** @param filter as the client wrote it */
  unsubscribed(filter: string): void {
    this.#interceptor.unsubscribed?.(this.#options.session.access.client, filter);
  }

  /** Does what the answer says, if it has come. @throws ProtocolError as the packet itself would */
  conclude(now: number): void {
    const act = this.#act;
    if (act === undefined) return;
    this.end();
    act(now);
  }

  /** The connection is over: whatever waits has no effect. */
  end(): void {
    this.#question = undefined;
    this.#act = undefined;
  }

  /** Asks, and acts on the answer: at once, or in `conclude`. */
  #ask<Answer>(
    ask: (answer: (later: Answer) => void) => Answer | undefined,
    act: (answer: Answer, now: number) => void,
    now: number,
  ): void {
    const question = {};
    const atOnce = ask((later) => {
      // An answer to a client that has gone is nobody's; nor does a second one count.
      if (this.#question !== question || this.#act !== undefined) return;
      this.#act = (at) => act(later, at);
      this.#options.reader.eased();
    });
    if (atOnce !== undefined) return act(atOnce, now);
    this.#question = question;
  }
}

function requestedSubscription(entry: Subscribe['subscriptions'][number]): RequestedSubscription {
  const share = parseShare(entry.filter);
  return { ...entry, filter: share?.filter ?? entry.filter, group: share?.group };
}

const nothing = new Uint8Array(0);

export function publicationOf(
  client: ClientIdentity,
  { topic, payload, qos, retain, properties }: Message,
  { isWill }: Pick<Publication, 'isWill'>,
): Publication {
  return { client, topic, payload, qos, retain, properties, isWill };
}

/** What goes on after the verdict; with a reason code nothing does. */
export interface Passage {
  readonly message: Message;
  readonly denial: ReasonCode | undefined;
  readonly reason: string | undefined;
}

export interface PassageRules {
  readonly limits: Pick<Limits, 'packetBytesMax' | 'messageBytesMax'>;
  readonly features: Pick<Features, 'retainAvailable'>;
}

export function passageOf(
  verdict: PublishVerdict,
  message: Message,
  rules: PassageRules,
  now: number,
): Passage {
  switch (verdict.type) {
    case 'pass':
      return { message, ...passed };
    case 'refuse':
      return { message, denial: verdict.reasonCode, reason: verdict.reason };
    case 'change': {
      const fault = faultOf(verdict, message.qos, rules);
      if (fault === undefined) {
        return { message: changedMessage(verdict, message, now), ...passed };
      }
      verdict.rejected(fault);
      return { message, denial: reasonCodes.implementationSpecificError, reason: undefined };
    }
    default:
      return verdict satisfies never;
  }
}

const passed = { denial: undefined, reason: undefined };

/** It expires with the one that was sent, unless that is changed, too. */
function changedMessage(
  { topic, payload, qos, retain, properties }: Change,
  message: Message,
  now: number,
): Message {
  const seconds = properties?.messageExpiryInterval;
  let { expiresAt } = message;
  if (seconds !== message.properties?.messageExpiryInterval) {
    expiresAt = seconds === undefined ? Number.POSITIVE_INFINITY : now + seconds * 1000;
  }
  return new Message(topic, payload, { qos, retain, properties, expiresAt });
}

type Change = Extract<PublishVerdict, { type: 'change' }>;

/** What keeps a changed message from going on, where its publisher's checks came too early. */
function faultOf(
  { topic, payload, qos, retain, properties }: Change,
  qosMax: QoS,
  { limits, features }: PassageRules,
): string | undefined {
  const fault = nameFault(topic);
  if (fault !== undefined) return fault;
  if (isReserved(topic)) return `topic '${topic}' is the broker's own: take one outside of $SYS`;
  if (qos > qosMax) return `QoS ${qos} is higher than the ${qosMax} it was published with`;
  if (retain && !features.retainAvailable) return 'retained messages are not available here';
  const packet = { type: 'publish', topic, properties, retain, dup: false } as const;
  try {
    // What cannot be sent must not get to where it would be.
    const head = encodePacket({ ...packet, payload: nothing, qos: 0, packetId: 0 }, 5);
    const bytes = head.length + payload.length;
    if (bytes > limits.packetBytesMax) {
      return `${bytes} bytes: at most ${limits.packetBytesMax} are taken`;
    }
    const { messageBytesMax } = limits;
    if (messageBytesMax === 0 || payload.length <= messageBytesMax) return undefined;
    return `a payload of ${payload.length} bytes: at most ${messageBytesMax} are taken`;
  } catch (error) {
    return (error as Error).message;
  }
}
