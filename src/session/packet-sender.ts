/** Packets to one peer: encoded for its version and its limits, counted, on to the output. */

import {
  type AcknowledgementType,
  plainAcknowledgementBytes,
  writePlainAcknowledgement,
} from '../packet/acknowledgement.ts';
import { ByteWriter } from '../packet/byte-writer.ts';
import type { Packet, WritePacket } from '../packet/packet.ts';
import { type Publish, type PublishProperties, writePublishHead } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { Clock } from './clock.ts';
import type { DropCause, Terms } from './delivery.ts';
import type { Message } from './message.ts';
import type { Outlet } from './outlet.ts';
import { type Output, referenceBytesMin } from './output.ts';
import type { PublishForms } from './publish-forms.ts';
import { OutgoingAliases } from './topic-aliases.ts';
import type { SentTraffic } from './traffic.ts';

export interface PacketSenderOptions {
  /** Of this side: `writeFromClient` or `writeFromServer`. */
  readonly write: WritePacket;
  readonly version: ProtocolVersion;
  /** The peer's Maximum Packet Size in bytes. */
  readonly packetBytesMax: number;
  /** The peer's Topic Alias Maximum, or less. */
  readonly topicAliasMax: number;
  /** Bytes that may wait in a blocked output before `canTake` says no. */
  readonly outputBytesMax: number;
  /** What a topic is for the peer, undefined where it has none; absent: the same. */
  readonly topicFor?: ((topic: string) => string | undefined) | undefined;
  readonly clock: Clock;
  readonly traffic: SentTraffic;
  /** Shared by all senders that deliver the same messages; absent where there is one receiver. */
  readonly publishForms?: PublishForms | undefined;
  /** Is shown each packet that is sent; absent when nobody looks. */
  readonly tap?: ((packet: Packet) => void) | undefined;
}

const tooLarge: DropCause = 'packet too large';

export class PacketSender implements Outlet {
  readonly #output: Output;
  readonly #options: PacketSenderOptions;
  readonly #aliases: OutgoingAliases | undefined;

  constructor(output: Output, options: PacketSenderOptions) {
    this.#output = output;
    this.#options = options;
    if (options.topicAliasMax > 0) this.#aliases = new OutgoingAliases(options.topicAliasMax);
  }

  get version(): ProtocolVersion {
    return this.#options.version;
  }

  get canTake(): boolean {
    const output = this.#output;
    return !output.isBlocked || output.backlogBytes < this.#options.outputBytesMax;
  }

  /**
   * Sends a packet that is not a PUBLISH. Where it would exceed the peer's Maximum Packet Size, it
   * goes without reason string and user properties. [MQTT-3.2.2-19] [MQTT-3.2.2-20]
   *
   * @returns false when it is too large even so, and was not sent
   */
  send(packet: Packet): boolean {
    return this.#write(packet) || this.#write(withoutExplanations(packet));
  }

  /** Whether a packet keeps to the peer's Maximum Packet Size. */
  fits(packet: Packet): boolean {
    const { version, packetBytesMax, write } = this.#options;
    if (packetBytesMax === Number.POSITIVE_INFINITY) return true;
    const out = new ByteWriter(64);
    write(out, packet, version);
    return out.length <= packetBytesMax;
  }

  /** Sends one of the steps of QoS 1 and 2: an object less for each than with `send`. */
  acknowledge(type: AcknowledgementType, packetId: number, reasonCode: ReasonCode): void {
    const { packetBytesMax, tap, traffic } = this.#options;
    if (reasonCode !== reasonCodes.success || packetBytesMax < plainAcknowledgementBytes) {
      this.send({ type, packetId, reasonCode });
      return;
    }
    writePlainAcknowledgement(this.#output.buffer, type, packetId);
    traffic.sent?.count(type);
    traffic.sentBytes += plainAcknowledgementBytes;
    tap?.({ type, packetId, reasonCode });
    this.#output.written();
  }

  pubrel(packetId: number, reasonCode: ReasonCode): void {
    this.acknowledge('pubrel', packetId, reasonCode);
  }

  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    terms: Terms | undefined,
    packetId: number,
    dup: boolean,
  ): DropCause | undefined {
    // What goes by reference is needed until the network has taken it.
    if (message.payloadBytes >= referenceBytesMin && !message.hasMemory) message.keep();
    const { payload } = message;
    const options = this.#options;
    const topic = options.topicFor === undefined ? message.topic : options.topicFor(message.topic);
    if (topic === undefined) return 'not allowed';
    const properties = options.version === 5 ? this.#propertiesOf(message, terms) : undefined;
    const known = this.#aliases?.known(topic);
    const alias = known ?? this.#aliases?.free;
    const publish: Publish = {
      type: 'publish',
      topic: known === undefined ? topic : '',
      payload,
      qos,
      retain,
      dup,
      packetId,
      properties: alias === undefined ? properties : { ...properties, topicAlias: alias },
    };
    // What all receivers of the message get alike need not be encoded for each.
    if (options.publishForms && publish.properties === message.properties && !dup) {
      const bytes = options.publishForms.copy(message, publish, this.#output, options);
      if (bytes !== undefined) return this.#countPublish(publish, bytes) ? undefined : tooLarge;
    }
    if (this.#writePublish(publish, message)) {
      if (alias !== undefined && known === undefined) this.#aliases!.set(topic, alias);
      return undefined;
    }
    // The alias itself may be what makes the packet too large.
    if (alias === undefined) return tooLarge;
    return this.#writePublish({ ...publish, topic, properties }, message) ? undefined : tooLarge;
  }

  #propertiesOf(message: Message, terms: Terms | undefined): PublishProperties | undefined {
    const subscriptionIdentifiers = terms?.subscriptionIdentifiers;
    const expires = message.expiresAt !== Number.POSITIVE_INFINITY;
    if (!expires && subscriptionIdentifiers === undefined) return message.properties;
    const properties: { -readonly [Name in keyof PublishProperties]: PublishProperties[Name] } = {
      ...message.properties,
    };
    if (subscriptionIdentifiers !== undefined) {
      properties.subscriptionIdentifiers = subscriptionIdentifiers;
    }
    // What is left of the interval: [MQTT-3.3.2-6]
    if (expires) {
      const left = message.expiresAt - this.#options.clock.now();
      properties.messageExpiryInterval = Math.max(0, Math.ceil(left / 1000));
    }
    return properties;
  }

  #writePublish(publish: Publish, message: Message): boolean {
    const { version, packetBytesMax } = this.#options;
    const buffer = this.#output.buffer;
    const start = buffer.length;
    writePublishHead(buffer, publish, version);
    const bytes = buffer.length - start + publish.payload.length;
    if (bytes > packetBytesMax) {
      buffer.length = start;
      return false;
    }
    this.#output.payload(publish.payload);
    if (message.payloadBytes >= referenceBytesMin) this.#output.holdUntilDrained(message);
    return this.#countPublish(publish, bytes);
  }

  /** @param bytes 0: it was too large */
  #countPublish(publish: Publish, bytes: number): boolean {
    if (bytes === 0) return false;
    this.#options.traffic.publishSentBytes += publish.payload.length;
    this.#count(publish, bytes);
    return true;
  }

  #write(packet: Packet): boolean {
    const { version, packetBytesMax, write } = this.#options;
    const buffer = this.#output.buffer;
    const start = buffer.length;
    write(buffer, packet, version);
    const bytes = buffer.length - start;
    if (bytes > packetBytesMax) {
      buffer.length = start;
      return false;
    }
    this.#count(packet, bytes);
    return true;
  }

  #count(packet: Packet, bytes: number): void {
    const { tap, traffic } = this.#options;
    traffic.sent?.count(packet.type);
    traffic.sentBytes += bytes;
    tap?.(packet);
    this.#output.written();
  }
}

function withoutExplanations(packet: Packet): Packet {
  if (!('properties' in packet) || packet.properties === undefined) return packet;
  const properties = { ...packet.properties, reasonString: undefined, userProperties: undefined };
  return { ...packet, properties } as Packet;
}
