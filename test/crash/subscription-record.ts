/** What a subscriber asked for and when, and which messages it must therefore have. */

import type { QoS } from '../../src/packet/version.ts';
import type { Moment } from './clock.ts';
import type { Message } from './message.ts';

/** One life of a subscription, from SUBSCRIBE to UNSUBACK. */
export interface SubscriptionRecord {
  readonly filter: string;
  readonly qos: QoS;
  readonly requested: Moment;
  granted: Moment | undefined;
  /** UNSUBSCRIBE was sent. */
  revoking: Moment | undefined;
  revoked: Moment | undefined;
}

export type Expectation = 'must' | 'may' | 'never';

/** What all lives of a subscription together say about a message. */
export function expectationOf(
  records: readonly SubscriptionRecord[],
  message: Message,
): Expectation {
  let expectation: Expectation = 'never';
  for (const record of records) {
    const one = expectationOfOne(record, message);
    if (one === 'must') return 'must';
    if (one === 'may') expectation = 'may';
  }
  return expectation;
}

function expectationOfOne(record: SubscriptionRecord, message: Message): Expectation {
  const { requested, granted, revoking, revoked } = record;
  const { sent, acknowledged, completed } = message;
  if (sent === undefined) return 'never';
  // A broker may route a QoS 2 message at PUBLISH or at PUBREL; both lie between these two.
  if (isBefore(revoked, sent) || isBefore(completed, requested)) return 'never';
  if (!isBefore(granted, sent) || acknowledged === undefined) return 'may';
  return revoking === undefined || isBefore(completed, revoking) ? 'must' : 'may';
}

/** Both have happened, in this order. */
function isBefore(first: Moment | undefined, second: Moment | undefined): boolean {
  return first !== undefined && second !== undefined && first.tick < second.tick;
}

/** Whether a filter, which has no wildcard but `#` at its end, matches. */
export function matches(filter: string, topic: string): boolean {
  if (!filter.endsWith('/#')) return filter === topic;
  return topic === filter.slice(0, -2) || topic.startsWith(filter.slice(0, -1));
}
