/** Arbitrary packets: reading what was written gives the same packet, in any pieces. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AcknowledgementType } from './acknowledgement.ts';
import { fromClient } from './from-client.ts';
import { fromServer } from './from-server.ts';
import { encodePacket, type Packet } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import type { Side } from './packet-types.ts';
import {
  type Property,
  type PropertyPlace,
  type PropertyValues,
  propertyById,
} from './properties.ts';
import { reasonCodes } from './reason-codes.ts';
import { TopicCache } from './topic-cache.ts';
import type { ProtocolVersion } from './version.ts';

const runs = 300;

const qos = fc.constantFrom(0, 1, 2);
/** Without U+0000 and lone surrogates, of characters of every length of UTF-8. */
const texts = fc
  .oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 40 }))
  .map((text) => text.replaceAll('\0', ''));
const visible = texts.map((text) => text.replaceAll(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, ''));
const topics = visible.map((text) => text.replace(/[+#]/g, '') || '/');
const filters = visible.map((text) => (text.startsWith('$share/') ? '#' : text) || '#');
const bytes = fc.uint8Array({ maxLength: 300 });

const values: Readonly<Record<keyof PropertyValues, fc.Arbitrary<unknown>>> = {
  flag: fc.constantFrom(0, 1),
  u16: fc.nat(65_535),
  u32: fc.nat(0xffff_ffff),
  varint: fc.nat(268_435_455),
  text: texts,
  topicName: topics,
  binary: bytes,
  textPair: fc.tuple(texts, texts),
};

for (const version of [3, 4, 5] as const) {
  describe(`an arbitrary packet of version ${version}`, () => {
    for (const [type, { from, packets }] of Object.entries(packetsOf(version))) {
      it(`${type} comes back as it was written, in any pieces`, () => {
        const sample = fc.tuple(packets as fc.Arbitrary<Packet>, fc.array(fc.nat(40)));
        fc.assert(
          fc.property(sample, ([packet, sizes]) => {
            const bytes = encodePacket(packet, version);
            const reader = new PacketReader({
              from: from === 'client' ? fromClient : fromServer,
              packetBytesMax: 1_000_000,
              version: type === 'connect' ? undefined : version,
              topics: new TopicCache(16),
            });
            assert.deepEqual(readInPieces(reader, bytes, sizes), [packet]);
            assert.equal(reader.lastPacketBytes, bytes.length);
          }),
          { numRuns: runs },
        );
      });
    }
  });
}

function readInPieces(reader: PacketReader, bytes: Uint8Array, sizes: readonly number[]): Packet[] {
  const packets: Packet[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    reader.push(bytes.subarray(at, at + size));
    at += size;
    for (let packet = reader.next(); packet; packet = reader.next()) packets.push(packet);
  }
  return packets;
}

interface Source {
  readonly from: Side;
  readonly packets: fc.Arbitrary<unknown>;
}

/** Every packet type that the version has, as the reader gives it: with all its keys. */
function packetsOf(version: ProtocolVersion): Record<string, Source> {
  const isLatest = version === 5;
  const packetId = fc.integer({ min: 1, max: 65_535 });
  const flag = isLatest ? fc.boolean() : fc.constant(false);
  const codes = (...list: number[]) => fc.constantFrom(...(isLatest ? list : [0]));
  const propertiesOf = (place: PropertyPlace) =>
    isLatest ? propertiesIn(place) : fc.constant(undefined);
  const packet = (type: string, fields: object) => record({ type: fc.constant(type), ...fields });
  const acknowledgement = (type: AcknowledgementType, ...list: number[]): Source => ({
    from: 'client',
    packets: packet(type, {
      packetId,
      reasonCode: codes(0, ...list),
      properties: propertiesOf(type),
    }),
  });
  const subscription = record({
    filter: filters,
    qos,
    noLocal: flag,
    retainAsPublished: flag,
    retainHandling: isLatest ? fc.constantFrom(0, 1, 2) : fc.constant(0),
  });
  const all: Record<string, Source> = {
    connect: { from: 'client', packets: connects(version, propertiesOf) },
    connack: {
      from: 'server',
      packets: fc.oneof(
        packet('connack', {
          sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
          reasonCode: fc.constant(reasonCodes.success),
          properties: propertiesOf('connack'),
        }),
        packet('connack', {
          sessionPresent: fc.constant(false),
          reasonCode: fc.constantFrom(0x84, 0x85, 0x86, 0x87, 0x88),
          properties: propertiesOf('connack'),
        }),
      ),
    },
    publish: { from: 'server', packets: publishes(propertiesOf) },
    puback: acknowledgement('puback', 0x10, 0x80, 0x97),
    pubrec: acknowledgement('pubrec', 0x10, 0x80, 0x97),
    pubrel: acknowledgement('pubrel', 0x92),
    pubcomp: acknowledgement('pubcomp', 0x92),
    subscribe: {
      from: 'client',
      packets: packet('subscribe', {
        packetId,
        subscriptions: fc.array(subscription, { minLength: 1 }),
        properties: propertiesOf('subscribe'),
      }),
    },
    suback: {
      from: 'server',
      packets: packet('suback', {
        packetId,
        reasonCodes: fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1 }),
        properties: propertiesOf('suback'),
      }),
    },
    unsubscribe: {
      from: 'client',
      packets: packet('unsubscribe', {
        packetId,
        filters: fc.array(filters, { minLength: 1 }),
        properties: propertiesOf('unsubscribe'),
      }),
    },
    unsuback: {
      from: 'server',
      packets: packet('unsuback', {
        packetId,
        reasonCodes: isLatest
          ? fc.array(fc.constantFrom(0, 0x11, 0x87), { minLength: 1 })
          : fc.constant([]),
        properties: propertiesOf('unsuback'),
      }),
    },
    pingreq: { from: 'client', packets: packet('pingreq', {}) },
    pingresp: { from: 'server', packets: packet('pingresp', {}) },
    disconnect: {
      from: 'client',
      packets: packet('disconnect', {
        reasonCode: codes(0, 0x04, 0x81, 0x99),
        properties: propertiesOf('disconnect'),
      }),
    },
  };
  if (!isLatest) return all;
  return { ...all, auth: { from: 'client', packets: auths() } };
}

function record<Fields extends object>(
  fields: {
    readonly [Name in keyof Fields]: fc.Arbitrary<Fields[Name]>;
  },
): fc.Arbitrary<Fields> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<Fields>;
}

type PropertiesOf = (place: PropertyPlace) => fc.Arbitrary<object | undefined>;

function connects(version: ProtocolVersion, propertiesOf: PropertiesOf): fc.Arbitrary<unknown> {
  const will = record({
    topic: topics.filter(isPlain),
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: propertiesOf('will'),
  });
  return record({
    type: fc.constant('connect'),
    version: fc.constant(version),
    bridge: version === 5 ? fc.constant(false) : fc.boolean(),
    cleanStart: fc.boolean(),
    keepAliveSeconds: fc.nat(65_535),
    clientId: texts.filter(isPlain),
    will: fc.option(will, { nil: undefined }),
    userName: fc.option(texts.filter(isPlain), { nil: undefined }),
    password: fc.option(bytes, { nil: undefined }),
    properties: propertiesOf('connect').map(withMethod),
  }).filter((connect) => version === 5 || !(connect.password && connect.userName === undefined));
}

/** The names that CONNECT brings may have no control characters. */
function isPlain(text: string): boolean {
  return !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(text);
}

function publishes(propertiesOf: PropertiesOf): fc.Arbitrary<unknown> {
  return record({
    type: fc.constant('publish'),
    topic: topics,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    dup: fc.boolean(),
    packetId: fc.integer({ min: 1, max: 65_535 }),
    properties: propertiesOf('publish'),
  }).map((publish) => (publish.qos === 0 ? { ...publish, dup: false, packetId: 0 } : publish));
}

function auths(): fc.Arbitrary<unknown> {
  return record({
    type: fc.constant('auth'),
    reasonCode: fc.constantFrom(0x18, 0x19),
    properties: propertiesIn('auth').map((properties) => ({
      ...properties,
      authenticationMethod: 'm',
    })),
  });
}

/** Authentication data needs a method. */
function withMethod(properties: object | undefined): object | undefined {
  if (properties === undefined || !('authenticationData' in properties)) return properties;
  return { ...properties, authenticationMethod: 'm' };
}

/** Any of the properties that the table allows in one place; undefined for none. */
function propertiesIn(place: PropertyPlace): fc.Arbitrary<object | undefined> {
  const rules = Array.from({ length: 0x80 }, (_, id) => propertyById(place, id));
  const fields = rules
    .filter((rule) => rule !== undefined)
    .map((rule) => [rule.name, valuesOf(rule)] as const);
  return fc
    .record(Object.fromEntries(fields), { requiredKeys: [], noNullPrototype: true })
    .map((properties) => (Object.keys(properties).length === 0 ? undefined : properties));
}

function valuesOf({ type, repeats, zero }: Property): fc.Arbitrary<unknown> {
  const value = zero === undefined ? values[type] : values[type].filter((item) => item !== 0);
  return repeats ? fc.array(value, { minLength: 1, maxLength: 4 }) : value;
}
