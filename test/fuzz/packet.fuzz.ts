/** Hostile bytes: the codec reads them or throws ProtocolError, and reads again what it writes. */

import assert from 'node:assert/strict';
import { fromClient } from '../../src/packet/from-client.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { bytesOf, hexOf } from '../../src/packet/packet-notation.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Side } from '../../src/packet/packet-types.ts';
import { packetVectors } from '../../src/packet/packet-vectors.ts';
import { ProtocolError } from '../../src/packet/protocol-error.ts';
import { TopicCache } from '../../src/packet/topic-cache.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const mutationsMax = 6;
const packetsMax = 4;
const randomBytesMax = 60;

/** Too small for many, for some, for none. */
const sizeLimits = [20, 200, 268_435_460];

/** What tends to be special in a protocol. */
const tellingBytes = [0x00, 0x01, 0x02, 0x7f, 0x80, 0xc0, 0xed, 0xff, 0x23, 0x2b];

export const packetFuzz: FuzzTarget = {
  name: 'packet',
  run(seed, until) {
    const random = randomFrom(seed);
    const topics = new TopicCache(64);
    let iterations = 0;
    for (; !until(); iterations += 1) {
      const stream = randomStream(random);
      try {
        check(stream, topics, random);
      } catch (error) {
        const { from, version, bytes } = stream;
        const what = `from a ${from}, version ${version ?? 'unknown'}: ${hexOf(bytes)}`;
        throw new Error(what, { cause: error });
      }
    }
    return iterations;
  },
};

/** What one side of a connection sends. */
interface Stream {
  readonly from: Side;
  readonly version: ProtocolVersion | undefined;
  readonly packetBytesMax: number;
  readonly bytes: Uint8Array;
}

interface Outcome {
  readonly packets: readonly Packet[];
  readonly version: ProtocolVersion | undefined;
  readonly refusal: string | undefined;
}

function check(stream: Stream, topics: TopicCache, random: Random): void {
  // The cache has the topics that clients may publish to, which are fewer than a server's.
  const cache = stream.from === 'client' ? topics : undefined;
  const whole = read(stream, [stream.bytes], cache);
  const inPieces = read(stream, randomPieces(stream.bytes, random), undefined);
  assert.deepEqual(inPieces, whole);
  for (const packet of whole.packets) checkRoundTrip(packet, stream.from, whole.version!);
}

function checkRoundTrip(packet: Packet, from: Side, readAs: ProtocolVersion): void {
  const version = packet.type === 'connect' ? packet.version : readAs;
  const bytes = encodePacket(packet, version);
  const isConnect = packet.type === 'connect';
  const stream: Stream = {
    from,
    version: isConnect ? undefined : version,
    packetBytesMax: bytes.length,
    bytes,
  };
  const again = read(stream, [bytes], undefined);
  assert.deepEqual(again, { packets: [packet], version, refusal: undefined });
}

function read(
  { from, version, packetBytesMax }: Stream,
  pieces: readonly Uint8Array[],
  topics: TopicCache | undefined,
): Outcome {
  const reader = new PacketReader({
    from: from === 'client' ? fromClient : fromServer,
    version,
    packetBytesMax,
    topics,
  });
  const packets: Packet[] = [];
  let refusal: string | undefined;
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let packet = reader.next(); packet; packet = reader.next()) packets.push(packet);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refusal = `${error.reasonCode} ${error.message}`;
  }
  return { packets, version: reader.version, refusal };
}

const seeds = packetVectors.map(({ versions, from, bytes }) => ({
  versions,
  from,
  bytes: bytesOf(bytes),
}));

/** Some vectors of one version, one after the other, with faults put in; or noise. */
function randomStream(random: Random): Stream {
  const first = seeds[random(seeds.length)];
  const { from } = first;
  const version = first.versions[random(first.versions.length)];
  const isConnect = from === 'client' && first.bytes[0] === 0x10;
  const fitting = seeds.filter((seed) => seed.from === from && seed.versions.includes(version));
  const bytes = random(20) === 0 ? noise(random) : [...first.bytes];
  for (let more = random(packetsMax); more > 0; more--) {
    bytes.push(...fitting[random(fitting.length)].bytes);
  }
  for (let faults = random(mutationsMax + 1); faults > 0; faults--) mutate(bytes, random);
  return {
    from,
    version: isConnect ? undefined : version,
    packetBytesMax: sizeLimits[random(sizeLimits.length)],
    bytes: Uint8Array.from(bytes),
  };
}

function noise(random: Random): number[] {
  return Array.from({ length: random(randomBytesMax) }, () => random(0x100));
}

function mutate(bytes: number[], random: Random): void {
  const at = random(bytes.length + 1);
  const mutations = [
    () => bytes.splice(at, 1, random(0x100)),
    () => bytes.splice(at, 1, tellingBytes[random(tellingBytes.length)]),
    () => bytes.splice(at, 1, (bytes[at] ?? 0) ^ (1 << random(8))),
    () => bytes.splice(at, 1, ((bytes[at] ?? 0) + 0xff + random(3)) & 0xff),
    () => bytes.splice(at, random(4)),
    () => bytes.splice(at, 0, tellingBytes[random(tellingBytes.length)]),
    () => bytes.splice(at, 0, ...bytes.slice(random(bytes.length + 1)).slice(0, random(12))),
    () => bytes.splice(at),
  ];
  mutations[random(mutations.length)]();
}

function randomPieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const most = 1 + random(12);
  for (let at = 0; at < bytes.length; ) {
    const size = random(most + 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
