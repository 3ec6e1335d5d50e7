/**
 * A subscription in the store.
 *
 *     | flags: 1 | subscription identifier, if it has one: a variable byte integer | filter |
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import type { QoS } from '../../packet/version.ts';
import type { SubscriptionOptions } from '../subscription.ts';

const flags = { qos: 0x03, noLocal: 0x04, retainAsPublished: 0x08, identifier: 0x10 } as const;

export interface SubscriptionRecord extends SubscriptionOptions {
  /** As the client wrote it. */
  readonly filter: string;
}

export function writeSubscription(out: ByteWriter, record: SubscriptionRecord): void {
  const { filter, qos, noLocal, retainAsPublished, subscriptionIdentifier } = record;
  out.u8(
    qos |
      (noLocal ? flags.noLocal : 0) |
      (retainAsPublished ? flags.retainAsPublished : 0) |
      (subscriptionIdentifier === undefined ? 0 : flags.identifier),
  );
  if (subscriptionIdentifier !== undefined) out.varint(subscriptionIdentifier);
  out.text(filter);
}

/** @throws ProtocolError for what is no subscription */
export function readSubscription(body: ByteReader): SubscriptionRecord {
  const bits = body.u8();
  return {
    qos: (bits & flags.qos) as QoS,
    noLocal: (bits & flags.noLocal) !== 0,
    retainAsPublished: (bits & flags.retainAsPublished) !== 0,
    subscriptionIdentifier: bits & flags.identifier ? body.varint() : undefined,
    filter: body.text(),
  };
}
