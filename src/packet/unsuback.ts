/** UNSUBACK: the server's answer to UNSUBSCRIBE (MQTT 5.0 section 3.11). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

export type UnsubackProperties = PropertiesIn<'unsuback'>;

export interface Unsuback {
  readonly type: 'unsuback';
  readonly packetId: number;
  /** One for each filter, in their order; MQTT 3.x has none. */
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties?: UnsubackProperties | undefined;
}

const allowed: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.success,
  reasonCodes.noSubscriptionExisted,
  reasonCodes.unspecifiedError,
  reasonCodes.implementationSpecificError,
  reasonCodes.notAuthorized,
  reasonCodes.topicFilterInvalid,
  reasonCodes.packetIdentifierInUse,
]);

export function readUnsuback(body: ByteReader, version: ProtocolVersion): Unsuback {
  const packetId = body.packetId();
  if (version !== 5) return { type: 'unsuback', packetId, reasonCodes: [], properties: undefined };
  const properties = readProperties(body, 'unsuback');
  if (body.remaining === 0) {
    throw protocolError('unsuback has no reason code');
  }
  const reasonCodesRead: ReasonCode[] = [];
  while (body.remaining > 0) reasonCodesRead.push(body.reasonCode(allowed, 'unsuback'));
  return { type: 'unsuback', packetId, reasonCodes: reasonCodesRead, properties };
}

export function writeUnsuback(out: ByteWriter, packet: Unsuback, version: ProtocolVersion): void {
  const start = out.openPacket(packetTypes.unsuback.firstByte);
  out.packetId(packet.packetId);
  if (version === 5) {
    if (packet.reasonCodes.length === 0) throw new RangeError('unsuback needs a reason code');
    writeProperties(out, 'unsuback', packet.properties);
    for (const code of packet.reasonCodes) out.u8(code);
  }
  out.closeBlock(start);
}
