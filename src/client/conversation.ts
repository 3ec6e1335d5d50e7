/** A connected client: what the server's packets do, from CONNACK to the end. */

import type { AcknowledgementType } from '../packet/acknowledgement.ts';
import type { Publish } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import { Fifo } from '../session/fifo.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { IncomingAliases } from '../session/topic-aliases.ts';
import type { ClientSession } from './client-session.ts';
import type { Recipient, Source } from './ports.ts';

export interface ConversationOptions {
  readonly session: ClientSession;
  readonly sender: PacketSender;
  readonly recipient: Recipient;
  readonly clock: Clock;
  /** The Topic Alias Maximum that the server was told. */
  readonly topicAliasMax: number;
  /** Is called when the recipient has done with a message. */
  readonly taken: () => void;
}

export class Conversation implements Source {
  readonly #options: ConversationOptions;
  readonly #aliases: IncomingAliases;
  readonly #acknowledgements = [
    new Acknowledgements((packetId) => this.#acknowledge(packetId)),
    new Acknowledgements((packetId) => this.#receive(packetId)),
  ] as const;
  #isOver = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#aliases = new IncomingAliases(options.topicAliasMax);
  }

  publish(publish: Publish): void {
    const { session, recipient } = this.#options;
    const { packetId, qos } = publish;
    const topic = this.#topicOf(publish);
    if (qos === 1) session.incoming.publishedAtLeastOnce();
    // [MQTT-3.3.1-1]: what is sent again has DUP, so that this is another message.
    if (qos === 2 && !publish.dup) session.dispelDoubt(packetId);
    // [MQTT-4.3.3-10]: a duplicate is acknowledged again, and delivered no more.
    if (qos === 2 && !session.incoming.publishedExactlyOnce(packetId)) {
      this.#publishedAgain(packetId);
      return;
    }
    if (qos === 2) session.log?.arrivals.add(packetId, this);
    if (qos > 0) this.#acknowledgements[qos - 1].await(packetId);
    recipient.push(publish, topic, this);
  }

  /**
   * PUBACK and PUBREC leave now and not before, so that what is acknowledged has been dealt with,
   * and a reader that lags makes the server wait.
   */
  taken(qos: QoS, packetId: number): void {
    if (qos === 2) this.#options.session.log?.arrivals.taken(packetId, this);
    if (this.#isOver) return;
    if (qos > 0) this.#acknowledgements[qos - 1].settle(packetId);
    this.#options.taken();
  }

  /** A step of an exchange of QoS 1 or 2. */
  proceed(step: AcknowledgementType, packetId: number, reasonCode: ReasonCode): void {
    const { incoming, outgoing } = this.#options.session;
    const now = this.#options.clock.now();
    switch (step) {
      case 'puback':
        return outgoing.acknowledged(packetId, reasonCode, now);
      case 'pubrec':
        return outgoing.received(packetId, reasonCode, now);
      case 'pubrel':
        return this.#complete(packetId, incoming.release(packetId));
      case 'pubcomp':
        return outgoing.completed(packetId, reasonCode, now);
      default:
        step satisfies never;
    }
  }

  /** The connection is over: acknowledgements are for the next one. */
  end(): void {
    this.#isOver = true;
  }

  #topicOf({ topic, properties }: Publish): string {
    const alias = properties?.topicAlias;
    return alias === undefined ? topic : this.#aliases.resolve(alias, topic);
  }

  #acknowledge(packetId: number): void {
    const { session, sender } = this.#options;
    sender.acknowledge('puback', packetId, reasonCodes.success);
    session.incoming.acknowledge();
  }

  #receive(packetId: number): void {
    this.#options.session.log?.taken(packetId);
    this.#tell('pubrec', packetId, reasonCodes.success);
  }

  /** [MQTT-4.3.3-11]: PUBCOMP in any case, so that the server comes to an end. */
  #complete(packetId: number, isKnown: boolean): void {
    const reasonCode = isKnown ? reasonCodes.success : reasonCodes.packetIdentifierNotFound;
    this.#tell('pubcomp', packetId, reasonCode);
  }

  #publishedAgain(packetId: number): void {
    const awaited = this.#acknowledgements[1];
    if (awaited.isAwaited(packetId)) return;
    const { log } = this.#options.session;
    if (!log?.arrivals.cameAgain(packetId, () => awaited.settle(packetId))) {
      return this.#receive(packetId);
    }
    awaited.await(packetId);
  }

  /** Not before a restart would know of it, where a store is there for that. */
  #tell(step: 'pubrec' | 'pubcomp', packetId: number, reasonCode: ReasonCode): void {
    const { session, sender } = this.#options;
    if (session.log === undefined) {
      sender.acknowledge(step, packetId, reasonCode);
      return;
    }
    session.log.whenSafe(() => {
      if (!this.#isOver) sender.acknowledge(step, packetId, reasonCode);
    });
  }
}

// Of a queue that fills anew with every piece of the network, and so need not grow each time.
const placesKept = 1024;

/**
 * Acknowledgements of one kind, which leave in the order of the messages that they are for,
 * whatever the order in which those are done with. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
 */
class Acknowledgements {
  readonly #send: (packetId: number) => void;
  readonly #awaited = new Fifo<number>(placesKept);
  // Those that are due, but for one before them.
  readonly #early = new Set<number>();

  constructor(send: (packetId: number) => void) {
    this.#send = send;
  }

  /** A message has arrived. */
  await(packetId: number): void {
    this.#awaited.push(packetId);
  }

  isAwaited(packetId: number): boolean {
    for (const awaited of this.#awaited) if (awaited === packetId) return true;
    return false;
  }

  /** It has been done with. */
  settle(packetId: number): void {
    if (this.#awaited.peek() !== packetId) {
      this.#early.add(packetId);
      return;
    }
    this.#awaited.shift();
    this.#send(packetId);
    for (let next = this.#awaited.peek(); next !== undefined; next = this.#awaited.peek()) {
      if (!this.#early.delete(next)) return;
      this.#awaited.shift();
      this.#send(next);
    }
  }
}
