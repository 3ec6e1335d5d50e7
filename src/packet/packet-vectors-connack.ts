/** CONNACK in vectors. */

import type { Connack } from './connack.ts';
import { type PacketVector, refusals } from './packet-vector.ts';
import { reasonCodes } from './reason-codes.ts';

const plain: Connack = {
  type: 'connack',
  sessionPresent: false,
  reasonCode: reasonCodes.success,
};

const accepted: readonly PacketVector[] = [
  {
    name: 'reads a CONNACK of MQTT 3.x',
    versions: [3, 4],
    from: 'server',
    bytes: '20 02 00 00',
    packet: plain,
  },
  {
    name: 'reads a CONNACK that has no properties [MQTT-2.2.2-1]',
    versions: [5],
    from: 'server',
    bytes: '20 03 00 00 00',
    packet: plain,
  },
  {
    name: 'reads session present in MQTT 3.1.1',
    versions: [4],
    from: 'server',
    bytes: '20 [01 00]',
    packet: { ...plain, sessionPresent: true },
  },
  {
    name: 'reads session present in MQTT 5.0',
    versions: [5],
    from: 'server',
    bytes: '20 [01 00 []]',
    packet: { ...plain, sessionPresent: true },
  },
  {
    name: 'ignores the byte that MQTT 3.1 reserves where later versions have flags',
    versions: [3],
    from: 'server',
    bytes: '20 [ff 00]',
    packet: plain,
    written: '20 [00 00]',
  },
  {
    name: 'reads every property of CONNACK',
    versions: [5],
    from: 'server',
    bytes:
      '20 [01 00 [11 ffffffff 21 0001 24 01 25 00 27 ffffffff 12 "id" 22 ffff 1f "why" ' +
      '26 "" "" 28 00 29 01 2a 00 13 003c 1a "info" 1c "other" 15 "m" 16 0000]]',
    packet: {
      ...plain,
      sessionPresent: true,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 1,
        maximumQos: 1,
        retainAvailable: 0,
        maximumPacketSize: 0xffff_ffff,
        assignedClientIdentifier: 'id',
        topicAliasMaximum: 65_535,
        reasonString: 'why',
        userProperties: [['', '']],
        wildcardSubscriptionAvailable: 0,
        subscriptionIdentifierAvailable: 1,
        sharedSubscriptionAvailable: 0,
        serverKeepAlive: 60,
        responseInformation: 'info',
        serverReference: 'other',
        authenticationMethod: 'm',
        authenticationData: new Uint8Array(0),
      },
    },
  },
];

const refusalCodes: readonly PacketVector[] = [
  reasonCodes.unspecifiedError,
  reasonCodes.malformedPacket,
  reasonCodes.protocolError,
  reasonCodes.implementationSpecificError,
  reasonCodes.unsupportedProtocolVersion,
  reasonCodes.clientIdentifierNotValid,
  reasonCodes.badUserNameOrPassword,
  reasonCodes.notAuthorized,
  reasonCodes.serverUnavailable,
  reasonCodes.serverBusy,
  reasonCodes.banned,
  reasonCodes.badAuthenticationMethod,
  reasonCodes.topicNameInvalid,
  reasonCodes.packetTooLarge,
  reasonCodes.quotaExceeded,
  reasonCodes.payloadFormatInvalid,
  reasonCodes.retainNotSupported,
  reasonCodes.qosNotSupported,
  reasonCodes.useAnotherServer,
  reasonCodes.serverMoved,
  reasonCodes.connectionRateExceeded,
].map((reasonCode) => ({
  name: `reads CONNACK with reason code 0x${reasonCode.toString(16)}`,
  versions: [5],
  from: 'server',
  bytes: `20 [00 ${reasonCode.toString(16)} []]`,
  packet: { ...plain, reasonCode },
}));

const returnCodes: readonly PacketVector[] = [
  { code: '01', reasonCode: reasonCodes.unsupportedProtocolVersion },
  { code: '02', reasonCode: reasonCodes.clientIdentifierNotValid },
  { code: '03', reasonCode: reasonCodes.serverUnavailable },
  { code: '04', reasonCode: reasonCodes.badUserNameOrPassword },
  { code: '05', reasonCode: reasonCodes.notAuthorized },
].map(({ code, reasonCode }) => ({
  name: `reads return code ${code} of MQTT 3.x as reason code 0x${reasonCode.toString(16)}`,
  versions: [3, 4],
  from: 'server',
  bytes: `20 [00 ${code}]`,
  packet: { ...plain, reasonCode },
}));

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [5], from: 'server', refused: 'malformedPacket' },
    {
      'refuses reserved acknowledge flags [MQTT-3.2.2-1]': '20 [02 00 []]',
      'refuses flags in the fixed header of CONNACK [MQTT-2.1.3-1]': '22 [00 00 []]',
      'refuses a CONNACK without properties': '20 [00 00]',
      'refuses a CONNACK that ends after its flags': '20 [00]',
      'refuses an empty CONNACK': '20 []',
      'refuses bytes after the end of CONNACK': '20 [00 00 [] 00]',
      'refuses a reason string that is not UTF-8 [MQTT-1.5.4-1]': '20 [00 80 [1f 0001 ff]]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'server', refused: 'protocolError' },
    {
      'refuses a reason code that CONNACK cannot carry [MQTT-3.2.2-8]': '20 [00 8d []]',
      'refuses a reason code that does not exist [MQTT-3.2.2-8]': '20 [00 7f []]',
      'refuses session present in a refusal [MQTT-3.2.2-6]': '20 [01 80 []]',
      'refuses maximum QoS 2': '20 [00 00 [24 02]]',
      'refuses retain available 2': '20 [00 00 [25 02]]',
      'refuses wildcard subscription available 2': '20 [00 00 [28 02]]',
      'refuses subscription identifier available 2': '20 [00 00 [29 02]]',
      'refuses shared subscription available 2': '20 [00 00 [2a 02]]',
      'refuses receive maximum 0': '20 [00 00 [21 0000]]',
      'refuses maximum packet size 0': '20 [00 00 [27 00000000]]',
      'refuses two reason strings': '20 [00 00 [1f "a" 1f "b"]]',
      'refuses a property of CONNECT in CONNACK': '20 [00 00 [17 00]]',
    },
  ),
  ...refusals(
    { versions: [4], from: 'server', refused: 'malformedPacket' },
    { 'refuses reserved acknowledge flags': '20 [80 00]' },
  ),
  ...refusals(
    { versions: [4], from: 'server', refused: 'protocolError' },
    { 'refuses session present in a refusal [MQTT3-3.2.2-4]': '20 [01 05]' },
  ),
  ...refusals(
    { versions: [3, 4], from: 'server', refused: 'protocolError' },
    { 'refuses a return code above 5': '20 [00 06]' },
  ),
  ...refusals(
    { versions: [3, 4], from: 'server', refused: 'malformedPacket' },
    {
      'refuses properties in CONNACK': '20 [00 00 00]',
      'refuses a CONNACK without return code': '20 [00]',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
    { 'refuses a CONNACK from a client': '20 [00 00]' },
  ),
];

export const connackVectors: readonly PacketVector[] = [
  ...accepted,
  ...refusalCodes,
  ...returnCodes,
  ...refused,
];
