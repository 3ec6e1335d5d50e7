/** What the options of the whole broker come to. */

import type { BrokerChanges } from '../broker/broker.ts';
import type { Features, Limits } from '../broker/limits.ts';
import type { GeneralSettings } from './config.ts';

/** Limits and features; `BrokerChanges` leaves nothing out, so that a reload changes it all. */
export function settingsOf(general: GeneralSettings): BrokerChanges {
  return {
    limits: limitsOf(general),
    features: featuresOf(general),
    systemTopicSeconds: general.sysInterval,
  };
}

function limitsOf(general: GeneralSettings): Partial<Limits> {
  return {
    packetBytesMax: general.maxPacketSize,
    connectBytesMax: general.packetMaxConnect,
    authBytesMax: general.packetMaxAuth,
    simpleBytesMax: general.packetMaxSimple,
    subscribeBytesMax: general.packetMaxSub,
    inflightMessagesMax: general.maxInflightMessages,
    inflightBytesMax: general.maxInflightBytes,
    queuedMessagesMax: general.maxQueuedMessages,
    queuedBytesMax: general.maxQueuedBytes,
    keepAliveSecondsMax: general.maxKeepalive,
    allConnectionsMax: general.globalMaxConnections,
    clientsMax: general.globalMaxClients,
    messageBytesMax: general.messageSizeLimit,
    memoryBytesMax: general.memoryLimit,
    sessionExpirySecondsMax: general.persistentClientExpiration ?? Number.POSITIVE_INFINITY,
  };
}

function featuresOf(general: GeneralSettings): Partial<Features> {
  return {
    retainAvailable: general.retainAvailable,
    clientIdPrefix: general.clientidPrefixes ?? '',
    queueQos0: general.queueQos0Messages,
    upgradeOutgoingQos: general.upgradeOutgoingQos,
    duplicates: general.allowDuplicateMessages,
    checkRetainSource: general.checkRetainSource,
  };
}
