/** DISCONNECT: the last packet, and why (MQTT 5.0 section 3.14). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes, type Side } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { protocolError, unspoken } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { Sender } from './sender.ts';
import { hexOf } from './text.ts';
import type { ProtocolVersion } from './version.ts';

export type DisconnectProperties = PropertiesIn<'disconnect'>;

export interface Disconnect {
  readonly type: 'disconnect';
  /** MQTT 3.x has only 0x00 and only from the client. */
  readonly reasonCode: ReasonCode;
  readonly properties?: DisconnectProperties | undefined;
}

const sentByBoth: readonly ReasonCode[] = [
  reasonCodes.normalDisconnection,
  reasonCodes.unspecifiedError,
  reasonCodes.malformedPacket,
  reasonCodes.protocolError,
  reasonCodes.implementationSpecificError,
  reasonCodes.topicNameInvalid,
  reasonCodes.receiveMaximumExceeded,
  reasonCodes.topicAliasInvalid,
  reasonCodes.packetTooLarge,
  reasonCodes.messageRateTooHigh,
  reasonCodes.quotaExceeded,
  reasonCodes.administrativeAction,
  reasonCodes.payloadFormatInvalid,
];

/** MQTT 5.0 table 3-10, with its column "sent by". */
export const disconnectReasonCodes: Readonly<Record<Side, ReadonlySet<ReasonCode>>> = {
  client: new Set([...sentByBoth, reasonCodes.disconnectWithWill]),
  server: new Set([
    ...sentByBoth,
    reasonCodes.notAuthorized,
    reasonCodes.serverBusy,
    reasonCodes.serverShuttingDown,
    reasonCodes.keepAliveTimeout,
    reasonCodes.sessionTakenOver,
    reasonCodes.topicFilterInvalid,
    reasonCodes.retainNotSupported,
    reasonCodes.qosNotSupported,
    reasonCodes.useAnotherServer,
    reasonCodes.serverMoved,
    reasonCodes.sharedSubscriptionsNotSupported,
    reasonCodes.connectionRateExceeded,
    reasonCodes.maximumConnectTime,
    reasonCodes.subscriptionIdentifiersNotSupported,
    reasonCodes.wildcardSubscriptionsNotSupported,
  ]),
};

/*
 *   reason code    1 byte, MQTT 5.0; may be missing when it is 0 and there are no properties
 *   properties     MQTT 5.0; may be missing when there are none
 */
export function readDisconnect(body: ByteReader, { side, version }: Sender): Disconnect {
  if (version !== 5 || body.remaining === 0) {
    return {
      type: 'disconnect',
      reasonCode: reasonCodes.normalDisconnection,
      properties: undefined,
    };
  }
  const reasonCode = body.u8() as ReasonCode;
  const properties = body.remaining === 0 ? undefined : readProperties(body, 'disconnect');
  if (body.remaining > 0) {
    // For Mosquitto no malformed packet, as any other would be.
    throw protocolError('disconnect goes on after its properties');
  }
  if (!disconnectReasonCodes[side].has(reasonCode)) {
    // The client goes anyway.
    throw unspoken(
      reasonCodes.protocolError,
      `reason code ${hexOf(reasonCode)}, which the disconnect of a ${side} cannot carry`,
    );
  }
  if (side === 'server' && properties?.sessionExpiryInterval !== undefined) {
    // [MQTT-3.14.2-2]
    throw protocolError('a session expiry interval in the disconnect of a server');
  }
  return { type: 'disconnect', reasonCode, properties };
}

export function writeDisconnect(
  out: ByteWriter,
  { reasonCode, properties }: Disconnect,
  version: ProtocolVersion,
): void {
  const start = out.openPacket(packetTypes.disconnect.firstByte);
  const isShort = reasonCode === reasonCodes.normalDisconnection && properties === undefined;
  if (version === 5 && !isShort) {
    out.u8(reasonCode);
    if (properties !== undefined) writeProperties(out, 'disconnect', properties);
  }
  out.closeBlock(start);
}
