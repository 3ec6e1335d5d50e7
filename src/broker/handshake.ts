/** CONNECT and CONNACK: what a client asks for, and what it is given. (MQTT 5.0 3.1 and 3.2) */

import type { Connack, ConnackProperties } from '../packet/connack.ts';
import type { Connect } from '../packet/connect.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { nameFault } from '../topic/topic-filter.ts';
import { controlPrefix } from './control.ts';
import type { Introduction } from './introduction.ts';
import type { Features, Limits } from './limits.ts';

/** What holds for one connection, from CONNECT, the limits, and the defaults of MQTT. */
export interface Agreement {
  readonly clientId: string;
  /** The server made the client identifier up. */
  readonly clientIdIsAssigned: boolean;
  readonly keepAliveSeconds: number;
  /** Seconds that the session outlives the connection; Infinity: for ever. */
  readonly sessionExpirySeconds: number;
  /** The same as the client asked for. */
  readonly requestedExpirySeconds: number;
  /** Messages of QoS 1 and 2 that the client may have unacknowledged. */
  readonly receiveMax: number;
  /** The same towards the client: its Receive Maximum. */
  readonly sendMax: number;
  /** The client's Maximum Packet Size. */
  readonly packetBytesMax: number;
  readonly topicAliasMax: number;
  /** Whether reasons may stand in packets other than CONNACK and DISCONNECT. [MQTT-3.1.2-29] */
  readonly explainsProblems: boolean;
}

// 0xFFFFFFFF means for ever. (3.1.2.11.2)
const neverExpires = 0xffff_ffff;
// Section 3.1.2.11.3: as many as there are packet ids.
const receiveMaxDefault = 65_535;

/** @throws ProtocolError with the reason code of the CONNACK that refuses the client */
export function agree(
  connect: Connect,
  { clientId, clientIdIsAssigned }: Introduction,
  { limits, features }: { limits: Limits; features: Features },
): Agreement {
  checkKeepAlive(connect, limits);
  checkWill(connect, limits, features);
  const { properties } = connect;
  return {
    clientId,
    clientIdIsAssigned,
    keepAliveSeconds: grantedKeepAlive(connect, limits),
    sessionExpirySeconds: Math.min(requestedExpiry(connect), limits.sessionExpirySecondsMax),
    requestedExpirySeconds: requestedExpiry(connect),
    receiveMax: grantedReceiveMax(connect, limits),
    sendMax: properties?.receiveMaximum ?? receiveMaxDefault,
    packetBytesMax: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    topicAliasMax: Math.min(properties?.topicAliasMaximum ?? 0, limits.topicAliasBrokerMax),
    explainsProblems: properties?.requestProblemInformation !== 0,
  };
}

interface Offer {
  readonly limits: Limits;
  readonly features: Features;
  /** The last word of the gatekeeper in an enhanced authentication. */
  readonly authenticationData: Uint8Array | undefined;
}

/** The CONNACK that lets a client in, before it is known whether its session is present. */
export function acceptance(connect: Connect, agreement: Agreement, offer: Offer): Connack {
  return {
    type: 'connack',
    sessionPresent: false,
    reasonCode: reasonCodes.success,
    properties: connackProperties(connect, agreement, offer),
  };
}

/** What differs from the defaults of MQTT, in Mosquitto's order: test suites compare bytes. */
function connackProperties(
  connect: Connect,
  agreement: Agreement,
  { limits, features, authenticationData }: Offer,
): ConnackProperties | undefined {
  if (connect.version !== 5) return undefined;
  const properties: { -readonly [Name in keyof ConnackProperties]: ConnackProperties[Name] } = {};
  // [MQTT-3.1.2-21]
  if (agreement.keepAliveSeconds !== connect.keepAliveSeconds) {
    properties.serverKeepAlive = agreement.keepAliveSeconds;
  }
  if (limits.topicAliasMax > 0) properties.topicAliasMaximum = limits.topicAliasMax;
  // [MQTT-3.2.2-16]
  if (agreement.clientIdIsAssigned) properties.assignedClientIdentifier = agreement.clientId;
  if (agreement.sessionExpirySeconds < agreement.requestedExpirySeconds) {
    properties.sessionExpiryInterval = agreement.sessionExpirySeconds;
  }
  if (!features.retainAvailable) properties.retainAvailable = 0;
  if (!features.wildcardSubscriptionAvailable) properties.wildcardSubscriptionAvailable = 0;
  if (!features.subscriptionIdentifiersAvailable) properties.subscriptionIdentifierAvailable = 0;
  if (!features.sharedSubscriptionAvailable) properties.sharedSubscriptionAvailable = 0;
  if (connect.properties?.requestResponseInformation === 1 && features.responseInformation) {
    properties.responseInformation = features.responseInformation;
  }
  const method = connect.properties?.authenticationMethod;
  // [MQTT-4.12.0-6]
  if (method !== undefined) {
    properties.authenticationMethod = method;
    if (authenticationData !== undefined) properties.authenticationData = authenticationData;
  }
  properties.maximumPacketSize = limits.packetBytesMax;
  if (limits.inflightMessagesMax > 0) properties.receiveMaximum = limits.inflightMessagesMax;
  // [MQTT-3.2.2-9]
  if (limits.qosMax < 2) properties.maximumQos = limits.qosMax as 0 | 1;
  return properties;
}

/** Seconds, from the end of the connection. MQTT 3.x sessions end at once or never. */
function requestedExpiry({ version, cleanStart, properties }: Connect): number {
  if (version !== 5) return cleanStart ? 0 : Number.POSITIVE_INFINITY;
  return expirySeconds(properties?.sessionExpiryInterval ?? 0);
}

/** The Session Expiry Interval as a number to calculate with. */
export function expirySeconds(interval: number): number {
  return interval === neverExpires ? Number.POSITIVE_INFINITY : interval;
}

function checkKeepAlive({ version, keepAliveSeconds }: Connect, limits: Limits): void {
  const max = limits.keepAliveSecondsMax;
  // MQTT 3.x has no way to tell the client another value; Mosquitto answers like this too.
  if (version === 5 || max === 0 || (keepAliveSeconds > 0 && keepAliveSeconds <= max)) return;
  throw new ProtocolError(
    reasonCodes.clientIdentifierNotValid,
    `keep alive of ${keepAliveSeconds} s: 1 to ${max} s are allowed`,
  );
}

/** Clients of MQTT 3.x know no such limit, and must not be measured by it. */
function grantedReceiveMax({ version }: Connect, { inflightMessagesMax }: Limits): number {
  return version === 5 && inflightMessagesMax > 0 ? inflightMessagesMax : receiveMaxDefault;
}

function grantedKeepAlive({ keepAliveSeconds }: Connect, limits: Limits): number {
  const max = limits.keepAliveSecondsMax;
  const tooLong = max > 0 && (keepAliveSeconds === 0 || keepAliveSeconds > max);
  return tooLong ? max : keepAliveSeconds;
}

function checkWill({ will, version }: Connect, limits: Limits, features: Features): void {
  if (will === undefined) return;
  const fault = nameFault(will.topic);
  if (fault !== undefined) throw new ProtocolError(reasonCodes.topicNameInvalid, `will: ${fault}`);
  if (will.topic.startsWith(controlPrefix)) {
    // Nobody would be there for the answer. Mosquitto closes without a word, too.
    const reason = `will under '${controlPrefix}': only a client that is there may ask there`;
    throw new ProtocolError(reasonCodes.notAuthorized, reason, 'after CONNACK');
  }
  if (will.qos > limits.qosMax) {
    // [MQTT-3.2.2-12]
    throw new ProtocolError(
      reasonCodes.qosNotSupported,
      `will with QoS ${will.qos}: at most ${limits.qosMax} is supported`,
    );
  }
  if (will.retain && !features.retainAvailable) {
    // [MQTT-3.2.2-13]
    throw new ProtocolError(reasonCodes.retainNotSupported, 'will with retain: not supported');
  }
  const { messageBytesMax } = limits;
  if (messageBytesMax === 0 || will.payload.length <= messageBytesMax) return;
  throw new ProtocolError(
    version === 5 ? reasonCodes.packetTooLarge : reasonCodes.notAuthorized,
    `will of ${will.payload.length} bytes: at most ${messageBytesMax} are taken`,
  );
}
