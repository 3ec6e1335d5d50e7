/** What a server offers, from its CONNACK and the defaults of MQTT. (MQTT 5.0 section 3.2.2.3) */

import type { Connack } from '../packet/connack.ts';
import type { Connect } from '../packet/connect.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Subscription } from '../packet/subscribe.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { Message } from '../session/message.ts';
import { hasWildcard } from '../topic/topic-filter.ts';
import { ClientError } from './client-error.ts';

/** What holds for one connection. */
export interface ServerTerms {
  /** The client's own, or the one that the server gave it. */
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  /** Whether the session outlives the connection. */
  readonly sessionSurvives: boolean;
  readonly receiveMax: number;
  readonly packetBytesMax: number;
  readonly topicAliasMax: number;
  readonly qosMax: QoS;
  readonly retainAvailable: boolean;
  readonly wildcardSubscriptionAvailable: boolean;
  readonly subscriptionIdentifiersAvailable: boolean;
  readonly sharedSubscriptionAvailable: boolean;
  /** What response topics are to begin with, where the server was asked and says so. */
  readonly responseInformation: string | undefined;
}

export function termsOf(connect: Connect, { properties = {} }: Connack): ServerTerms {
  return {
    version: connect.version,
    clientId: properties.assignedClientIdentifier ?? connect.clientId,
    // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
    keepAliveSeconds: properties.serverKeepAlive ?? connect.keepAliveSeconds,
    sessionSurvives: survives(connect, properties.sessionExpiryInterval),
    receiveMax: properties.receiveMaximum ?? 65_535,
    packetBytesMax: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    topicAliasMax: properties.topicAliasMaximum ?? 0,
    qosMax: properties.maximumQos ?? 2,
    retainAvailable: properties.retainAvailable !== 0,
    wildcardSubscriptionAvailable: properties.wildcardSubscriptionAvailable !== 0,
    subscriptionIdentifiersAvailable: properties.subscriptionIdentifierAvailable !== 0,
    sharedSubscriptionAvailable: properties.sharedSubscriptionAvailable !== 0,
    responseInformation: properties.responseInformation,
  };
}

function survives({ version, cleanStart, properties }: Connect, granted: number | undefined) {
  if (version !== 5) return !cleanStart;
  return (granted ?? properties?.sessionExpiryInterval ?? 0) > 0;
}

/** Why this server cannot be asked to publish the message; undefined when it can. */
export function publishFault(terms: ServerTerms, { qos, retain }: Message) {
  if (qos > terms.qosMax) {
    // [MQTT-3.2.2-11]
    return notSupported(reasonCodes.qosNotSupported, `QoS ${qos}, only up to ${terms.qosMax}`);
  }
  if (retain && !terms.retainAvailable) {
    // [MQTT-3.2.2-14]
    return notSupported(reasonCodes.retainNotSupported, 'retained messages');
  }
  return undefined;
}

/** Why this server cannot be asked for the subscriptions; undefined when it can. */
export function subscribeFault(
  terms: ServerTerms,
  subscriptions: readonly Subscription[],
  identifier: number | undefined,
) {
  if (identifier !== undefined && !terms.subscriptionIdentifiersAvailable) {
    return notSupported(
      reasonCodes.subscriptionIdentifiersNotSupported,
      'subscription identifiers',
    );
  }
  for (const { filter } of subscriptions) {
    if (!terms.sharedSubscriptionAvailable && filter.startsWith('$share/')) {
      return notSupported(reasonCodes.sharedSubscriptionsNotSupported, 'shared subscriptions');
    }
    if (!terms.wildcardSubscriptionAvailable && hasWildcard(filter)) {
      return notSupported(reasonCodes.wildcardSubscriptionsNotSupported, 'wildcards');
    }
  }
  return undefined;
}

function notSupported(reasonCode: ReasonCode, what: string): ClientError {
  const message = `the server does not support ${what}, as its CONNACK says`;
  return new ClientError('not supported', message, { reasonCode });
}
