/** PUBLISH: an application message on its way (MQTT 5.0 section 3.3). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { malformed } from './protocol-error.ts';
import type { Sender } from './sender.ts';
import { encodeText, textBytesMax } from './text.ts';
import type { ProtocolVersion, QoS } from './version.ts';

export type PublishProperties = PropertiesIn<'publish'>;

export interface Publish {
  readonly type: 'publish';
  /** Empty when a topic alias stands for it. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
}

/*
 *   first byte     bits 3-0: dup, QoS (2), retain
 *   topic name     text
 *   packet id      2 bytes, QoS 1 and 2
 *   properties     MQTT 5.0
 *   payload        the rest
 */
const dupFlag = 0x08;
const qosShift = 1;
const retainFlag = 0x01;

/** The payload is a view of the packet's bytes. */
export function readPublish(body: ByteReader, firstByte: number, sender: Sender): Publish {
  const qos = (firstByte >> qosShift) & 3;
  if (qos === 3) throw malformed('publish with QoS 3, allowed are 0 to 2'); // [MQTT-3.3.1-4]
  const dup = (firstByte & dupFlag) !== 0;
  if (dup && qos === 0) throw malformed('publish with QoS 0 and the dup flag'); // [MQTT-3.3.1-2]
  const topic = readTopic(body, sender);
  const packetId = qos === 0 ? 0 : body.packetId();
  const properties = sender.version === 5 ? readProperties(body, 'publish') : undefined;
  if (topic === '' && properties?.topicAlias === undefined) {
    throw malformed('publish has no topic name and no alias'); // section 3.3.2.1, Mosquitto's code
  }
  return {
    type: 'publish',
    topic,
    payload: sender.ownsPayloads ? body.ownRest() : body.rest(),
    qos: qos as QoS,
    retain: (firstByte & retainFlag) !== 0,
    dup,
    packetId,
    properties,
  };
}

/** Empty is for the caller to judge, who sees whether an alias follows. */
function readTopic(body: ByteReader, sender: Sender): string {
  const length = body.u16();
  if (length === 0) return '';
  const start = body.skip(length);
  const topics = sender.topics;
  if (topics !== undefined) return topics.intern(body.bytes, start, body.at);
  return sender.decodeTopic(body.bytes, start, body.at);
}

export function writePublish(out: ByteWriter, packet: Publish, version: ProtocolVersion): void {
  writePublishHead(out, packet, version);
  out.raw(packet.payload);
}

/** Writes all but the payload, for whoever sends that by itself. */
export function writePublishHead(out: ByteWriter, packet: Publish, version: ProtocolVersion): void {
  const { topic, qos, properties } = packet;
  const hasAlias = version === 5 && properties?.topicAlias !== undefined;
  if (topic === '' && !hasAlias) throw new RangeError('publish needs a topic name or an alias');
  if (properties === undefined && writePlainHead(out, packet, version)) return;
  const start = out.openPacket(firstByteOf(packet));
  out.text(topic);
  if (qos !== 0) out.packetId(packet.packetId);
  if (version === 5) writeProperties(out, 'publish', properties);
  out.closeBlock(start, packet.payload.length);
}

/**
 * Most heads: no properties, and a topic of ASCII, so that all lengths are known before.
 *
 * @returns false, and leaves `out` as it was, where the topic is of other letters
 */
function writePlainHead(out: ByteWriter, packet: Publish, version: ProtocolVersion): boolean {
  const { topic, qos, packetId, payload } = packet;
  const letters = topic.length;
  if (letters > plainLettersMax) return false;
  const idBytes = qos === 0 ? 0 : 2;
  const propertyBytes = version === 5 ? 1 : 0;
  const { length } = out;
  out.reserve(plainHeadBytesMax + textBytesMax(topic));
  out.bytes[out.length++] = firstByteOf(packet);
  out.varint(2 + letters + idBytes + propertyBytes + payload.length);
  out.setU16(out.length, letters);
  out.length += 2;
  if (encodeText(topic, out.bytes, out.length) !== letters) {
    out.length = length;
    return false;
  }
  out.length += letters;
  if (idBytes > 0) out.packetId(packetId);
  if (propertyBytes > 0) out.bytes[out.length++] = 0;
  return true;
}

// Not more than a topic name may have.
const plainLettersMax = 1000;
// Type, remaining length, length of the topic, packet id, no properties.
const plainHeadBytesMax = 1 + 4 + 2 + 2 + 1;

function firstByteOf({ qos, dup, retain }: Publish): number {
  if (dup && qos === 0) throw new RangeError('publish with QoS 0 cannot have the dup flag');
  let byte = packetTypes.publish.firstByte | (qos << qosShift);
  if (dup) byte |= dupFlag;
  if (retain) byte |= retainFlag;
  return byte;
}
