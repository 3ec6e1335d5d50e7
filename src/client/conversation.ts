/** A connected client: what the server's packets do, from CONNACK to the end. */

import type { Puback, Pubcomp, Pubrec, Pubrel } from '../packet/acknowledgement.ts';
import type { Publish } from '../packet/publish.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
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
    // [MQTT-4.3.3-10]: a duplicate is acknowledged again, and delivered no more.
    if (qos === 2 && !session.incoming.publishedExactlyOnce(packetId)) {
      if (!this.#acknowledgements[1].isAwaited(packetId)) this.#receive(packetId);
      return;
    }
    if (qos > 0) this.#acknowledgements[qos - 1].await(packetId);
    recipient.push(publish, topic, this);
  }

  /**
   * PUBACK and PUBREC leave now and not before, so that what is acknowledged has been dealt with,
   * and a reader that lags makes the server wait.
   */
  taken(qos: QoS, packetId: number): void {
    if (this.#isOver) return;
    if (qos > 0) this.#acknowledgements[qos - 1].settle(packetId);
    this.#options.taken();
  }

  puback({ packetId, reasonCode }: Puback): void {
    this.#options.session.outgoing.acknowledged(packetId, reasonCode, this.#now);
  }

  pubrec({ packetId, reasonCode }: Pubrec): void {
    this.#options.session.outgoing.received(packetId, reasonCode, this.#now);
  }

  pubrel({ packetId }: Pubrel): void {
    // [MQTT-4.3.3-11]: PUBCOMP in any case, so that the server comes to an end.
    const known = this.#options.session.incoming.release(packetId);
    const reasonCode = known ? reasonCodes.success : reasonCodes.packetIdentifierNotFound;
    this.#options.sender.send({ type: 'pubcomp', packetId, reasonCode });
  }

  pubcomp({ packetId, reasonCode }: Pubcomp): void {
    this.#options.session.outgoing.completed(packetId, reasonCode, this.#now);
  }

  /** The connection is over: acknowledgements are for the next one. */
  end(): void {
    this.#isOver = true;
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #topicOf({ topic, properties }: Publish): string {
    const alias = properties?.topicAlias;
    return alias === undefined ? topic : this.#aliases.resolve(alias, topic);
  }

  #acknowledge(packetId: number): void {
    const { session, sender } = this.#options;
    sender.send({ type: 'puback', packetId, reasonCode: reasonCodes.success });
    session.incoming.acknowledge();
  }

  #receive(packetId: number): void {
    this.#options.sender.send({ type: 'pubrec', packetId, reasonCode: reasonCodes.success });
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
