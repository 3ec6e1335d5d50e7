/**
 * How the broker tells a client that the connection ends, and why. By a reason code alone, as
 * Mosquitto does it: scripts and test suites compare these packets byte for byte, and the log has
 * the reason. Only one that was given for the client goes to it.
 */

import { type Connack, connackReasonCodes } from '../packet/connack.ts';
import { type Disconnect, disconnectReasonCodes } from '../packet/disconnect.ts';
import type { Packet } from '../packet/packet.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { ProtocolVersion } from '../packet/version.ts';

const reasonCharactersMax = 500;

/** What CONNACK says where its table lacks the reason. [MQTT-3.2.2-8] */
const inConnack: ReadonlyMap<ReasonCode, ReasonCode> = new Map([
  [reasonCodes.serverShuttingDown, reasonCodes.serverUnavailable],
  [reasonCodes.sessionTakenOver, reasonCodes.serverBusy],
  [reasonCodes.administrativeAction, reasonCodes.notAuthorized],
  [reasonCodes.maximumConnectTime, reasonCodes.notAuthorized],
]);

/** The same for a server's DISCONNECT. [MQTT-3.14.2-1] */
const inDisconnect: ReadonlyMap<ReasonCode, ReasonCode> = new Map([
  [reasonCodes.badUserNameOrPassword, reasonCodes.notAuthorized],
  [reasonCodes.badAuthenticationMethod, reasonCodes.notAuthorized],
  [reasonCodes.banned, reasonCodes.notAuthorized],
  [reasonCodes.serverUnavailable, reasonCodes.serverBusy],
]);

/** Mistakes of the client's: MQTT 3.x closes without a word, its return codes are for refusals. */
const unspokenIn3: ReadonlySet<ReasonCode> = new Set([
  reasonCodes.malformedPacket,
  reasonCodes.protocolError,
  reasonCodes.topicNameInvalid,
  reasonCodes.packetTooLarge,
  reasonCodes.retainNotSupported,
  reasonCodes.qosNotSupported,
]);

/** The CONNACK that refuses a client, or undefined where closing says all. */
export function refusal(
  reasonCode: ReasonCode,
  version: ProtocolVersion,
  reason?: string,
): Connack | undefined {
  // [MQTT3-3.1.4-1] [MQTT3-3.2.2-6]
  if (version !== 5 && unspokenIn3.has(reasonCode)) return undefined;
  return {
    type: 'connack',
    sessionPresent: false,
    reasonCode: connackReasonCodes.has(reasonCode)
      ? reasonCode
      : (inConnack.get(reasonCode) ?? reasonCodes.protocolError),
    properties: propertiesWith(reason),
  };
}

/** The DISCONNECT that sends a client away, or undefined in MQTT 3.x, whose servers have none. */
export function farewell(
  reasonCode: ReasonCode,
  version: ProtocolVersion,
  reason?: string,
): Disconnect | undefined {
  if (version !== 5) return undefined;
  return {
    type: 'disconnect',
    reasonCode: disconnectReasonCodes.server.has(reasonCode)
      ? reasonCode
      : (inDisconnect.get(reasonCode) ?? reasonCodes.protocolError),
    properties: propertiesWith(reason),
  };
}

function propertiesWith(reason: string | undefined): { reasonString: string } | undefined {
  return reason === undefined ? undefined : { reasonString: asReasonString(reason) };
}

/** A reason may quote what the client sent, which can be longer than a packet's text. */
export function asReasonString(message: string): string {
  return message.slice(0, reasonCharactersMax).toWellFormed();
}

/** A packet that may not come at this point. */
export function refuse(packet: Packet): never {
  throw new ProtocolError(
    reasonCodes.protocolError,
    `${packet.type.toUpperCase()} was not expected now`,
  );
}
