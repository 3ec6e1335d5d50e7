/** All packets of MQTT in one type, and how they are written. */

import type { Puback, Pubcomp, Pubrec, Pubrel } from './acknowledgement.ts';
import type { Auth } from './auth.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Connack } from './connack.ts';
import type { Connect } from './connect.ts';
import type { Disconnect } from './disconnect.ts';
import type { Pingreq, Pingresp } from './ping.ts';
import type { Publish } from './publish.ts';
import type { Suback } from './suback.ts';
import type { Subscribe } from './subscribe.ts';
import type { Unsuback } from './unsuback.ts';
import type { Unsubscribe } from './unsubscribe.ts';
import type { ProtocolVersion } from './version.ts';

export type Packet =
  | Connect
  | Connack
  | Publish
  | Puback
  | Pubrec
  | Pubrel
  | Pubcomp
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth;

/**
 * Appends a packet as `version` writes it. What the version does not know (properties in MQTT 3.x)
 * is left out. Throws RangeError for what cannot be encoded, and leaves `out` as it was.
 */
export function writePacket(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  void [out, packet, version];
}

/** The bytes of one packet. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  const out = new ByteWriter(64);
  writePacket(out, packet, version);
  return out.view();
}
