/** CONNECT in vectors. */

import type { Connect } from './connect.ts';
import { type PacketVector, refusals } from './packet-vector.ts';

const plain: Connect = {
  type: 'connect',
  version: 5,
  bridge: false,
  cleanStart: true,
  keepAliveSeconds: 60,
  clientId: 'id',
  will: undefined,
  userName: undefined,
  password: undefined,
};

const will = { topic: 'w', payload: Uint8Array.of(1, 0), qos: 0, retain: false } as const;

/** Bytes of the properties that CONNECT may have, and what they mean. */
const properties =
  '11 00000078  21 0014  27 00010000  22 000a  19 01  17 00  26 "k" "v"  26 "k" "w"  15 "m"  16 0002 00ff';

const accepted: readonly PacketVector[] = [
  {
    name: 'reads a CONNECT of MQTT 3.1',
    versions: [3],
    from: 'client',
    bytes: '10 10 00 06 4d 51 49 73 64 70 03 02 00 3c 00 02 69 64',
    packet: { ...plain, version: 3 },
  },
  {
    name: 'reads a CONNECT of MQTT 3.1.1',
    versions: [4],
    from: 'client',
    bytes: '10 0e 00 04 4d 51 54 54 04 02 00 3c 00 02 69 64',
    packet: { ...plain, version: 4 },
  },
  {
    name: 'reads a CONNECT whose empty properties have the length 0 [MQTT-2.2.2-1]',
    versions: [5],
    from: 'client',
    bytes: '10 0f 00 04 4d 51 54 54 05 02 00 3c 00 00 02 69 64',
    packet: plain,
  },
  {
    name: 'knows a bridge of MQTT 3.1 by the high bit of its level',
    versions: [3],
    from: 'client',
    bytes: '10 ["MQIsdp" 83 02 003c "id"]',
    packet: { ...plain, version: 3, bridge: true },
  },
  {
    name: 'knows a bridge of MQTT 3.1.1 by the high bit of its level',
    versions: [4],
    from: 'client',
    bytes: '10 ["MQTT" 84 02 003c "id"]',
    packet: { ...plain, version: 4, bridge: true },
  },
  {
    name: 'reads a CONNECT that keeps its session, with an empty client id [MQTT-3.1.3-3, MQTT3-3.1.3-3]',
    versions: [4],
    from: 'client',
    bytes: '10 ["MQTT" 04 00 ffff ""]',
    packet: { ...plain, version: 4, cleanStart: false, keepAliveSeconds: 65_535, clientId: '' },
  },
  {
    name: 'reads client id, will, user name and password in this order [MQTT3-3.1.3-1, MQTT3-3.1.2-9, MQTT3-3.1.2-19, MQTT3-3.1.2-21]',
    versions: [4],
    from: 'client',
    bytes: '10 ["MQTT" 04 ee 000a "id" "w" 0002 0100 "user" 0003 00ff01]',
    packet: {
      ...plain,
      version: 4,
      keepAliveSeconds: 10,
      will: { ...will, qos: 1, retain: true },
      userName: 'user',
      password: Uint8Array.of(0, 0xff, 1),
    },
  },
  {
    name: 'reads client id, will properties, will, user name and password in this order [MQTT-3.1.3-1, MQTT-3.1.2-9, MQTT-3.1.2-17, MQTT-3.1.2-19]',
    versions: [5],
    from: 'client',
    bytes:
      '10 ["MQTT" 05 f6 000a [] "id" ' +
      '[18 0000003c 01 01 02 0000000a 03 "text" 08 "r" 09 0001 07 26 "a" "b"] ' +
      '"w" 0002 0100 "user" 0001 70]',
    packet: {
      ...plain,
      keepAliveSeconds: 10,
      will: {
        ...will,
        qos: 2,
        retain: true,
        properties: {
          willDelayInterval: 60,
          payloadFormatIndicator: 1,
          messageExpiryInterval: 10,
          contentType: 'text',
          responseTopic: 'r',
          correlationData: Uint8Array.of(7),
          userProperties: [['a', 'b']],
        },
      },
      userName: 'user',
      password: Uint8Array.of(0x70),
    },
  },
  {
    name: 'reads a will of QoS 0 without properties and with an empty payload',
    versions: [5],
    from: 'client',
    bytes: '10 ["MQTT" 05 06 003c [] "id" [] "w" 0000]',
    packet: { ...plain, will: { ...will, payload: new Uint8Array(0) } },
  },
  {
    name: 'reads every property of CONNECT, a user property twice under one name',
    versions: [5],
    from: 'client',
    bytes: `10 ["MQTT" 05 02 003c [${properties}] "id"]`,
    packet: {
      ...plain,
      properties: {
        sessionExpiryInterval: 120,
        receiveMaximum: 20,
        maximumPacketSize: 65_536,
        topicAliasMaximum: 10,
        requestResponseInformation: 1,
        requestProblemInformation: 0,
        userProperties: [
          ['k', 'v'],
          ['k', 'w'],
        ],
        authenticationMethod: 'm',
        authenticationData: Uint8Array.of(0, 0xff),
      },
    },
  },
  {
    name: 'reads a password without a user name in MQTT 5.0 [MQTT-3.1.2-16]',
    versions: [5],
    from: 'client',
    bytes: '10 ["MQTT" 05 42 003c [] "id" 0001 70]',
    packet: { ...plain, password: Uint8Array.of(0x70) },
  },
  {
    name: 'reads a user name without a password [MQTT-3.1.2-18, MQTT3-3.1.2-20]',
    versions: [4],
    from: 'client',
    bytes: '10 ["MQTT" 04 82 003c "id" "user"]',
    packet: { ...plain, version: 4, userName: 'user' },
  },
  {
    name: 'forgives MQTT 3.1 a user name flag without a user name',
    versions: [3],
    from: 'client',
    bytes: '10 ["MQIsdp" 03 c2 003c "id"]',
    packet: { ...plain, version: 3 },
    written: '10 ["MQIsdp" 03 02 003c "id"]',
  },
  {
    name: 'forgives MQTT 3.1 a password flag without a password',
    versions: [3],
    from: 'client',
    bytes: '10 ["MQIsdp" 03 c2 003c "id" "user"]',
    packet: { ...plain, version: 3, userName: 'user' },
    written: '10 ["MQIsdp" 03 82 003c "id" "user"]',
  },
  {
    name: 'ignores the reserved connect flag in MQTT 3.1, which does not use it',
    versions: [3],
    from: 'client',
    bytes: '10 ["MQIsdp" 03 03 003c "id"]',
    packet: { ...plain, version: 3 },
    written: '10 ["MQIsdp" 03 02 003c "id"]',
  },
  {
    name: 'takes a remaining length that is longer than it needs in MQTT 3.1.1',
    versions: [4],
    from: 'client',
    bytes: '10 8e 80 00 00 04 4d 51 54 54 04 02 00 3c 00 02 69 64',
    packet: { ...plain, version: 4 },
    written: '10 ["MQTT" 04 02 003c "id"]',
  },
];

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [4], from: 'client', refused: 'unsupportedProtocolVersion' },
    {
      'refuses a protocol name that is not MQTT [MQTT-3.1.2-1, MQTT3-3.1.2-1]':
        '10 ["MQTS" 04 02 003c "id"]',
      'refuses a protocol name in other letters': '10 ["mqtt" 04 02 003c "id"]',
      'refuses the level of MQTT 3.1 under the name of later versions':
        '10 ["MQTT" 03 02 003c "id"]',
      'refuses a later level under the name of MQTT 3.1': '10 ["MQIsdp" 04 02 003c "id"]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'unsupportedProtocolVersion' },
    {
      'refuses a level above 5 [MQTT-3.1.2-2, MQTT3-3.1.2-2]': '10 ["MQTT" 06 02 003c [] "id"]',
      'refuses the bridge bit in MQTT 5.0': '10 ["MQTT" 85 02 003c [] "id"]',
    },
  ),
  ...refusals(
    { versions: [4], from: 'client', refused: 'malformedPacket' },
    {
      'refuses flags in the fixed header of CONNECT [MQTT-2.1.3-1, MQTT3-2.2.2-1]':
        '11 ["MQTT" 04 02 003c "id"]',
      'refuses the reserved connect flag [MQTT3-3.1.2-3]': '10 ["MQTT" 04 03 003c "id"]',
      'refuses will QoS 3 [MQTT3-3.1.2-14]': '10 ["MQTT" 04 1e 003c "id" "w" 0000]',
      'refuses a will QoS without a will [MQTT3-3.1.2-13, MQTT3-3.1.2-11]':
        '10 ["MQTT" 04 0a 003c "id"]',
      'refuses will retain without a will [MQTT3-3.1.2-15, MQTT3-3.1.2-11]':
        '10 ["MQTT" 04 22 003c "id"]',
      'refuses a password without a user name in MQTT 3.1.1 [MQTT3-3.1.2-22]':
        '10 ["MQTT" 04 42 003c "id" 0001 70]',
      'refuses a CONNECT without a client id [MQTT3-3.1.3-3]': '10 ["MQTT" 04 02 003c]',
      'refuses a user name flag without a user name [MQTT3-3.1.2-19]':
        '10 ["MQTT" 04 82 003c "id"]',
      'refuses a user name without its flag [MQTT3-3.1.2-18]': '10 ["MQTT" 04 02 003c "id" "user"]',
      'refuses a password flag without a password [MQTT3-3.1.2-21]':
        '10 ["MQTT" 04 c2 003c "id" "user"]',
      'refuses a password without its flag [MQTT3-3.1.2-20]':
        '10 ["MQTT" 04 82 003c "id" "user" 0001 70]',
      'refuses a will flag without a will [MQTT3-3.1.2-9]': '10 ["MQTT" 04 06 003c "id"]',
      'refuses a client id that is not UTF-8 [MQTT3-3.1.3-4, MQTT3-1.5.3-1]':
        '10 ["MQTT" 04 02 003c 0001 ff]',
      'refuses a will topic that is not UTF-8 [MQTT3-3.1.3-10]':
        '10 ["MQTT" 04 06 003c "id" 0001 ff 0000]',
      'refuses a user name that is not UTF-8 [MQTT3-3.1.3-11]':
        '10 ["MQTT" 04 82 003c "id" 0001 ff]',
      'refuses U+0000 in a client id [MQTT3-1.5.3-2]': '10 ["MQTT" 04 02 003c 0001 00]',
      'refuses a control character in a client id': '10 ["MQTT" 04 02 003c 0001 1f]',
      'refuses a control character in a user name': '10 ["MQTT" 04 82 003c "id" 0002 c285]',
      'refuses a control character in a will topic': '10 ["MQTT" 04 06 003c "id" 0001 7f 0000]',
    },
  ),
  ...refusals(
    { versions: [3], from: 'client', refused: 'malformedPacket' },
    {
      'refuses a password without a user name in MQTT 3.1': '10 ["MQIsdp" 03 42 003c "id" 0001 70]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses the reserved connect flag [MQTT-3.1.2-3]': '10 ["MQTT" 05 03 003c [] "id"]',
      'refuses will QoS 3 [MQTT-3.1.2-12]': '10 ["MQTT" 05 1e 003c [] "id" [] "w" 0000]',
      'refuses a will QoS without a will [MQTT-3.1.2-11]': '10 ["MQTT" 05 0a 003c [] "id"]',
      'refuses will retain without a will [MQTT-3.1.2-13]': '10 ["MQTT" 05 22 003c [] "id"]',
      'refuses a will flag without a will [MQTT-3.1.2-9]': '10 ["MQTT" 05 06 003c [] "id"]',
      'refuses a user name without its flag [MQTT-3.1.2-16]':
        '10 ["MQTT" 05 02 003c [] "id" "user"]',
      'refuses a user name flag without a user name [MQTT-3.1.2-17]':
        '10 ["MQTT" 05 82 003c [] "id"]',
      'refuses a password without its flag [MQTT-3.1.2-18]':
        '10 ["MQTT" 05 82 003c [] "id" "user" 0001 70]',
      'refuses a password flag without a password [MQTT-3.1.2-19]':
        '10 ["MQTT" 05 42 003c [] "id"]',
      'refuses a CONNECT without a client id [MQTT-3.1.3-3]': '10 ["MQTT" 05 02 003c []]',
      'refuses a will topic that is not UTF-8 [MQTT-3.1.3-11]':
        '10 ["MQTT" 05 06 003c [] "id" [] 0001 ff 0000]',
      'refuses a user name that is not UTF-8 [MQTT-3.1.3-12]':
        '10 ["MQTT" 05 82 003c [] "id" 0001 ff]',
      'refuses a CONNECT without properties': '10 ["MQTT" 05 02 003c]',
      'refuses a remaining length that is longer than it needs [MQTT-1.5.5-1]':
        '10 8f 00 00 04 4d 51 54 54 05 02 00 3c 00 00 02 69 64',
      'refuses a property length that is longer than it needs [MQTT-1.5.5-1]':
        '10 ["MQTT" 05 02 003c 8000 "id"]',
      'refuses a property length that goes on after four bytes':
        '10 ["MQTT" 05 02 003c ffffffff01 "id"]',
      'refuses a property length that reaches past the packet': '10 ["MQTT" 05 02 003c 10 "id"]',
      'refuses a property that reaches past the property length':
        '10 ["MQTT" 05 02 003c [21 00] "id"]',
      'refuses an unknown property': '10 ["MQTT" 05 02 003c [04 00] "id"]',
      'refuses a property identifier of two bytes': '10 ["MQTT" 05 02 003c [8101 00] "id"]',
      'refuses a user property whose name is not UTF-8 [MQTT-1.5.7-1]':
        '10 ["MQTT" 05 02 003c [26 0001 ff "v"] "id"]',
      'refuses a user property whose value is not UTF-8 [MQTT-1.5.7-1]':
        '10 ["MQTT" 05 02 003c [26 "k" 0001 ff] "id"]',
      'refuses bytes after the end of CONNECT': '10 ["MQTT" 05 02 003c [] "id" 00]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'clientIdentifierNotValid' },
    {
      'refuses a client id that is not UTF-8 [MQTT-3.1.3-4]': '10 ["MQTT" 05 02 003c [] 0001 ff]',
      'refuses a client id with a control character': '10 ["MQTT" 05 02 003c [] 0001 1f]',
      'refuses a client id with what is no character': '10 ["MQTT" 05 02 003c [] 0003 efbfbf]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses an empty will topic [MQTT-4.7.3-1]': '10 ["MQTT" 05 06 003c [] "id" [] "" 0000]',
      'refuses a property of PUBLISH in CONNECT': '10 ["MQTT" 05 02 003c [23 0001] "id"]',
      'refuses a property of a will among those of CONNECT':
        '10 ["MQTT" 05 02 003c [18 00000001] "id"]',
      'refuses a property of CONNECT in a will':
        '10 ["MQTT" 05 06 003c [] "id" [21 0001] "w" 0000]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'topicNameInvalid' },
    {
      'refuses a wildcard in a will topic [MQTT-4.7.0-1]':
        '10 ["MQTT" 05 06 003c [] "id" [] "w/#" 0000]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a wildcard in the response topic of a will [MQTT-3.3.2-14]':
        '10 ["MQTT" 05 06 003c [] "id" [08 "+"] "w" 0000]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a property that stands twice': '10 ["MQTT" 05 02 003c [21 0001 21 0001] "id"]',
      'refuses a property that stands twice, first as 0':
        '10 ["MQTT" 05 02 003c [11 00000000 11 00000001] "id"]',
      'refuses receive maximum 0': '10 ["MQTT" 05 02 003c [21 0000] "id"]',
      'refuses maximum packet size 0': '10 ["MQTT" 05 02 003c [27 00000000] "id"]',
      'refuses request response information 2': '10 ["MQTT" 05 02 003c [19 02] "id"]',
      'refuses request problem information 2': '10 ["MQTT" 05 02 003c [17 02] "id"]',
      'refuses payload format indicator 2 of a will':
        '10 ["MQTT" 05 06 003c [] "id" [01 02] "w" 0000]',
      'refuses authentication data without a method': '10 ["MQTT" 05 02 003c [16 0001 00] "id"]',
      'refuses empty authentication data without a method': '10 ["MQTT" 05 02 003c [16 0000] "id"]',
    },
  ),
];

export const connectVectors: readonly PacketVector[] = [...accepted, ...refused];
