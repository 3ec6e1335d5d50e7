/** PUBACK, PUBREC, PUBREL, PUBCOMP: the steps of QoS 1 and 2 (MQTT 5.0 sections 3.4 to 3.7). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

export type AcknowledgementType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';
export type AcknowledgementProperties = PropertiesIn<AcknowledgementType>;

export interface Acknowledgement<Type extends AcknowledgementType = AcknowledgementType> {
  readonly type: Type;
  readonly packetId: number;
  readonly reasonCode: ReasonCode;
  readonly properties?: AcknowledgementProperties | undefined;
}

export type Puback = Acknowledgement<'puback'>;
export type Pubrec = Acknowledgement<'pubrec'>;
export type Pubrel = Acknowledgement<'pubrel'>;
export type Pubcomp = Acknowledgement<'pubcomp'>;

export const packetIdBytes = 2;
/** One that says no more than that all is well, in every version. */
export const plainAcknowledgementBytes = 4;

const publishOutcomes: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.success,
  reasonCodes.noMatchingSubscribers,
  reasonCodes.unspecifiedError,
  reasonCodes.implementationSpecificError,
  reasonCodes.notAuthorized,
  reasonCodes.topicNameInvalid,
  reasonCodes.packetIdentifierInUse,
  reasonCodes.quotaExceeded,
  reasonCodes.payloadFormatInvalid,
  // Not in MQTT's table, but Mosquitto's answer to a payload above its limit.
  reasonCodes.packetTooLarge,
]);

const releaseOutcomes: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.success,
  reasonCodes.packetIdentifierNotFound,
]);

const allowed: Readonly<Record<AcknowledgementType, ReadonlySet<ReasonCode>>> = {
  puback: publishOutcomes,
  pubrec: publishOutcomes,
  pubrel: releaseOutcomes,
  pubcomp: releaseOutcomes,
};

/*
 *   packet id      2 bytes
 *   reason code    1 byte, MQTT 5.0; may be missing when it is 0 and there are no properties
 *   properties     MQTT 5.0; may be missing when there are none
 */
export function readAcknowledgement<Type extends AcknowledgementType>(
  body: ByteReader,
  type: Type,
  version: ProtocolVersion,
): Acknowledgement<Type> {
  const packetId = body.packetId();
  if (version !== 5 || body.remaining === 0) {
    return { type, packetId, reasonCode: reasonCodes.success, properties: undefined };
  }
  const reasonCode = body.reasonCode(allowed[type], type);
  const properties = body.remaining === 0 ? undefined : readProperties(body, type);
  return { type, packetId, reasonCode, properties };
}

/** Whether a packet with this first byte is one, if it is valid. */
export function isAcknowledgement(firstByte: number): boolean {
  return firstByte >= packetTypes.puback.firstByte && firstByte < packetTypes.subscribe.firstByte;
}

export function writeAcknowledgement(
  out: ByteWriter,
  { type, packetId, reasonCode, properties }: Acknowledgement,
  version: ProtocolVersion,
): void {
  const start = out.openPacket(firstByteOf(type));
  out.packetId(packetId);
  if (version === 5 && (reasonCode !== reasonCodes.success || properties !== undefined)) {
    out.u8(reasonCode);
    if (properties !== undefined) writeProperties(out, type, properties);
  }
  out.closeBlock(start);
}

/** The same for one of success, from no object. */
export function writePlainAcknowledgement(
  out: ByteWriter,
  type: AcknowledgementType,
  packetId: number,
): void {
  out.reserve(plainAcknowledgementBytes);
  const { bytes, length } = out;
  bytes[length] = firstByteOf(type);
  bytes[length + 1] = packetIdBytes;
  out.setU16(length + 2, packetId);
  out.length = length + plainAcknowledgementBytes;
}

/** From constants, as there are as many of these as of messages. */
function firstByteOf(type: AcknowledgementType): number {
  switch (type) {
    case 'puback':
      return packetTypes.puback.firstByte;
    case 'pubrec':
      return packetTypes.pubrec.firstByte;
    case 'pubrel':
      return packetTypes.pubrel.firstByte;
    case 'pubcomp':
      return packetTypes.pubcomp.firstByte;
    default:
      return type satisfies never;
  }
}
