/** All packets of MQTT in one type, and how they are written. */

import {
  type Puback,
  type Pubcomp,
  type Pubrec,
  type Pubrel,
  writeAcknowledgement,
} from './acknowledgement.ts';
import { type Auth, writeAuth } from './auth.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Connack, writeConnack } from './connack.ts';
import { type Connect, writeConnect } from './connect.ts';
import { type Disconnect, writeDisconnect } from './disconnect.ts';
import { type Pingreq, type Pingresp, writePing } from './ping.ts';
import { type Publish, writePublish } from './publish.ts';
import { type Suback, writeSuback } from './suback.ts';
import { type Subscribe, writeSubscribe } from './subscribe.ts';
import { type Unsuback, writeUnsuback } from './unsuback.ts';
import { type Unsubscribe, writeUnsubscribe } from './unsubscribe.ts';
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

/** Appends a packet, and throws RangeError for what cannot be encoded. */
export type WritePacket = (out: ByteWriter, packet: Packet, version: ProtocolVersion) => void;

/**
 * Appends a packet as `version` writes it. What the version does not know (properties in MQTT 3.x)
 * is left out. Throws RangeError for what cannot be encoded, and leaves `out` as it was.
 */
export function writePacket(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  writeWhole(out, packet, version, write);
}

/** Has `write` append a packet; leaves `out` as it was where that throws. */
export function writeWhole(
  out: ByteWriter,
  packet: Packet,
  version: ProtocolVersion,
  write: WritePacket,
): void {
  const { length } = out;
  try {
    write(out, packet, version);
  } catch (error) {
    out.length = length;
    throw error;
  }
}

/** The bytes of one packet. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  const out = new ByteWriter(64);
  writePacket(out, packet, version);
  return out.view();
}

function write(out: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case 'publish':
      return writePublish(out, packet, version);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return writeAcknowledgement(out, packet, version);
    case 'connect':
      return writeConnect(out, packet);
    case 'connack':
      return writeConnack(out, packet, version);
    case 'subscribe':
      return writeSubscribe(out, packet, version);
    case 'suback':
      return writeSuback(out, packet, version);
    case 'unsubscribe':
      return writeUnsubscribe(out, packet, version);
    case 'unsuback':
      return writeUnsuback(out, packet, version);
    case 'pingreq':
    case 'pingresp':
      return writePing(out, packet);
    case 'disconnect':
      return writeDisconnect(out, packet, version);
    case 'auth':
      return writeAuth(out, packet, version);
    default:
      packet satisfies never;
  }
}
