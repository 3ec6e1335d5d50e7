/** The codec: packets from bytes, and bytes from packets. */

import { ByteWriter } from '../../src/packet/byte-writer.ts';
import { fromClient } from '../../src/packet/from-client.ts';
import { encodePacket, type Packet, writePacket } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { TopicCache } from '../../src/packet/topic-cache.ts';
import type { MicroCase } from './micro-case.ts';

const chunkBytes = 65_536;
const version = 5;

const publish: Publish = {
  type: 'publish',
  topic: 'plant/line-3/sensor/temperature',
  payload: new Uint8Array(64).fill(0x61),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};
const publishQos1: Publish = { ...publish, qos: 1, packetId: 7 };
const properties = { topicAlias: 1, messageExpiryInterval: 60 };
const puback: Packet = { type: 'puback', packetId: 7, reasonCode: 0 };

export const codecCases: readonly MicroCase[] = [
  decode('PUBLISH QoS 0', publish, 2.1),
  decode('PUBLISH QoS 1', publishQos1, 2.2),
  decode('PUBLISH with alias and expiry', { ...publishQos1, properties }, 3.7),
  decode('PUBACK', puback, 0.57),
  encode('PUBLISH QoS 0', publish, 1.6),
  encode('PUBLISH with alias and expiry', { ...publishQos1, properties }, 2.7),
  encode('PUBACK', puback, 0.37),
];

function decode(name: string, packet: Packet, budget: number): MicroCase {
  const bytes = encodePacket(packet, version);
  const perChunk = Math.floor(chunkBytes / bytes.length);
  const chunk = new Uint8Array(perChunk * bytes.length);
  for (let i = 0; i < perChunk; i++) chunk.set(bytes, i * bytes.length);
  const topics = new TopicCache(1000);
  const reader = new PacketReader({ from: fromClient, packetBytesMax: 2_000_000, version, topics });
  const run = (): void => {
    if (reader.next() !== undefined) return;
    reader.push(chunk);
    reader.next();
  };
  return { name: `decode ${name}`, budget, runs: 100_000, run };
}

function encode(name: string, packet: Packet, budget: number): MicroCase {
  const out = new ByteWriter(chunkBytes);
  const run = (): void => {
    if (out.length > chunkBytes / 2) out.reset();
    writePacket(out, packet, version);
  };
  return { name: `encode ${name}`, budget, runs: 100_000, run };
}
