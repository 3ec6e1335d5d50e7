/** Which first bytes a side may send, as tables that answer with one look-up per packet. */

import { maySend, type PacketType, packetTypes, type Side } from './packet-types.ts';
import { malformed, ProtocolError, protocolError } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import { hexOf } from './text.ts';
import type { ProtocolVersion } from './version.ts';

/** Indexed by the first byte: the packet's type, undefined where the byte is refused. */
export type FirstBytes = readonly (PacketType | undefined)[];

export type FirstBytesByVersion = Readonly<Record<ProtocolVersion, FirstBytes>>;

export function firstBytesFrom(side: Side): FirstBytesByVersion {
  return { 3: tableFor(side, 3), 4: tableFor(side, 4), 5: tableFor(side, 5) };
}

/** Why a byte that stands in no table was refused; without a type the version does not matter. */
export function refusedFirstByte(
  firstByte: number,
  side: Side,
  version: ProtocolVersion,
): ProtocolError {
  const type = typeOf(firstByte);
  const hex = hexOf(firstByte);
  if (type === undefined) {
    // Table 2-1 forbids it and names no code; this is Mosquitto's.
    return protocolError(`a packet of type 0, first byte ${hex}`);
  }
  if (!maySend(side, type, version)) {
    // Both are wrong where its flags are, too: then this is Mosquitto's choice.
    const hasFlags = type !== 'connack' && firstByte !== packetTypes[type].firstByte;
    return new ProtocolError(
      hasFlags ? reasonCodes.malformedPacket : reasonCodes.protocolError,
      `${type}, which a ${side} does not send in version ${version}`,
    );
  }
  // [MQTT-2.1.3-1]
  return malformed(`${type} with first byte ${hex}, its flags are fixed`);
}

/** Whether a byte is refused before the length is known, with which more may be wrong. */
export function isRefusedAtOnce(firstByte: number, version: ProtocolVersion | undefined): boolean {
  return version === undefined || typeOf(firstByte) === undefined;
}

/** What is a header and nothing else, for whoever sends one with a body. */
export function hasNoBody(firstByte: number): boolean {
  const type = typeOf(firstByte);
  return type === 'pingreq' || type === 'pingresp';
}

const allTypes = Object.keys(packetTypes) as PacketType[];

function tableFor(side: Side, version: ProtocolVersion): FirstBytes {
  return Array.from({ length: 0x100 }, (_, byte) => {
    const type = typeOf(byte);
    if (type === undefined || !maySend(side, type, version)) return undefined;
    // MQTT 3.1 calls the flags of other packets than PUBLISH "not used", and sets DUP in some.
    const isFree = type === 'publish' || version === 3;
    return isFree || byte === packetTypes[type].firstByte ? type : undefined;
  });
}

/** @returns undefined for the type 0, which there is none of */
export function typeOf(firstByte: number): PacketType | undefined {
  return allTypes.find((type) => packetTypes[type].firstByte >> 4 === firstByte >> 4);
}
