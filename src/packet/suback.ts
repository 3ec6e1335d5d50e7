/** SUBACK: the server's answer to SUBSCRIBE (MQTT 5.0 section 3.9). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

export type SubackProperties = PropertiesIn<'suback'>;

export interface Suback {
  readonly type: 'suback';
  readonly packetId: number;
  /** One for each subscription, in their order: the QoS granted or a failure. */
  readonly reasonCodes: readonly ReasonCode[];
  readonly properties?: SubackProperties | undefined;
}

const allowed: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.grantedQos0,
  reasonCodes.grantedQos1,
  reasonCodes.grantedQos2,
  reasonCodes.unspecifiedError,
  reasonCodes.implementationSpecificError,
  reasonCodes.notAuthorized,
  reasonCodes.topicFilterInvalid,
  reasonCodes.packetIdentifierInUse,
  reasonCodes.quotaExceeded,
  reasonCodes.sharedSubscriptionsNotSupported,
  reasonCodes.subscriptionIdentifiersNotSupported,
  reasonCodes.wildcardSubscriptionsNotSupported,
]);

/** All that MQTT 3.1.1 can say [MQTT3-3.9.3-2]; MQTT 3.1 has no failure, its brokers send 0x80. */
const allowed3: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.grantedQos0,
  reasonCodes.grantedQos1,
  reasonCodes.grantedQos2,
  reasonCodes.unspecifiedError,
]);

export function readSuback(body: ByteReader, version: ProtocolVersion): Suback {
  const packetId = body.packetId();
  const properties = version === 5 ? readProperties(body, 'suback') : undefined;
  if (body.remaining === 0) {
    throw protocolError('suback has no reason code');
  }
  const codes = version === 5 ? allowed : allowed3;
  const reasonCodesRead: ReasonCode[] = [];
  while (body.remaining > 0) reasonCodesRead.push(body.reasonCode(codes, 'suback'));
  return { type: 'suback', packetId, reasonCodes: reasonCodesRead, properties };
}

export function writeSuback(out: ByteWriter, packet: Suback, version: ProtocolVersion): void {
  if (packet.reasonCodes.length === 0) throw new RangeError('suback needs a reason code');
  const start = out.openPacket(packetTypes.suback.firstByte);
  out.packetId(packet.packetId);
  if (version === 5) writeProperties(out, 'suback', packet.properties);
  for (const code of packet.reasonCodes) {
    const isOtherFailure = version !== 5 && code > reasonCodes.unspecifiedError;
    out.u8(isOtherFailure ? reasonCodes.unspecifiedError : code);
  }
  out.closeBlock(start);
}
