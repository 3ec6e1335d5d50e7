/** SUBSCRIBE: a client asks for messages (MQTT 5.0 section 3.8). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { malformed, protocolError } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import { quoted } from './text.ts';
import type { ProtocolVersion, QoS } from './version.ts';
import { readTopicFilter } from './visible-text.ts';

export type SubscribeProperties = PropertiesIn<'subscribe'>;

/** 0 send retained messages, 1 only for a new subscription, 2 never. */
export type RetainHandling = 0 | 1 | 2;

export interface Subscribe {
  readonly type: 'subscribe';
  readonly packetId: number;
  readonly subscriptions: readonly Subscription[];
  readonly properties?: SubscribeProperties | undefined;
}

/** One filter and what its subscriber wants of it. In MQTT 3.x only `qos` is on the wire. */
export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
}

const qosBits = 0x03;
const noLocalBit = 0x04;
const retainAsPublishedBit = 0x08;
const retainHandlingBits = 0x30;
const retainHandlingShift = 4;

// Malformed is what Mosquitto calls all of these, MQTT 5.0 some of them a protocol error.

/** The bits that must be 0: MQTT 3.x has only the QoS. */
const reservedBits: Readonly<Record<ProtocolVersion, number>> = { 3: 0xfc, 4: 0xfc, 5: 0xc0 };

export function readSubscribe(body: ByteReader, version: ProtocolVersion): Subscribe {
  const packetId = body.packetId(reasonCodes.malformedPacket); // as Mosquitto
  const properties = version === 5 ? readProperties(body, 'subscribe') : undefined;
  if (body.remaining === 0) throw malformed('subscribe has no topic filter'); // [MQTT-3.8.3-2]
  const subscriptions: Subscription[] = [];
  while (body.remaining > 0) subscriptions.push(readSubscription(body, version));
  return { type: 'subscribe', packetId, subscriptions, properties };
}

function readSubscription(body: ByteReader, version: ProtocolVersion): Subscription {
  const filter = readTopicFilter(body);
  const options = body.u8();
  const noLocal = (options & noLocalBit) !== 0;
  if (noLocal && filter.startsWith('$share/')) {
    // [MQTT-3.8.3-4]
    throw protocolError(`shared subscription ${quoted(filter)} with the no local option`);
  }
  if (options & reservedBits[version]) {
    const hex = options.toString(16);
    // [MQTT-3.8.3-5]
    throw malformed(`subscription options 0x${hex} set reserved bits, which must be 0`);
  }
  const qos = options & qosBits;
  if (qos === 3) throw malformed('subscription with QoS 3, allowed are 0 to 2'); // 3.8.3.1
  const retainHandling = (options & retainHandlingBits) >> retainHandlingShift;
  if (retainHandling === 3) throw malformed('retain handling 3, allowed are 0 to 2'); // 3.8.3.1
  return {
    filter,
    qos: qos as QoS,
    noLocal,
    retainAsPublished: (options & retainAsPublishedBit) !== 0,
    retainHandling: retainHandling as RetainHandling,
  };
}

export function writeSubscribe(out: ByteWriter, packet: Subscribe, version: ProtocolVersion): void {
  if (packet.subscriptions.length === 0) throw new RangeError('subscribe needs a topic filter');
  const start = out.openPacket(packetTypes.subscribe.firstByte);
  out.packetId(packet.packetId);
  if (version === 5) writeProperties(out, 'subscribe', packet.properties);
  for (const subscription of packet.subscriptions) {
    out.text(subscription.filter);
    out.u8(optionsOf(subscription) & ~reservedBits[version]);
  }
  out.closeBlock(start);
}

function optionsOf({ qos, noLocal, retainAsPublished, retainHandling }: Subscription): number {
  let options = qos | (retainHandling << retainHandlingShift);
  if (noLocal) options |= noLocalBit;
  if (retainAsPublished) options |= retainAsPublishedBit;
  return options;
}
