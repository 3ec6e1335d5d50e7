/** Refusals of hooks as reason codes that MQTT allows where they are to stand. */

import { connackReasonCodes } from '../packet/connack.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Denial } from './hooks.ts';

export interface Refusal {
  readonly type: 'refuse';
  readonly reasonCode: ReasonCode;
  readonly reason?: string;
}

/** The packet that will carry the refusal. */
export type AnsweringPacket = 'CONNACK' | 'PUBACK' | 'SUBACK';

const shared = [
  reasonCodes.unspecifiedError,
  reasonCodes.implementationSpecificError,
  reasonCodes.notAuthorized,
  reasonCodes.quotaExceeded,
] as const;

/** MQTT 5.0 sections 3.2.2.2, 3.4.2.1 and 3.9.3. */
const allowed: Readonly<Record<AnsweringPacket, ReadonlySet<ReasonCode>>> = {
  CONNACK: connackReasonCodes,
  PUBACK: new Set([
    ...shared,
    reasonCodes.topicNameInvalid,
    reasonCodes.packetIdentifierInUse,
    reasonCodes.payloadFormatInvalid,
  ]),
  SUBACK: new Set([
    ...shared,
    reasonCodes.topicFilterInvalid,
    reasonCodes.packetIdentifierInUse,
    reasonCodes.sharedSubscriptionsNotSupported,
    reasonCodes.subscriptionIdentifiersNotSupported,
    reasonCodes.wildcardSubscriptionsNotSupported,
  ]),
};

export function isRefusal(value: object): value is Refusal {
  return 'type' in value && value.type === 'refuse';
}

/** Whether what a hook said is meant as a refusal. */
export function isDenial(said: unknown): said is 'deny' | Denial {
  return said === 'deny' || Object(said).type === 'deny';
}

/** @throws RangeError when the reason code may not stand there */
export function refusalOf(denial: 'deny' | Denial, packet: AnsweringPacket): Refusal {
  if (denial === 'deny') return { type: 'refuse', reasonCode: reasonCodes.notAuthorized };
  const { reasonCode = reasonCodes.notAuthorized, reason } = denial;
  if (reasonCode < 0x80 || !allowed[packet].has(reasonCode)) {
    const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
    throw new RangeError(
      `reason code ${code} cannot stand in ${packet}: take one that MQTT allows`,
    );
  }
  return { type: 'refuse', reasonCode, ...(reason !== undefined && { reason }) };
}
