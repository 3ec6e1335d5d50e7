/** A connected client: what the server's packets do, from CONNACK to the end. */

import type { Puback, Pubcomp, Pubrec, Pubrel } from '../packet/acknowledgement.ts';
import type { Publish } from '../packet/publish.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { Clock } from '../session/clock.ts';
import type { PacketSender } from '../session/packet-sender.ts';
import { IncomingAliases } from '../session/topic-aliases.ts';
import type { ClientSession } from './client-session.ts';
import type { Inbox, ReceivedMessage, Source } from './inbox.ts';

export interface ConversationOptions {
  readonly session: ClientSession;
  readonly sender: PacketSender;
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** The Topic Alias Maximum that the server was told. */
  readonly topicAliasMax: number;
  /** Is called when a message has been taken out of the inbox. */
  readonly taken: () => void;
}

export class Conversation implements Source {
  readonly #options: ConversationOptions;
  readonly #aliases: IncomingAliases;
  #isOver = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#aliases = new IncomingAliases(options.topicAliasMax);
  }

  publish(publish: Publish): void {
    const { session, inbox } = this.#options;
    const { packetId, qos } = publish;
    if (qos === 1) session.incoming.publishedAtLeastOnce();
    // [MQTT-4.3.3-10]: a duplicate is acknowledged again, and delivered no more.
    if (qos === 2 && !session.incoming.publishedExactlyOnce(packetId)) {
      this.#topicOf(publish);
      this.#receive(packetId);
      return;
    }
    inbox.push({ ...ownPublish(publish), topic: this.#topicOf(publish) }, this);
  }

  /**
   * PUBACK and PUBREC leave now and not before, so that what is acknowledged has been dealt with,
   * and a reader that lags makes the server wait. They leave in the order of arrival, which is that
   * of the inbox. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
   */
  taken({ qos, packetId }: ReceivedMessage): void {
    if (this.#isOver) return;
    const { session, sender } = this.#options;
    if (qos === 1) {
      sender.send({ type: 'puback', packetId, reasonCode: reasonCodes.success });
      session.incoming.acknowledge();
    }
    if (qos === 2) this.#receive(packetId);
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

  #receive(packetId: number): void {
    this.#options.sender.send({ type: 'pubrec', packetId, reasonCode: reasonCodes.success });
  }
}

/** The packet with bytes that its reader may keep. */
function ownPublish(publish: Publish): Publish {
  const { payload, properties } = publish;
  const correlationData = properties?.correlationData?.slice();
  return {
    ...publish,
    payload: payload.slice(),
    properties: correlationData === undefined ? properties : { ...properties, correlationData },
  };
}
