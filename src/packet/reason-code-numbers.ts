/**
 * A constant for each reason code of MQTT 5.0 (section 2.4) and return code of MQTT 3.1 and 3.1.1,
 * so that bundlers write numbers in the place of names, and leave out those that nobody uses.
 */

export const success = 0x00 as const;
export const normalDisconnection = 0x00 as const;
export const grantedQos0 = 0x00 as const;
export const grantedQos1 = 0x01 as const;
export const grantedQos2 = 0x02 as const;
export const disconnectWithWill = 0x04 as const;
export const noMatchingSubscribers = 0x10 as const;
export const noSubscriptionExisted = 0x11 as const;
export const continueAuthentication = 0x18 as const;
export const reauthenticate = 0x19 as const;
export const unspecifiedError = 0x80 as const;
export const malformedPacket = 0x81 as const;
export const protocolError = 0x82 as const;
export const implementationSpecificError = 0x83 as const;
export const unsupportedProtocolVersion = 0x84 as const;
export const clientIdentifierNotValid = 0x85 as const;
export const badUserNameOrPassword = 0x86 as const;
export const notAuthorized = 0x87 as const;
export const serverUnavailable = 0x88 as const;
export const serverBusy = 0x89 as const;
export const banned = 0x8a as const;
export const serverShuttingDown = 0x8b as const;
export const badAuthenticationMethod = 0x8c as const;
export const keepAliveTimeout = 0x8d as const;
export const sessionTakenOver = 0x8e as const;
export const topicFilterInvalid = 0x8f as const;
export const topicNameInvalid = 0x90 as const;
export const packetIdentifierInUse = 0x91 as const;
export const packetIdentifierNotFound = 0x92 as const;
export const receiveMaximumExceeded = 0x93 as const;
export const topicAliasInvalid = 0x94 as const;
export const packetTooLarge = 0x95 as const;
export const messageRateTooHigh = 0x96 as const;
export const quotaExceeded = 0x97 as const;
export const administrativeAction = 0x98 as const;
export const payloadFormatInvalid = 0x99 as const;
export const retainNotSupported = 0x9a as const;
export const qosNotSupported = 0x9b as const;
export const useAnotherServer = 0x9c as const;
export const serverMoved = 0x9d as const;
export const sharedSubscriptionsNotSupported = 0x9e as const;
export const connectionRateExceeded = 0x9f as const;
export const maximumConnectTime = 0xa0 as const;
export const subscriptionIdentifiersNotSupported = 0xa1 as const;
export const wildcardSubscriptionsNotSupported = 0xa2 as const;
