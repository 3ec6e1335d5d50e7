/** Runs the codec over the table of packets: both directions, in any pieces. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromClient } from './from-client.ts';
import { fromServer } from './from-server.ts';
import { encodePacket, type Packet } from './packet.ts';
import { bytesOf, hexOf } from './packet-notation.ts';
import { PacketReader } from './packet-reader.ts';
import type { AcceptedVector, RefusedVector } from './packet-vector.ts';
import { packetVectors } from './packet-vectors.ts';
import { ProtocolError } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import { TopicCache } from './topic-cache.ts';
import type { ProtocolVersion } from './version.ts';

for (const version of [3, 4, 5] as const) {
  describe(`in MQTT ${{ 3: '3.1', 4: '3.1.1', 5: '5.0' }[version]}`, () => {
    for (const vector of packetVectors) {
      if (!vector.versions.includes(version)) continue;
      if ('refused' in vector) checkRefused(vector, version);
      else checkAccepted(vector, version);
    }
  });
}

function checkAccepted(vector: AcceptedVector, version: ProtocolVersion): void {
  it(vector.name, () => {
    const bytes = bytesOf(vector.bytes);
    const expected = comparable(vector.packet);
    for (const pieces of piecesOf(bytes)) {
      const reader = readerFor(vector, bytes, version);
      const packets = readAll(reader, pieces);
      assert.deepEqual(packets.map(comparable), [expected]);
      assert.equal(reader.version, version);
      assert.equal(reader.lastPacketBytes, bytes.length);
    }
    const written = hexOf(encodePacket(vector.packet, version));
    assert.equal(written, hexOf(bytesOf(vector.written ?? vector.bytes)));
    if (vector.packet.type === 'connect') return; // which comes once
    const twice = readAll(readerFor(vector, bytes, version), [concat(bytes, bytes)]);
    assert.deepEqual(twice.map(comparable), [expected, expected], 'two in one piece');
  });
}

function checkRefused(vector: RefusedVector, version: ProtocolVersion): void {
  it(vector.name, () => {
    const bytes = bytesOf(vector.bytes);
    const expected = { name: 'ProtocolError', reasonCode: reasonCodes[vector.refused] };
    for (const pieces of piecesOf(bytes)) {
      const reader = readerFor(vector, bytes, version);
      assert.throws(() => readAll(reader, pieces), expected);
      assert.throws(() => reader.next(), ProtocolError, 'a reader that threw throws again');
    }
  });
}

/** What comes from a client says its version itself. */
function readerFor(
  { from }: AcceptedVector | RefusedVector,
  bytes: Uint8Array,
  version: ProtocolVersion,
): PacketReader {
  const isConnect = bytes[0] >> 4 === 1 && from === 'client';
  return new PacketReader({
    from: from === 'client' ? fromClient : fromServer,
    packetBytesMax: 268_435_460,
    version: isConnect ? undefined : version,
    topics: bytes.length % 2 === 0 ? new TopicCache(4) : undefined,
  });
}

function readAll(reader: PacketReader, pieces: Iterable<Uint8Array>): Packet[] {
  const packets: Packet[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let packet = reader.next(); packet; packet = reader.next()) packets.push(packet);
  }
  return packets;
}

/** The bytes whole, as a Buffer, one by one, and cut in two at every place. */
function* piecesOf(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  yield [Buffer.from(bytes)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  for (let cut = 1; cut < bytes.length; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)];
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.of(...a, ...b);
}

/** The reader sets `properties` always, the table only where there are some. */
function comparable(packet: Packet): object {
  const whole =
    'will' in packet && packet.will ? { will: { properties: undefined, ...packet.will } } : {};
  return { properties: undefined, ...packet, ...whole };
}
