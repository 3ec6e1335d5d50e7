/** CONNACK: the server's answer to CONNECT (MQTT 5.0 section 3.2). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { malformed, protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';

export type ConnackProperties = PropertiesIn<'connack'>;

export interface Connack {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  /** Always MQTT 5.0's; the return codes of MQTT 3.x are mapped on the wire. */
  readonly reasonCode: ReasonCode;
  readonly properties?: ConnackProperties | undefined;
}

/** MQTT 5.0 table 3-1. */
export const connackReasonCodes: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.success,
  reasonCodes.unspecifiedError,
  reasonCodes.malformedPacket,
  reasonCodes.protocolError,
  reasonCodes.implementationSpecificError,
  reasonCodes.unsupportedProtocolVersion,
  reasonCodes.clientIdentifierNotValid,
  reasonCodes.badUserNameOrPassword,
  reasonCodes.notAuthorized,
  reasonCodes.serverUnavailable,
  reasonCodes.serverBusy,
  reasonCodes.banned,
  reasonCodes.badAuthenticationMethod,
  reasonCodes.topicNameInvalid,
  reasonCodes.packetTooLarge,
  reasonCodes.quotaExceeded,
  reasonCodes.payloadFormatInvalid,
  reasonCodes.retainNotSupported,
  reasonCodes.qosNotSupported,
  reasonCodes.useAnotherServer,
  reasonCodes.serverMoved,
  reasonCodes.connectionRateExceeded,
]);

/** What the return codes of MQTT 3.x mean, by their number (MQTT 3.1.1 table 3.1). */
const meanings: readonly ReasonCode[] = [
  reasonCodes.success,
  reasonCodes.unsupportedProtocolVersion,
  reasonCodes.clientIdentifierNotValid,
  reasonCodes.serverUnavailable,
  reasonCodes.badUserNameOrPassword,
  reasonCodes.notAuthorized,
];

export function readConnack(body: ByteReader, version: ProtocolVersion): Connack {
  const flags = body.u8();
  // MQTT 3.1 reserves this byte and says nothing about its value.
  if (flags > 1 && version !== 3) {
    // [MQTT-3.2.2-1]
    throw malformed(`connack flags are ${flags}, allowed are 0 and 1`);
  }
  const sessionPresent = flags === 1 && version !== 3;
  if (version === 5 && body.remaining === 1) return readForeignRefusal(body);
  const reasonCode =
    version === 5 ? body.reasonCode(connackReasonCodes, 'connack') : readReturnCode(body);
  if (sessionPresent && reasonCode !== reasonCodes.success) {
    // [MQTT-3.2.2-6]
    throw protocolError('a refusal says that a session is present');
  }
  const properties = version === 5 ? readProperties(body, 'connack') : undefined;
  return { type: 'connack', sessionPresent, reasonCode, properties };
}

/**
 * A server that does not speak MQTT 5.0 refuses it in its own words: without properties, which MQTT
 * 5.0 never leaves out here.
 */
function readForeignRefusal(body: ByteReader): Connack {
  const reasonCode = readReturnCode(body);
  if (reasonCode !== reasonCodes.success) {
    return { type: 'connack', sessionPresent: false, reasonCode, properties: undefined };
  }
  throw malformed('connack has no properties');
}

export function writeConnack(out: ByteWriter, packet: Connack, version: ProtocolVersion): void {
  const { sessionPresent, reasonCode } = packet;
  if (sessionPresent && reasonCode !== reasonCodes.success) {
    throw new RangeError('a refusal cannot say that a session is present');
  }
  const start = out.openPacket(packetTypes.connack.firstByte);
  out.u8(sessionPresent && version !== 3 ? 1 : 0);
  out.u8(version === 5 ? reasonCode : returnCodeOf(reasonCode));
  if (version === 5) writeProperties(out, 'connack', packet.properties);
  out.closeBlock(start);
}

function readReturnCode(body: ByteReader): ReasonCode {
  const code = body.u8();
  if (code < meanings.length) return meanings[code];
  throw protocolError(`connack return code ${code}, allowed are 0 to ${meanings.length - 1}`);
}

/** The nearest return code for what MQTT 3.x has no word for; for the rest, "unavailable". */
function returnCodeOf(reasonCode: ReasonCode): number {
  const { banned, badAuthenticationMethod, notAuthorized, serverUnavailable } = reasonCodes;
  const isNotAuthorized = reasonCode === banned || reasonCode === badAuthenticationMethod;
  const code = meanings.indexOf(isNotAuthorized ? notAuthorized : reasonCode);
  return code === -1 ? meanings.indexOf(serverUnavailable) : code;
}
