/** An application message on its way: what a PUBLISH carries, apart from any one connection. */

import type { Lease } from '../packet/lease.ts';
import type { PacketMemory } from '../packet/packet-memory.ts';
import type { PublishProperties } from '../packet/publish.ts';
import type { QoS } from '../packet/version.ts';
import type { Custody } from './custody.ts';

/** What belongs to the message itself; aliases and subscription identifiers belong to a hop. */
export type MessageProperties = Omit<PublishProperties, 'topicAlias' | 'subscriptionIdentifiers'>;

// What a message costs beside its text and payload, for the limits in bytes.
const overheadBytes = 64;

/** Who has published a message. */
export interface MessageSource {
  readonly clientId: string;
  readonly userName: string | undefined;
  /** Of the listener that the publisher came in by; undefined where that has none. */
  readonly listenerName: string | undefined;
}

export interface MessageOptions {
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties | undefined;
  readonly expiresAt?: number | undefined;
  /** That its bytes lie in until the packet has been dealt with; absent: they are its own. */
  readonly packetMemory?: PacketMemory | undefined;
}

/** Immutable but for where its bytes lie: see `keep`, and who takes care of them. */
export class Message {
  // First what is looked at when a delivery ends, which has left the caches by then.
  /** Undefined as long as no store has to do with it. */
  custody: Custody | undefined = undefined;
  #lease: Lease | undefined;
  /** Of the payload: to ask itself costs a look into other memory. */
  readonly payloadBytes: number;
  readonly topic: string;
  readonly qos: QoS;
  /** The RETAIN flag that it was published with. */
  readonly retain: boolean;
  /** More than one receiver is about to get it. */
  isForMany = false;
  /** Of a message that is retained, and not the broker's own. */
  source: MessageSource | undefined = undefined;
  // Undefined, as most: a field of Infinity would be an object of its own.
  readonly #expiresAt: number | undefined;
  #payload: Uint8Array;
  #properties: MessageProperties | undefined;
  #kept = false;
  #memory: PacketMemory | undefined;
  // 0 until somebody asks.
  #bytes = 0;

  constructor(topic: string, payload: Uint8Array, options: MessageOptions = {}) {
    const { qos = 0, retain = false, properties, expiresAt } = options;
    this.topic = topic;
    this.payloadBytes = payload.length;
    this.#payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.#properties = properties;
    this.#expiresAt = expiresAt;
    this.#memory = options.packetMemory;
  }

  /** The clock's milliseconds at which it expires; Infinity: never. [MQTT-3.3.2-5] */
  get expiresAt(): number {
    return this.#expiresAt ?? Number.POSITIVE_INFINITY;
  }

  get payload(): Uint8Array {
    return this.#payload;
  }

  get properties(): MessageProperties | undefined {
    return this.#properties;
  }

  /** Memory that the message takes while it waits, in bytes, near enough for a limit. */
  get bytes(): number {
    if (this.#bytes === 0) {
      const { payloadBytes, topic } = this;
      this.#bytes = payloadBytes + topic.length + overheadBytes + propertyBytes(this.#properties);
    }
    return this.#bytes;
  }

  /** Whether `keep` needs no copy of the payload. */
  get hasMemory(): boolean {
    return this.#kept || this.#memory?.canGiveAway(this.#payload) === true;
  }

  /**
   * Call before the message outlives the packet that it came in, and for each that needs it: its
   * bytes are copied, once, where they cannot be taken along.
   */
  keep(): void {
    if (this.#kept) {
      this.#lease?.share();
      return;
    }
    this.#kept = true;
    this.#lease = this.#memory?.lease(this.#payload);
    this.#payload = this.#lease?.bytes ?? own(this.#payload, this.#memory);
    const correlationData = this.#properties?.correlationData;
    if (correlationData !== undefined) {
      const ownData = own(correlationData, this.#memory);
      this.#properties = { ...this.#properties, correlationData: ownData };
    }
    this.#memory = undefined;
  }

  /**
   * One that it was kept for needs it no more: when nobody does, its payload is another's. Not to
   * be called while it is on its way to others. Whoever cannot tell when that is keeps it for ever,
   * as does a store, which reads it when it likes.
   */
  letGo(): void {
    if (this.custody === undefined) this.#lease?.end();
  }
}

/** @param memory that they are of, so that there is more in it */
function own(bytes: Uint8Array, memory: PacketMemory | undefined): Uint8Array {
  const isOwn = memory === undefined && bytes.buffer.byteLength === bytes.length;
  return isOwn ? bytes : new Uint8Array(bytes);
}

/** Of those properties that can be long. */
function propertyBytes(properties: MessageProperties | undefined): number {
  if (properties === undefined) return 0;
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  let bytes = overheadBytes;
  bytes += (contentType?.length ?? 0) + (responseTopic?.length ?? 0);
  bytes += correlationData?.length ?? 0;
  if (userProperties === undefined) return bytes;
  for (const [name, value] of userProperties) bytes += name.length + value.length + overheadBytes;
  return bytes;
}
