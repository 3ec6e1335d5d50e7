/** Whether a client may publish to a topic. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Access } from './access.ts';
import type { Observer } from './ports.ts';

/** Nobody but the broker speaks under `$SYS`. (MQTT 5.0 section 4.7.2) */
export function isReserved(topic: string): boolean {
  return topic.startsWith('$SYS/');
}

/** The reason code of the refusal, if it is refused; of a will as of any other message. */
export function publishDenial(
  { client, gatekeeper }: Pick<Access, 'client' | 'gatekeeper'>,
  topic: string,
  observer: Observer,
): ReasonCode | undefined {
  const isOurs = isReserved(topic);
  const verdict = isOurs ? reasonCodes.notAuthorized : gatekeeper.mayPublish(client, topic);
  if (verdict < 0x80) return undefined;
  if (observer.publishDenied !== undefined) {
    const rule = isOurs ? undefined : gatekeeper.ruleFor?.(client, 'publish', topic);
    observer.publishDenied(client, topic, verdict, rule);
  }
  return verdict;
}
