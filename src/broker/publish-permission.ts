/** Whether a client may publish to a topic. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Access } from './access.ts';
import type { Observer } from './ports.ts';
import { isReserved } from './reserved-topics.ts';

/** The reason code of the refusal, if it is refused; of a will as of any other message. */
export function publishDenial(
  { client, gatekeeper }: Pick<Access, 'client' | 'gatekeeper'>,
  topic: string,
  observer: Observer,
): ReasonCode | undefined {
  const verdict = isReserved(topic)
    ? reasonCodes.notAuthorized
    : gatekeeper.mayPublish(client, topic);
  if (verdict < 0x80) return undefined;
  tellDenied({ client, gatekeeper }, topic, { reasonCode: verdict, observer });
  return verdict;
}

export function tellDenied(
  { client, gatekeeper }: Pick<Access, 'client' | 'gatekeeper'>,
  topic: string,
  { reasonCode, observer }: { reasonCode: ReasonCode; observer: Observer },
): void {
  if (observer.publishDenied === undefined) return;
  const rule = isReserved(topic) ? undefined : gatekeeper.ruleFor?.(client, 'publish', topic);
  observer.publishDenied(client, topic, reasonCode, rule);
}
