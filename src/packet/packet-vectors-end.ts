/** PINGREQ, PINGRESP, DISCONNECT and AUTH in vectors, and types that do not exist. */

import type { Disconnect } from './disconnect.ts';
import type { Side } from './packet-types.ts';
import { type PacketVector, refusals } from './packet-vector.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';

const pings: readonly PacketVector[] = [
  {
    name: 'reads a PINGREQ',
    versions: [3, 4, 5],
    from: 'client',
    bytes: 'c0 00',
    packet: { type: 'pingreq' },
  },
  {
    name: 'reads a PINGRESP',
    versions: [3, 4, 5],
    from: 'server',
    bytes: 'd0 00',
    packet: { type: 'pingresp' },
  },
];

const normal: Disconnect = { type: 'disconnect', reasonCode: reasonCodes.normalDisconnection };

const disconnects: readonly PacketVector[] = [
  {
    name: 'reads an empty DISCONNECT',
    versions: [3, 4, 5],
    from: 'client',
    bytes: 'e0 00',
    packet: normal,
  },
  {
    name: 'reads an empty DISCONNECT from a server',
    versions: [5],
    from: 'server',
    bytes: 'e0 00',
    packet: normal,
  },
  {
    name: 'reads a DISCONNECT without property length',
    versions: [5],
    from: 'client',
    bytes: 'e0 01 04',
    packet: { ...normal, reasonCode: reasonCodes.disconnectWithWill },
  },
  {
    name: 'reads a DISCONNECT with reason code 0',
    versions: [5],
    from: 'client',
    bytes: 'e0 01 00',
    packet: normal,
    written: 'e0 00',
  },
  {
    name: 'reads a DISCONNECT with reason code 0 and property length 0',
    versions: [5],
    from: 'client',
    bytes: 'e0 02 00 00',
    packet: normal,
    written: 'e0 00',
  },
  {
    name: 'reads the properties of a DISCONNECT from a client',
    versions: [5],
    from: 'client',
    bytes: 'e0 [00 [11 00000000 1f "bye" 26 "k" "v"]]',
    packet: {
      ...normal,
      properties: { sessionExpiryInterval: 0, reasonString: 'bye', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'reads the properties of a DISCONNECT from a server',
    versions: [5],
    from: 'server',
    bytes: 'e0 [9d [1f "moved" 1c "other" 26 "k" "v"]]',
    packet: {
      ...normal,
      reasonCode: reasonCodes.serverMoved,
      properties: {
        reasonString: 'moved',
        serverReference: 'other',
        userProperties: [['k', 'v']],
      },
    },
  },
];

const fromBoth = '80 81 82 83 90 93 94 95 96 97 98 99';
const fromServer = '87 89 8b 8d 8e 8f 9a 9b 9c 9d 9e 9f a0 a1 a2';
const reasons: readonly PacketVector[] = [
  ...disconnectReasons('client', fromBoth),
  ...disconnectReasons('server', `${fromBoth} ${fromServer}`),
];

function disconnectReasons(from: Side, codes: string): readonly PacketVector[] {
  return codes.split(' ').map((code) => ({
    name: `reads reason code 0x${code} of the DISCONNECT of a ${from}`,
    versions: [5],
    from,
    bytes: `e0 [${code}]`,
    packet: { ...normal, reasonCode: Number.parseInt(code, 16) as ReasonCode },
  }));
}

const auths: readonly PacketVector[] = [
  {
    name: 'reads an AUTH that continues',
    versions: [5],
    from: 'client',
    bytes: 'f0 [18 [15 "m" 16 0002 00ff 1f "why" 26 "k" "v"]]',
    packet: {
      type: 'auth',
      reasonCode: reasonCodes.continueAuthentication,
      properties: {
        authenticationMethod: 'm',
        authenticationData: Uint8Array.of(0, 0xff),
        reasonString: 'why',
        userProperties: [['k', 'v']],
      },
    },
  },
  {
    name: 'reads an AUTH that begins again',
    versions: [5],
    from: 'client',
    bytes: 'f0 [19 [15 "m"]]',
    packet: {
      type: 'auth',
      reasonCode: reasonCodes.reauthenticate,
      properties: { authenticationMethod: 'm' },
    },
  },
  {
    name: 'reads an AUTH of success from a server',
    versions: [5],
    from: 'server',
    bytes: 'f0 [00 [15 "m"]]',
    packet: {
      type: 'auth',
      reasonCode: reasonCodes.success,
      properties: { authenticationMethod: 'm' },
    },
  },
  {
    name: 'reads an empty AUTH from a server as success',
    versions: [5],
    from: 'server',
    bytes: 'f0 00',
    packet: { type: 'auth', reasonCode: reasonCodes.success },
  },
];

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'malformedPacket' },
    { 'refuses a PINGREQ that is not empty': 'c0 [00]' },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
    { 'refuses packet type 0': '00 00' },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'server', refused: 'malformedPacket' },
    { 'refuses a PINGRESP that is not empty': 'd0 [00]' },
  ),
  ...refusals(
    { versions: [4, 5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses flags in the fixed header of PINGREQ [MQTT-2.1.3-1, MQTT3-2.2.2-2]': 'c1 00',
      'refuses flags in the fixed header of DISCONNECT [MQTT-3.14.1-1, MQTT3-3.14.1-1]': 'e2 00',
    },
  ),
  ...refusals(
    { versions: [3, 4], from: 'client', refused: 'malformedPacket' },
    { 'refuses a DISCONNECT that is not empty': 'e0 [00]' },
  ),
  ...refusals(
    { versions: [3, 4], from: 'client', refused: 'protocolError' },
    { 'refuses AUTH, which MQTT 3.x does not have': 'f0 [18 [15 "m"]]' },
  ),
  ...refusals(
    { versions: [3, 4], from: 'server', refused: 'protocolError' },
    {
      'refuses a DISCONNECT from a server of MQTT 3.x': 'e0 00',
      'refuses AUTH from a server of MQTT 3.x': 'f0 00',
    },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
    { 'refuses a PINGRESP from a client': 'd0 00' },
  ),
  ...refusals(
    { versions: [3, 4, 5], from: 'server', refused: 'protocolError' },
    {
      'refuses a PINGREQ from a server': 'c0 00',
      'refuses a CONNECT from a server': '10 ["MQTT" 04 02 003c "id"]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a reason code that DISCONNECT cannot carry [MQTT-3.14.2-1]': 'e0 [91]',
      'refuses a reason code of servers in the DISCONNECT of a client [MQTT-3.14.2-1]': 'e0 [8e]',
      'refuses a reason code that AUTH cannot carry [MQTT-3.15.2-1]': 'f0 [80 [15 "m"]]',
      'refuses an AUTH of success from a client [MQTT-3.15.2-1]': 'f0 [00 [15 "m"]]',
      'refuses an AUTH without method': 'f0 [18 []]',
      'refuses an AUTH with data and without method': 'f0 [18 [16 0001 00]]',
      'refuses an empty AUTH from a client': 'f0 []',
      'refuses an AUTH with two methods': 'f0 [18 [15 "m" 15 "m"]]',
      'refuses bytes after the end of DISCONNECT': 'e0 [00 [] 00]',
      'refuses a property that DISCONNECT cannot have': 'e0 [00 [15 "m"]]',
      'refuses a property that AUTH cannot have': 'f0 [18 [15 "m" 11 00000000]]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses an AUTH without property length': 'f0 [18]',
      'refuses flags in the fixed header of AUTH [MQTT-3.15.1-1]': 'f1 [18 [15 "m"]]',
    },
  ),
  ...refusals(
    { versions: [5], from: 'server', refused: 'protocolError' },
    {
      'refuses a session expiry interval from a server [MQTT-3.14.2-2]': 'e0 [00 [11 00000001]]',
      'refuses the reason code of clients alone from a server [MQTT-3.14.2-1]': 'e0 [04]',
      'refuses an AUTH of a server that begins again [MQTT-3.15.2-1]': 'f0 [19 [15 "m"]]',
    },
  ),
];

export const endVectors: readonly PacketVector[] = [
  ...pings,
  ...disconnects,
  ...reasons,
  ...auths,
  ...refused,
];
