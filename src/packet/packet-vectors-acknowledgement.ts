/** PUBACK, PUBREC, PUBREL and PUBCOMP in vectors. */

import type { AcknowledgementType } from './acknowledgement.ts';
import { type PacketVector, refusals } from './packet-vector.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';

const firstBytes = { puback: '40', pubrec: '50', pubrel: '62', pubcomp: '70' } as const;
const codes = {
  puback: '10 80 83 87 90 91 97 99',
  pubrec: '10 80 83 87 90 91 97 99',
  pubrel: '92',
  pubcomp: '92',
} as const;
const types = Object.keys(firstBytes) as AcknowledgementType[];

const shared: readonly PacketVector[] = types.flatMap((type) => {
  const plain = { type, packetId: 0x0102, reasonCode: reasonCodes.success } as const;
  const code = codes[type].slice(0, 2);
  const failure = { ...plain, reasonCode: codeOf(code) };
  const first = firstBytes[type];
  const accepted: PacketVector[] = [
    {
      name: `reads a ${type} without reason code`,
      versions: [3, 4, 5],
      from: 'client',
      bytes: `${first} 02 01 02`,
      packet: plain,
    },
    {
      name: `reads a ${type} from a server`,
      versions: [3, 4, 5],
      from: 'server',
      bytes: `${first} 02 01 02`,
      packet: plain,
    },
    {
      name: `reads a ${type} with reason code and without property length`,
      versions: [5],
      from: 'client',
      bytes: `${first} 03 01 02 ${code}`,
      packet: failure,
    },
    {
      name: `reads a ${type} with reason code 0`,
      versions: [5],
      from: 'client',
      bytes: `${first} 03 01 02 00`,
      packet: plain,
      written: `${first} 02 01 02`,
    },
    {
      name: `reads a ${type} with property length 0`,
      versions: [5],
      from: 'client',
      bytes: `${first} 04 01 02 00 00`,
      packet: plain,
      written: `${first} 02 01 02`,
    },
    {
      name: `reads a ${type} with properties`,
      versions: [5],
      from: 'server',
      bytes: `${first} [0102 ${code} [1f "why" 26 "k" "v"]]`,
      packet: { ...failure, properties: { reasonString: 'why', userProperties: [['k', 'v']] } },
    },
    {
      name: `reads a ${type} of success with properties`,
      versions: [5],
      from: 'server',
      bytes: `${first} [0102 00 [1f ""]]`,
      packet: { ...plain, properties: { reasonString: '' } },
    },
    {
      name: `ignores the header flags of a ${type} in MQTT 3.1, which sets DUP in some`,
      versions: [3],
      from: 'client',
      bytes: `${first[0]}a 02 01 02`,
      packet: plain,
      written: `${first} 02 01 02`,
    },
  ];
  return [
    ...accepted,
    ...refusals(
      { versions: [3, 4, 5], from: 'client', refused: 'malformedPacket' },
      { [`refuses a ${type} without packet identifier`]: `${first} [00]` },
    ),
    ...refusals(
      { versions: [3, 4, 5], from: 'client', refused: 'protocolError' },
      { [`refuses a ${type} with packet identifier 0`]: `${first} [0000]` },
    ),
    ...refusals(
      { versions: [3, 4], from: 'client', refused: 'malformedPacket' },
      { [`refuses a ${type} with reason code`]: `${first} [0102 00]` },
    ),
    ...refusals(
      { versions: [5], from: 'client', refused: 'malformedPacket' },
      {
        [`refuses a ${type} with bytes after its end`]: `${first} [0102 00 [] 00]`,
        [`refuses a ${type} with half a property that it cannot have`]: `${first} [0102 00 [11 00]]`,
        [`refuses a ${type} whose property length is too large`]: `${first} [0102 00 01]`,
      },
    ),
    ...refusals(
      { versions: [5], from: 'client', refused: 'protocolError' },
      {
        [`refuses a ${type} with two reason strings`]: `${first} [0102 00 [1f "a" 1f "a"]]`,
        [`refuses a ${type} with a property that it cannot have`]: `${first} [0102 00 [11 00000000]]`,
      },
    ),
  ];
});

const reasons: readonly PacketVector[] = types.flatMap((type) =>
  codes[type].split(' ').map((code) => ({
    name: `reads reason code 0x${code} of ${type}`,
    versions: [5],
    from: 'client',
    bytes: `${firstBytes[type]} [0102 ${code}]`,
    packet: { type, packetId: 0x0102, reasonCode: codeOf(code) },
  })),
);

const refused: readonly PacketVector[] = [
  ...refusals(
    { versions: [5], from: 'client', refused: 'protocolError' },
    {
      'refuses a reason code that PUBACK cannot carry [MQTT-3.4.2-1]': '40 [0102 92]',
      'refuses a reason code that PUBREC cannot carry [MQTT-3.5.2-1]': '50 [0102 92]',
      'refuses a reason code that PUBREL cannot carry [MQTT-3.6.2-1]': '62 [0102 10]',
      'refuses a reason code that PUBCOMP cannot carry [MQTT-3.7.2-1]': '70 [0102 10]',
    },
  ),
  ...refusals(
    { versions: [4, 5], from: 'client', refused: 'malformedPacket' },
    {
      'refuses flags in the fixed header of PUBACK [MQTT-2.1.3-1, MQTT3-2.2.2-2]': '42 [0102]',
      'refuses flags in the fixed header of PUBREC [MQTT-2.1.3-1, MQTT3-2.2.2-2]': '51 [0102]',
      'refuses other flags than 2 in the fixed header of PUBREL [MQTT-3.6.1-1, MQTT3-3.6.1-1]':
        '60 [0102]',
      'refuses DUP in PUBREL [MQTT-3.6.1-1, MQTT3-3.6.1-1]': '6a [0102]',
      'refuses flags in the fixed header of PUBCOMP [MQTT-2.1.3-1, MQTT3-2.2.2-2]': '78 [0102]',
    },
  ),
];

export const acknowledgementVectors: readonly PacketVector[] = [...shared, ...reasons, ...refused];

function codeOf(hex: string): ReasonCode {
  return Number.parseInt(hex, 16) as ReasonCode;
}
