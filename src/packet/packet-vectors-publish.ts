/** PUBLISH in vectors, and text as it stands in a topic name. */

import { type PacketVector, refusals } from './packet-vector.ts';
import type { Publish } from './publish.ts';

const plain: Publish = {
  type: 'publish',
  topic: 'a/b',
  payload: Uint8Array.of(0x68, 0x69),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};

const accepted: readonly PacketVector[] = [
  {
    name: 'reads a PUBLISH of QoS 0, which has no packet identifier [MQTT-2.2.1-2, MQTT3-2.3.1-5, MQTT3-3.3.2-1]',
    versions: [3, 4],
    from: 'client',
    bytes: '30 07 00 03 61 2f 62 68 69',
    packet: plain,
  },
  {
    name: 'reads a PUBLISH of QoS 0 without properties [MQTT-2.2.1-2, MQTT-2.2.2-1, MQTT-3.3.2-1]',
    versions: [5],
    from: 'client',
    bytes: '30 08 00 03 61 2f 62 00 68 69',
    packet: plain,
  },
  {
    name: 'reads a PUBLISH of QoS 1',
    versions: [3, 4],
    from: 'server',
    bytes: '32 ["a/b" 0001 (hi)]',
    packet: { ...plain, qos: 1, packetId: 1 },
  },
  {
    name: 'reads a retained PUBLISH of QoS 2 that is sent again',
    versions: [3, 4],
    from: 'client',
    bytes: '3d ["a/b" ffff (hi)]',
    packet: { ...plain, qos: 2, packetId: 65_535, retain: true, dup: true },
  },
  {
    name: 'reads a retained PUBLISH of QoS 1 that is sent again',
    versions: [5],
    from: 'client',
    bytes: '3b ["a/b" 0102 [] (hi)]',
    packet: { ...plain, qos: 1, packetId: 0x0102, retain: true, dup: true },
  },
  {
    name: 'reads an empty payload',
    versions: [3, 4],
    from: 'client',
    bytes: '31 ["a/b"]',
    packet: { ...plain, retain: true, payload: new Uint8Array(0) },
  },
  {
    name: 'reads every property of PUBLISH',
    versions: [5],
    from: 'server',
    bytes:
      '34 ["a/b" 0007 [01 01 02 00000e10 23 0005 08 "r/t" 09 0002 0001 26 "x" "1" 26 "x" "2" ' +
      '0b 01 0b ffffff7f 0b 8001 03 "text/plain"] (hi)]',
    packet: {
      ...plain,
      qos: 2,
      packetId: 7,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 3600,
        topicAlias: 5,
        responseTopic: 'r/t',
        correlationData: Uint8Array.of(0, 1),
        userProperties: [
          ['x', '1'],
          ['x', '2'],
        ],
        subscriptionIdentifiers: [1, 268_435_455, 128],
        contentType: 'text/plain',
      },
    },
  },
  {
    name: 'reads a topic alias in place of a topic name',
    versions: [5],
    from: 'client',
    bytes: '30 ["" [23 ffff] (hi)]',
    packet: { ...plain, topic: '', properties: { topicAlias: 65_535 } },
  },
  {
    name: 'keeps user properties in order when others stand between them',
    versions: [5],
    from: 'client',
    bytes: '30 ["a/b" [26 "z" "1" 02 00000001 26 "a" "2"] (hi)]',
    packet: {
      ...plain,
      properties: {
        userProperties: [
          ['z', '1'],
          ['a', '2'],
        ],
        messageExpiryInterval: 1,
      },
    },
    written: '30 ["a/b" [26 "z" "1" 26 "a" "2" 02 00000001] (hi)]',
  },
  {
    name: 'does not look into a payload that is said to be UTF-8',
    versions: [5],
    from: 'client',
    bytes: '30 ["a/b" [01 01] ff]',
    packet: {
      ...plain,
      payload: Uint8Array.of(0xff),
      properties: { payloadFormatIndicator: 1 },
    },
  },
  {
    name: 'reads a payload of 200 bytes, so a remaining length of two',
    versions: [4],
    from: 'client',
    bytes: `30 cd 01 "a/b" ${'61'.repeat(200)}`,
    packet: { ...plain, payload: new Uint8Array(200).fill(0x61) },
  },
  {
    name: 'reads properties of 200 bytes, so a property length of two',
    versions: [5],
    from: 'client',
    bytes: `30 ["a/b" c801 03 00c5 ${'78'.repeat(197)} (hi)]`,
    packet: { ...plain, properties: { contentType: 'x'.repeat(197) } },
  },
  {
    name: 'takes a remaining length that is longer than it needs in MQTT 3.x',
    versions: [3, 4],
    from: 'client',
    bytes: '30 87 80 80 00 00 03 61 2f 62 68 69',
    packet: plain,
    written: '30 07 00 03 61 2f 62 68 69',
  },
];

/** Text of all lengths of UTF-8; the names are at the same time the topics. */
const texts: readonly PacketVector[] = [
  { what: 'two bytes a character', topic: 'é/ß', bytes: 'c3a92fc39f' },
  { what: 'three bytes a character', topic: '温度', bytes: 'e6b8a9 e5baa6' },
  { what: 'four bytes a character', topic: '🦟', bytes: 'f09fa69f' },
  { what: 'the last character', topic: '\u{10fffd}', bytes: 'f48fbfbd' },
  { what: 'the characters next to the surrogates', topic: '\ud7ff\ue000', bytes: 'ed9fbf ee8080' },
  { what: 'a byte order mark, which it keeps', topic: '\ufeffa', bytes: 'efbbbf61' },
  { what: 'a $ and a space', topic: '$SYS/ a', bytes: '245359532f2061' },
].map(({ what, topic, bytes }) => ({
  name: `reads a topic name with ${what} [MQTT-1.5.4-3, MQTT3-1.5.3-3]`,
  versions: [3, 4],
  from: 'client',
  bytes: `30 [00 [${bytes}] (hi)]`, // up to 127 bytes the second byte of a text's length
  packet: { ...plain, topic },
}));

const refusedTexts = refusals(
  { versions: [3, 4], from: 'client', refused: 'malformedPacket' },
  {
    'refuses U+0000 in a topic name [MQTT-1.5.4-2, MQTT3-1.5.3-2, MQTT-4.7.3-2, MQTT3-4.7.3-2]':
      '30 [0003 610062 (hi)]',
    'refuses a surrogate in UTF-8 [MQTT-1.5.4-1, MQTT3-1.5.3-1]': '30 [0003 eda080 (hi)]',
    'refuses a pair of surrogates in UTF-8 [MQTT-1.5.4-1]': '30 [0006 eda0bdedb880 (hi)]',
    'refuses an overlong slash [MQTT-1.5.4-1]': '30 [0002 c0af (hi)]',
    'refuses an overlong U+0000 [MQTT-1.5.4-2]': '30 [0002 c080 (hi)]',
    'refuses an overlong form of three bytes [MQTT-1.5.4-1]': '30 [0003 e080af (hi)]',
    'refuses a character above U+10FFFF [MQTT-1.5.4-1]': '30 [0004 f4908080 (hi)]',
    'refuses a character of five bytes [MQTT-1.5.4-1]': '30 [0005 f888808080 (hi)]',
    'refuses a character that is cut off [MQTT-1.5.4-1]': '30 [0003 61e6b8 (hi)]',
    'refuses a character that lacks its end [MQTT-1.5.4-1]': '30 [0003 e6b861 (hi)]',
    'refuses the middle of a character alone [MQTT-1.5.4-1]': '30 [0001 80 (hi)]',
  },
);

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses both QoS bits [MQTT-3.3.1-4, MQTT3-3.3.1-4]': '36 ["a/b" 0001 00 (hi)]',
      'refuses DUP with QoS 0 [MQTT-3.3.1-2, MQTT3-3.3.1-2]': '38 ["a/b" 00 (hi)]',
      'refuses an empty PUBLISH': '30 []',
      'refuses a topic name that reaches past the packet': '30 [0004 612f62]',
      'refuses a PUBLISH of QoS 1 that ends before its packet identifier': '32 ["a/b" 00]',
      'refuses a remaining length that goes on after four bytes': '30 80 80 80 80',
      'refuses a PUBLISH without topic name [MQTT-4.7.3-1, MQTT3-4.7.3-1]': '30 ["" 00 (hi)]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
    {
      'refuses packet identifier 0 of a client with QoS 1 [MQTT-2.2.1-3, MQTT3-2.3.1-1]':
        '32 ["a/b" 0000 00 (hi)]',
      'refuses packet identifier 0 of a client with QoS 2 [MQTT-2.2.1-3, MQTT3-2.3.1-1]':
        '34 ["a/b" 0000 00 (hi)]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'server', refused: 'protocolError' },
    {
      'refuses packet identifier 0 of a server [MQTT-2.2.1-4]': '32 ["a/b" 0000 00 (hi)]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses # in a topic name [MQTT-3.3.2-2, MQTT3-3.3.2-2]': '30 ["a/#" 00 (hi)]',
      'refuses + in a topic name [MQTT-3.3.2-2, MQTT3-3.3.2-2]': '30 ["+/b" 00 (hi)]',
      'refuses a wildcard inside a level [MQTT-3.3.2-2, MQTT3-4.7.1-1]': '30 ["a/b+" 00 (hi)]',
      'refuses a control character in a topic name': '30 [0001 1f 00 (hi)]',
      'refuses what is no character in a topic name': '30 [0004 f48fbfbf 00 (hi)]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses a PUBLISH without properties': '30 ["a/b"]',
      'refuses a remaining length that is longer than it needs [MQTT-1.5.5-1]':
        '30 88 00 "a/b" 00 (hi)',
      'refuses a subscription identifier of five bytes': '30 ["a/b" [0b ffffffff01] (hi)]',
      'refuses a property of another packet before the end of a broken one':
        '30 ["a/b" [17 01 02 00] (hi)]',
      'refuses payload format indicator 2 before an unknown property':
        '30 ["a/b" [01 02 04 00] (hi)]',
      'refuses a response topic that is not UTF-8 [MQTT-3.3.2-13]': '30 ["a/b" [08 0001 ff] (hi)]',
      'refuses a content type that is not UTF-8 [MQTT-3.3.2-19]': '30 ["a/b" [03 0001 ff] (hi)]',
      'refuses correlation data that reaches past the properties': '30 ["a/b" [09 0002 00] (hi)]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a subscription identifier from a client [MQTT-3.3.4-6]': '30 ["a/b" [0b 01] (hi)]',
      'refuses payload format indicator 2': '30 ["a/b" [01 02] (hi)]',
      'refuses topic alias 0 [MQTT-3.3.2-8]': '30 ["a/b" [23 0000] (hi)]',
      'refuses a second topic alias': '30 ["a/b" [23 0001 23 0001] (hi)]',
      'refuses a second content type': '30 ["a/b" [03 "" 03 ""] (hi)]',
      'refuses a property of SUBSCRIBE alone': '30 ["a/b" [17 01] (hi)]',
      'refuses a will delay interval': '30 ["a/b" [18 00000001] (hi)]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'server', refused: 'protocolError' },
    { 'refuses subscription identifier 0': '30 ["a/b" [0b 00] (hi)]' },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a wildcard in a response topic [MQTT-3.3.2-14]': '30 ["a/b" [08 "r/#"] (hi)]',
      'refuses an empty response topic [MQTT-4.7.3-1]': '30 ["a/b" [08 ""] (hi)]',
    },
  ),
];

export const publishVectors: readonly PacketVector[] = [
  ...accepted,
  ...texts,
  ...refusedTexts,
  ...refused,
];
