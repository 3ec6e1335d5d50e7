/** An application message on its way: what a PUBLISH carries, apart from any one connection. */

import type { PublishProperties } from '../packet/publish.ts';
import type { QoS } from '../packet/version.ts';

/** What belongs to the message itself; aliases and subscription identifiers belong to a hop. */
export type MessageProperties = Omit<PublishProperties, 'topicAlias' | 'subscriptionIdentifiers'>;

// What a message costs beside its text and payload, for the limits in bytes.
const overheadBytes = 64;

/** Immutable but for where its payload lies: see `keep`. */
export class Message {
  readonly topic: string;
  readonly qos: QoS;
  /** The RETAIN flag that it was published with. */
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
  /** The clock's milliseconds at which it expires; Infinity: never. [MQTT-3.3.2-5] */
  readonly expiresAt: number;
  #payload: Uint8Array;
  #kept = false;

  constructor(
    topic: string,
    payload: Uint8Array,
    {
      qos = 0,
      retain = false,
      properties,
      expiresAt = Number.POSITIVE_INFINITY,
    }: {
      qos?: QoS;
      retain?: boolean;
      properties?: MessageProperties | undefined;
      expiresAt?: number;
    } = {},
  ) {
    this.topic = topic;
    this.#payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.properties = properties;
    this.expiresAt = expiresAt;
  }

  get payload(): Uint8Array {
    return this.#payload;
  }

  /** Memory that the message takes while it waits, in bytes, near enough for a limit. */
  get bytes(): number {
    return this.#payload.length + this.topic.length + overheadBytes;
  }

  /**
   * Call before the message outlives the packet that it came in: a payload that is a view of a
   * larger piece of network input is copied, once, so that it does not hold the whole piece.
   */
  keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    const payload = this.#payload;
    if (payload.buffer.byteLength !== payload.length) this.#payload = payload.slice();
  }
}
