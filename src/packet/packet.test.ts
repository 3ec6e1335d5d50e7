/** What the writer refuses, and what it writes for versions that know less. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from './byte-writer.ts';
import { encodePacket, type Packet, writePacket } from './packet.ts';
import { bytesOf, hexOf } from './packet-notation.ts';
import type { Publish } from './publish.ts';
import { reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

const publish: Publish = {
  type: 'publish',
  topic: 'a',
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};
const connect = {
  type: 'connect',
  version: 5,
  bridge: false,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: '',
  will: undefined,
  userName: undefined,
  password: undefined,
} as const;
const subscription = {
  filter: 'a',
  qos: 1,
  noLocal: true,
  retainAsPublished: true,
  retainHandling: 2,
} as const;

describe('the writer refuses', () => {
  const cases: readonly Case[] = [
    { what: 'a text of more than 65,535 bytes', packet: { ...publish, topic: 'x'.repeat(65_536) } },
    { what: 'a text whose UTF-8 is longer', packet: { ...publish, topic: 'é'.repeat(40_000) } },
    { what: 'U+0000 in a text', packet: { ...publish, topic: 'a\0' } },
    { what: 'U+0000 in a long text', packet: { ...publish, topic: `${'a'.repeat(50)}\0` } },
    { what: 'a lone surrogate', packet: { ...publish, topic: '\ud800' } },
    { what: 'an empty topic without alias', packet: { ...publish, topic: '' } },
    {
      what: 'an alias for a version without',
      packet: { ...publish, topic: '', properties: { topicAlias: 1 } },
      version: 4,
    },
    { what: 'packet identifier 0 with QoS 1', packet: { ...publish, qos: 1 } },
    {
      what: 'a packet identifier of three bytes',
      packet: { ...publish, qos: 1, packetId: 65_536 },
    },
    { what: 'DUP with QoS 0', packet: { ...publish, dup: true } },
    { what: 'topic alias 0', packet: { ...publish, properties: { topicAlias: 0 } } },
    {
      what: 'subscription identifier 0',
      packet: { ...publish, properties: { subscriptionIdentifiers: [0] } },
    },
    {
      what: 'a too large subscription identifier',
      packet: { ...publish, properties: { subscriptionIdentifiers: [268_435_456] } },
    },
    { what: 'a half second', packet: { ...publish, properties: { messageExpiryInterval: 0.5 } } },
    {
      what: 'a negative interval',
      packet: { ...publish, properties: { messageExpiryInterval: -1 } },
    },
    {
      what: 'a too long interval',
      packet: { ...publish, properties: { messageExpiryInterval: 2 ** 32 } },
    },
    {
      what: 'binary data of 65,536 bytes',
      packet: { ...publish, properties: { correlationData: new Uint8Array(65_536) } },
    },
    {
      what: 'a packet of 268,435,456 bytes',
      packet: { ...publish, payload: fakeBytes(268_435_456) },
    },
    {
      what: 'an acknowledgement of packet 0',
      packet: { type: 'puback', packetId: 0, reasonCode: 0 },
    },
    {
      what: 'a SUBSCRIBE without filter',
      packet: { type: 'subscribe', packetId: 1, subscriptions: [] },
    },
    {
      what: 'a SUBACK without reason code',
      packet: { type: 'suback', packetId: 1, reasonCodes: [] },
    },
    {
      what: 'an UNSUBSCRIBE without filter',
      packet: { type: 'unsubscribe', packetId: 1, filters: [] },
    },
    {
      what: 'an UNSUBACK without reason code',
      packet: { type: 'unsuback', packetId: 1, reasonCodes: [] },
    },
    {
      what: 'AUTH in MQTT 3.1.1',
      packet: { type: 'auth', reasonCode: reasonCodes.success },
      version: 4,
    },
    {
      what: 'session present in a refusal',
      packet: { type: 'connack', sessionPresent: true, reasonCode: reasonCodes.banned },
    },
    {
      what: 'a password without user name in MQTT 3.1.1',
      packet: { ...connect, version: 4, password: Uint8Array.of(1) },
    },
    { what: 'a bridge of MQTT 5.0', packet: { ...connect, bridge: true } },
    { what: 'a keep alive of 65,536 seconds', packet: { ...connect, keepAliveSeconds: 65_536 } },
    { what: 'receive maximum 0', packet: { ...connect, properties: { receiveMaximum: 0 } } },
    {
      what: 'a property in the wrong place',
      packet: { ...connect, properties: { topicAlias: 1 } as object },
    },
    { what: 'an unknown property', packet: { ...connect, properties: { colour: 1 } as object } },
  ];
  for (const { what, packet, version = 5 } of cases) {
    it(`${what}, and leaves what was written before`, () => {
      const out = new ByteWriter(8);
      out.u16(0x0102);
      assert.throws(() => writePacket(out, packet, version), RangeError);
      assert.equal(hexOf(out.view()), '01 02');
    });
  }
});

describe('the writer leaves out what MQTT 3.x does not know', () => {
  const cases: readonly WrittenCase[] = [
    {
      what: 'properties of PUBLISH',
      packet: { ...publish, properties: { contentType: 'x' } },
      bytes: '30 ["a"]',
    },
    {
      what: 'reason codes of PUBACK',
      packet: { type: 'puback', packetId: 1, reasonCode: reasonCodes.notAuthorized },
      bytes: '40 [0001]',
    },
    {
      what: 'subscription options but the QoS',
      packet: { type: 'subscribe', packetId: 1, subscriptions: [subscription] },
      bytes: '82 [0001 "a" 01]',
    },
    {
      what: 'which failure a SUBACK tells [MQTT3-3.8.4-5]',
      packet: {
        type: 'suback',
        packetId: 1,
        reasonCodes: [reasonCodes.notAuthorized, reasonCodes.grantedQos2],
      },
      bytes: '90 [0001 80 02]',
    },
    {
      what: 'reason codes of UNSUBACK',
      packet: { type: 'unsuback', packetId: 1, reasonCodes: [reasonCodes.success] },
      bytes: 'b0 [0001]',
    },
    {
      what: 'why of DISCONNECT',
      packet: { type: 'disconnect', reasonCode: reasonCodes.disconnectWithWill },
      bytes: 'e0 00',
    },
  ];
  for (const { what, packet, bytes } of cases) {
    it(what, () => {
      for (const version of [3, 4] as const) {
        assert.equal(hexOf(encodePacket(packet, version)), hexOf(bytesOf(bytes)));
      }
    });
  }

  it('session present, in MQTT 3.1 alone', () => {
    const packet = {
      type: 'connack',
      sessionPresent: true,
      reasonCode: reasonCodes.success,
    } as const;
    assert.equal(hexOf(encodePacket(packet, 3)), '20 02 00 00');
    assert.equal(hexOf(encodePacket(packet, 4)), '20 02 01 00');
  });
});

describe('CONNACK in MQTT 3.x', () => {
  const nearest = [
    { reasonCode: reasonCodes.unsupportedProtocolVersion, returnCode: 1 },
    { reasonCode: reasonCodes.clientIdentifierNotValid, returnCode: 2 },
    { reasonCode: reasonCodes.serverUnavailable, returnCode: 3 },
    { reasonCode: reasonCodes.serverBusy, returnCode: 3 },
    { reasonCode: reasonCodes.quotaExceeded, returnCode: 3 },
    { reasonCode: reasonCodes.unspecifiedError, returnCode: 3 },
    { reasonCode: reasonCodes.badUserNameOrPassword, returnCode: 4 },
    { reasonCode: reasonCodes.notAuthorized, returnCode: 5 },
    { reasonCode: reasonCodes.banned, returnCode: 5 },
    { reasonCode: reasonCodes.badAuthenticationMethod, returnCode: 5 },
  ];
  for (const { reasonCode, returnCode } of nearest) {
    it(`says return code ${returnCode} for reason code 0x${reasonCode.toString(16)}`, () => {
      const bytes = encodePacket({ type: 'connack', sessionPresent: false, reasonCode }, 4);
      assert.deepEqual(bytes, Uint8Array.of(0x20, 2, 0, returnCode));
    });
  }
});

describe('the writer', () => {
  it('skips properties that are undefined', () => {
    const properties = { contentType: undefined, messageExpiryInterval: 1 };
    const bytes = encodePacket({ ...publish, properties }, 5);
    assert.equal(hexOf(bytes), hexOf(bytesOf('30 ["a" [02 00000001]]')));
  });

  it('appends packet after packet', () => {
    const out = new ByteWriter(1);
    writePacket(out, { type: 'pingreq' }, 5);
    writePacket(out, { type: 'puback', packetId: 1, reasonCode: 0 }, 5);
    assert.equal(hexOf(out.view()), 'c0 00 40 02 00 01');
  });

  for (const size of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    it(`writes a remaining length of ${size} in the fewest bytes [MQTT-1.5.5-1]`, () => {
      const payload = new Uint8Array(size - 3).fill(7);
      const bytes = encodePacket({ ...publish, payload }, 4);
      const lengthBytes = Math.ceil(Math.log2(size + 1) / 7);
      assert.equal(bytes.length, 1 + lengthBytes + size);
      assert.deepEqual(bytes.subarray(1 + lengthBytes, 4 + lengthBytes), Uint8Array.of(0, 1, 0x61));
      assert.equal(bytes[lengthBytes] < 0x80, true);
    });
  }
});

interface Case {
  readonly what: string;
  readonly packet: Packet;
  readonly version?: ProtocolVersion;
}

interface WrittenCase {
  readonly what: string;
  readonly packet: Packet;
  readonly bytes: string;
}

/** Stands for a payload that no test should have to hold. */
function fakeBytes(length: number): Uint8Array {
  return Object.defineProperty(new Uint8Array(0), 'length', { value: length });
}
