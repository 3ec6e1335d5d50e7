/** One entry of a SUBSCRIBE, from what its user asks for. */

import type { RetainHandling, Subscription } from '../packet/subscribe.ts';
import type { QoS } from '../packet/version.ts';
import { filterFault } from '../topic/topic-filter.ts';
import { refuseFault } from './fault.ts';

export interface SubscriptionOptions {
  /** The most that messages come with; 0. */
  readonly qos?: QoS;
  /** Messages of this client itself do not come back to it; MQTT 5.0. */
  readonly noLocal?: boolean;
  /** Messages keep the retain flag that they were published with; MQTT 5.0. */
  readonly retainAsPublished?: boolean;
  /** Whether retained messages come: 0 always, 1 if the subscription is new, 2 never; MQTT 5.0. */
  readonly retainHandling?: RetainHandling;
}

/** @throws RangeError for what no server could make sense of */
export function subscriptionOf(
  filter: string,
  {
    qos = 0,
    noLocal = false,
    retainAsPublished = false,
    retainHandling = 0,
  }: SubscriptionOptions = {},
): Subscription {
  refuseFault(filterFault(filter));
  // [MQTT-3.8.3-4]
  const isLocalShare = noLocal && filter.startsWith('$share/');
  refuseFault(isLocalShare ? `shared subscription '${filter}' with no local` : undefined);
  return { filter, qos, noLocal, retainAsPublished, retainHandling };
}
