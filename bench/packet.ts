/** Nanoseconds per packet of the codec: `node bench/packet.ts`. */

import { ByteWriter } from '../src/packet/byte-writer.ts';
import { encodePacket, type Packet, writePacket } from '../src/packet/packet.ts';
import { PacketReader } from '../src/packet/packet-reader.ts';
import type { Publish } from '../src/packet/publish.ts';
import { TopicCache } from '../src/packet/topic-cache.ts';
import type { ProtocolVersion } from '../src/packet/version.ts';

const chunkBytes = 65_536;
const rounds = 7;
const packetsPerRound = 2_000_000;

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

const cases: readonly (readonly [name: string, version: ProtocolVersion, packet: Packet])[] = [
  ['publish QoS 0, 64 bytes', 4, publish],
  ['publish QoS 0, 64 bytes', 5, publish],
  ['publish QoS 1, 64 bytes', 5, { ...publish, qos: 1, packetId: 7 }],
  [
    'publish QoS 1, 256 bytes',
    5,
    { ...publish, qos: 1, packetId: 7, payload: new Uint8Array(256) },
  ],
  [
    'publish QoS 1, alias and expiry',
    5,
    { ...publish, qos: 1, packetId: 7, properties: { topicAlias: 1, messageExpiryInterval: 60 } },
  ],
  ['puback', 5, { type: 'puback', packetId: 7, reasonCode: 0 }],
];

for (const [name, version, packet] of cases) {
  console.log(
    `${name.padEnd(32)} version ${version}`,
    `decode ${decodeNanoseconds(packet, version).toFixed(0).padStart(4)} ns`,
    `encode ${encodeNanoseconds(packet, version).toFixed(0).padStart(4)} ns`,
  );
}

function decodeNanoseconds(packet: Packet, version: ProtocolVersion): number {
  const bytes = encodePacket(packet, version);
  const perChunk = Math.floor(chunkBytes / bytes.length);
  const chunk = new Uint8Array(perChunk * bytes.length);
  for (let i = 0; i < perChunk; i++) chunk.set(bytes, i * bytes.length);
  const topics = new TopicCache(1000);
  const reader = new PacketReader({ from: 'client', packetBytesMax: 2_000_000, version, topics });
  return best(() => {
    let count = 0;
    while (count < packetsPerRound) {
      reader.push(chunk);
      while (reader.next() !== undefined) count++;
    }
    return count;
  });
}

function encodeNanoseconds(packet: Packet, version: ProtocolVersion): number {
  const out = new ByteWriter(chunkBytes);
  return best(() => {
    for (let count = 0; count < packetsPerRound; count++) {
      if (out.length > chunkBytes / 2) out.reset();
      writePacket(out, packet, version);
    }
    return packetsPerRound;
  });
}

/** The fastest of some rounds, in nanoseconds per packet. */
function best(run: () => number): number {
  let nanoseconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    const count = run();
    nanoseconds = Math.min(nanoseconds, Number(process.hrtime.bigint() - start) / count);
  }
  return nanoseconds;
}
