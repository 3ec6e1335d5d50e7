/** SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK in vectors. */

import { type PacketVector, refusals } from './packet-vector.ts';
import { reasonCodes } from './reason-codes.ts';

const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

const subscribes: readonly PacketVector[] = [
  {
    name: 'reads a SUBSCRIBE with three filters [MQTT3-3.8.3-3]',
    versions: [3, 4],
    from: 'client',
    bytes: '82 10 01 02 00 01 61 00 00 03 62 2f 23 01 00 01 2b 02',
    packet: {
      type: 'subscribe',
      packetId: 0x0102,
      subscriptions: [
        { ...plain, filter: 'a', qos: 0 },
        { ...plain, filter: 'b/#', qos: 1 },
        { ...plain, filter: '+', qos: 2 },
      ],
    },
  },
  {
    name: 'reads a SUBSCRIBE with all options and properties [MQTT-3.8.3-2]',
    versions: [5],
    from: 'client',
    bytes: '82 [0102 [0b ffffff7f 26 "k" "v"] "a" 2e "b" 11 "$share/g/a" 0a]',
    packet: {
      type: 'subscribe',
      packetId: 0x0102,
      subscriptions: [
        { filter: 'a', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        { filter: 'b', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 1 },
        { ...plain, filter: '$share/g/a', qos: 2, retainAsPublished: true },
      ],
      properties: { subscriptionIdentifier: 268_435_455, userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'takes no local where the filter only begins like a shared one',
    versions: [5],
    from: 'client',
    bytes: '82 [0102 [] "$share" 04 "$shared/a" 04]',
    packet: {
      type: 'subscribe',
      packetId: 0x0102,
      subscriptions: [
        { ...plain, filter: '$share', qos: 0, noLocal: true },
        { ...plain, filter: '$shared/a', qos: 0, noLocal: true },
      ],
    },
  },
  {
    name: 'reads a SUBSCRIBE that MQTT 3.1 sends again with DUP',
    versions: [3],
    from: 'client',
    bytes: '8a [0102 "a" 00]',
    packet: {
      type: 'subscribe',
      packetId: 0x0102,
      subscriptions: [{ ...plain, filter: 'a', qos: 0 }],
    },
    written: '82 [0102 "a" 00]',
  },
];

const subacks: readonly PacketVector[] = [
  {
    name: 'reads a SUBACK with every return code [MQTT3-3.9.3-2]',
    versions: [3, 4],
    from: 'server',
    bytes: '90 06 01 02 00 01 02 80',
    packet: {
      type: 'suback',
      packetId: 0x0102,
      reasonCodes: [
        reasonCodes.grantedQos0,
        reasonCodes.grantedQos1,
        reasonCodes.grantedQos2,
        reasonCodes.unspecifiedError,
      ],
    },
  },
  {
    name: 'reads a SUBACK with every reason code [MQTT-3.9.3-2]',
    versions: [5],
    from: 'server',
    bytes: '90 [0102 [1f "why" 26 "k" "v"] 00 01 02 80 83 87 8f 91 97 9e a1 a2]',
    packet: {
      type: 'suback',
      packetId: 0x0102,
      reasonCodes: [
        reasonCodes.grantedQos0,
        reasonCodes.grantedQos1,
        reasonCodes.grantedQos2,
        reasonCodes.unspecifiedError,
        reasonCodes.implementationSpecificError,
        reasonCodes.notAuthorized,
        reasonCodes.topicFilterInvalid,
        reasonCodes.packetIdentifierInUse,
        reasonCodes.quotaExceeded,
        reasonCodes.sharedSubscriptionsNotSupported,
        reasonCodes.subscriptionIdentifiersNotSupported,
        reasonCodes.wildcardSubscriptionsNotSupported,
      ],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
];

const unsubscribes: readonly PacketVector[] = [
  {
    name: 'reads an UNSUBSCRIBE with two filters [MQTT3-3.10.3-2]',
    versions: [3, 4],
    from: 'client',
    bytes: 'a2 09 01 02 00 01 61 00 02 2b 2f',
    packet: { type: 'unsubscribe', packetId: 0x0102, filters: ['a', '+/'] },
  },
  {
    name: 'reads an UNSUBSCRIBE with properties [MQTT-3.10.3-2]',
    versions: [5],
    from: 'client',
    bytes: 'a2 [0102 [26 "k" "v"] "$share/g/#"]',
    packet: {
      type: 'unsubscribe',
      packetId: 0x0102,
      filters: ['$share/g/#'],
      properties: { userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'reads an UNSUBACK, which has no codes in MQTT 3.x',
    versions: [3, 4],
    from: 'server',
    bytes: 'b0 02 01 02',
    packet: { type: 'unsuback', packetId: 0x0102, reasonCodes: [] },
  },
  {
    name: 'reads an UNSUBACK with every reason code [MQTT-3.11.3-2]',
    versions: [5],
    from: 'server',
    bytes: 'b0 [0102 [1f "why" 26 "k" "v"] 00 11 80 83 87 8f 91]',
    packet: {
      type: 'unsuback',
      packetId: 0x0102,
      reasonCodes: [
        reasonCodes.success,
        reasonCodes.noSubscriptionExisted,
        reasonCodes.unspecifiedError,
        reasonCodes.implementationSpecificError,
        reasonCodes.notAuthorized,
        reasonCodes.topicFilterInvalid,
        reasonCodes.packetIdentifierInUse,
      ],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
];

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [4, 5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses other flags than 2 in the fixed header of SUBSCRIBE [MQTT-3.8.1-1, MQTT3-3.8.1-1]':
        '80 [0102 "a" 00]',
      'refuses other flags than 2 in the fixed header of UNSUBSCRIBE [MQTT-3.10.1-1, MQTT3-3.10.1-1]':
        'a0 [0102 "a"]',
    },
  ),
  ...refusals(
    { versions: [3, 4], from: 'client', refused: 'malformedPacket' },
    {
      'refuses a SUBSCRIBE without filter [MQTT3-3.8.3-3]': '82 [0102]',
      'refuses an UNSUBSCRIBE without filter [MQTT3-3.10.3-2]': 'a2 [0102]',
      'refuses a SUBSCRIBE with packet identifier 0 [MQTT3-2.3.1-1]': '82 [0000 "a" 00]',
      'refuses an UNSUBSCRIBE with packet identifier 0 [MQTT3-2.3.1-1]': 'a2 [0000 "a"]',
      'refuses an empty filter in SUBSCRIBE [MQTT3-4.7.3-1]': '82 [0102 "" 00]',
      'refuses an empty filter in UNSUBSCRIBE [MQTT3-4.7.3-1]': 'a2 [0102 ""]',
      'refuses a control character in a SUBSCRIBE filter': '82 [0102 0001 1f 00]',
      'refuses what is no character in an UNSUBSCRIBE filter': 'a2 [0102 0003 efbfbf]',
      'refuses a subscription with QoS 3 [MQTT3-3.8.3-4]': '82 [0102 "a" 03]',
      'refuses reserved bits beside the QoS [MQTT3-3.8.3-4]': '82 [0102 "a" 05]',
      'refuses a SUBSCRIBE filter that is not UTF-8 [MQTT3-3.8.3-1]': '82 [0102 0001 ff 00]',
      'refuses an UNSUBSCRIBE filter that is not UTF-8 [MQTT3-3.10.3-1]': 'a2 [0102 0001 ff]',
      'refuses a filter without QoS [MQTT3-3.8.3-3]': '82 [0102 "a"]',
      'refuses half a filter': 'a2 [0102 0002 61]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses no local on a shared subscription [MQTT-3.8.3-4]': '82 [0102 [] "$share/g/a" 04]',
      'refuses two subscription identifiers in SUBSCRIBE': '82 [0102 [0b 01 0b 02] "a" 00]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses a SUBSCRIBE with packet identifier 0 [MQTT-2.2.1-3]': '82 [0000 [] "a" 00]',
      'refuses an UNSUBSCRIBE with packet identifier 0 [MQTT-2.2.1-3]': 'a2 [0000 [] "a"]',
      'refuses an empty filter in SUBSCRIBE [MQTT-4.7.3-1]': '82 [0102 [] "" 00]',
      'refuses an empty filter in UNSUBSCRIBE [MQTT-4.7.3-1]': 'a2 [0102 [] ""]',
      'refuses reserved subscription options [MQTT-3.8.3-5]': '82 [0102 [] "a" 40]',
      'refuses the highest reserved subscription option [MQTT-3.8.3-5]': '82 [0102 [] "a" 80]',
      'refuses a SUBSCRIBE filter that is not UTF-8 [MQTT-3.8.3-1]': '82 [0102 [] 0001 ff 00]',
      'refuses an UNSUBSCRIBE filter that is not UTF-8 [MQTT-3.10.3-1]': 'a2 [0102 [] 0001 ff]',
      'refuses a subscription identifier that is longer than it needs [MQTT-1.5.5-1]':
        '82 [0102 [0b 8100] "a" 00]',
      'refuses a reason string in SUBSCRIBE': '82 [0102 [1f "a"] "a" 00]',
      'refuses a subscription identifier in UNSUBSCRIBE': 'a2 [0102 [0b 01] "a"]',
      'refuses a filter without options': '82 [0102 [] "a"]',
      'refuses a SUBSCRIBE without filter [MQTT-3.8.3-2]': '82 [0102 []]',
      'refuses a subscription with QoS 3': '82 [0102 [] "a" 03]',
      'refuses retain handling 3': '82 [0102 [] "a" 30]',
      'refuses subscription identifier 0': '82 [0102 [0b 00] "a" 00]',
      'refuses an UNSUBSCRIBE without filter [MQTT-3.10.3-2]': 'a2 [0102 []]',
    },
  ),
  ...refusals(
    { versions: [3, 4], from: 'server', refused: 'protocolError' },
    {
      'refuses a SUBACK with a reason code of MQTT 5.0 [MQTT3-3.9.3-2]': '90 [0102 87]',
      'refuses a SUBACK without return code': '90 [0102]',
      'refuses a SUBACK with packet identifier 0': '90 [0000 00]',
      'refuses an UNSUBACK with packet identifier 0': 'b0 [0000]',
    },
  ),
  ...refusals(
    { versions: [3, 4], from: 'server', refused: 'malformedPacket' },
    { 'refuses an UNSUBACK with codes': 'b0 [0102 00]' },
  ),
  ...refusals(
    { versions: [5], from: 'server', refused: 'protocolError' },
    {
      'refuses a reason code that SUBACK cannot carry [MQTT-3.9.3-2]': '90 [0102 [] 11]',
      'refuses a SUBACK without reason code': '90 [0102 []]',
      'refuses a reason code that UNSUBACK cannot carry [MQTT-3.11.3-2]': 'b0 [0102 [] 01]',
      'refuses an UNSUBACK without reason code': 'b0 [0102 []]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
    {
      'refuses a SUBACK from a client': '90 [0102 00]',
      'refuses an UNSUBACK from a client': 'b0 [0102]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'server', refused: 'protocolError' },
    {
      'refuses a SUBSCRIBE from a server': '82 [0102 "a" 00]',
      'refuses an UNSUBSCRIBE from a server': 'a2 [0102 "a"]',
    },
  ),
];

export const subscribeVectors: readonly PacketVector[] = [
  ...subscribes,
  ...subacks,
  ...unsubscribes,
  ...refused,
];
