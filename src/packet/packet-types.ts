/** The first byte of each packet type, and who may send it (MQTT 5.0 section 2.1). */

import type { ProtocolVersion } from './version.ts';

/** One end of a connection. */
export type Side = 'client' | 'server';

type Senders = Side | 'both' | 'nobody';

interface PacketRule {
  /** The type in the high four bits, its flags in the low four, which PUBLISH alone may choose. */
  readonly firstByte: number;
  readonly sentBy: Senders;
  /** Where that is otherwise in MQTT 3.x. */
  readonly sentIn3By?: Senders;
}

export const packetTypes = {
  connect: { firstByte: 0x10, sentBy: 'client' },
  connack: { firstByte: 0x20, sentBy: 'server' },
  publish: { firstByte: 0x30, sentBy: 'both' },
  puback: { firstByte: 0x40, sentBy: 'both' },
  pubrec: { firstByte: 0x50, sentBy: 'both' },
  pubrel: { firstByte: 0x62, sentBy: 'both' },
  pubcomp: { firstByte: 0x70, sentBy: 'both' },
  subscribe: { firstByte: 0x82, sentBy: 'client' },
  suback: { firstByte: 0x90, sentBy: 'server' },
  unsubscribe: { firstByte: 0xa2, sentBy: 'client' },
  unsuback: { firstByte: 0xb0, sentBy: 'server' },
  pingreq: { firstByte: 0xc0, sentBy: 'client' },
  pingresp: { firstByte: 0xd0, sentBy: 'server' },
  disconnect: { firstByte: 0xe0, sentBy: 'both', sentIn3By: 'client' },
  auth: { firstByte: 0xf0, sentBy: 'both', sentIn3By: 'nobody' },
} as const satisfies Record<string, PacketRule>;

/** Whether one end of a connection may send packets of the type. */
export function maySend(side: Side, type: PacketType, version: ProtocolVersion): boolean {
  const { sentBy, sentIn3By = sentBy }: PacketRule = packetTypes[type];
  const senders = version === 5 ? sentBy : sentIn3By;
  return senders === 'both' || senders === side;
}

export type PacketType = keyof typeof packetTypes;
