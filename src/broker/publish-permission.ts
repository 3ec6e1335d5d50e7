/** Whether a client may publish to a topic. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { ClientIdentity, Gatekeeper } from './ports.ts';

/** Nobody but the broker speaks under `$SYS`. (MQTT 5.0 section 4.7.2) */
export function isReserved(topic: string): boolean {
  return topic.startsWith('$SYS/');
}

/** `success`, or the reason code of the refusal; of a will as of any other message. */
export function publishVerdict(
  gatekeeper: Gatekeeper,
  client: ClientIdentity,
  topic: string,
): ReasonCode {
  if (isReserved(topic)) return reasonCodes.notAuthorized;
  return gatekeeper.mayPublish(client, topic);
}
