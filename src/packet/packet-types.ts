/** The first byte of each packet type, and who may send it (MQTT 5.0 section 2.1). */

import type { ProtocolVersion } from './version.ts';

/** One end of a connection. */
export type Side = 'client' | 'server';

interface PacketRule {
  /** The type in the high four bits, its flags in the low four, which PUBLISH alone may choose. */
  readonly firstByte: number;
  readonly sentBy: Readonly<Record<ProtocolVersion, readonly Side[]>>;
}

const client = { 3: ['client'], 4: ['client'], 5: ['client'] } as const;
const server = { 3: ['server'], 4: ['server'], 5: ['server'] } as const;
const both = { 3: ['client', 'server'], 4: ['client', 'server'], 5: ['client', 'server'] } as const;

export const packetTypes = {
  connect: { firstByte: 0x10, sentBy: client },
  connack: { firstByte: 0x20, sentBy: server },
  publish: { firstByte: 0x30, sentBy: both },
  puback: { firstByte: 0x40, sentBy: both },
  pubrec: { firstByte: 0x50, sentBy: both },
  pubrel: { firstByte: 0x62, sentBy: both },
  pubcomp: { firstByte: 0x70, sentBy: both },
  subscribe: { firstByte: 0x82, sentBy: client },
  suback: { firstByte: 0x90, sentBy: server },
  unsubscribe: { firstByte: 0xa2, sentBy: client },
  unsuback: { firstByte: 0xb0, sentBy: server },
  pingreq: { firstByte: 0xc0, sentBy: client },
  pingresp: { firstByte: 0xd0, sentBy: server },
  disconnect: { firstByte: 0xe0, sentBy: { 3: ['client'], 4: ['client'], 5: both[5] } },
  auth: { firstByte: 0xf0, sentBy: { 3: [], 4: [], 5: both[5] } },
} as const satisfies Record<string, PacketRule>;

export type PacketType = keyof typeof packetTypes;
