/**
 * A delivery in the store.
 *
 *     | flags: 1 | packet id: 2 | bytes: 4 | expiry: 6, if it has one |
 *     | subscription identifiers: their number, and each, as variable byte integers |
 *     | filter of the shared subscription, if it came by one |
 *     | the message, or the number under which several deliveries share it: 6 |
 *
 * `bytes` is what limits in bytes count for it. The first bit tells of a shared message, so that
 * whoever reads the store need not know the rest to find it.
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import type { QoS } from '../../packet/version.ts';
import type { Delivery } from '../../session/delivery.ts';
import { type Calendar, never } from './calendar.ts';
import { readNumber, readU32, writeNumber } from './keys.ts';

const flags = {
  qos: 0x03,
  state: 0x0c,
  retain: 0x10,
  shared: 0x20,
  expires: 0x40,
  reference: 0x80,
} as const;
const stateShift = 2;
const states = ['waiting', 'published', 'released'] as const;
const headBytes = 7;

/** The share of a delivery that came by a shared subscription: `$share/GROUP/FILTER`. */
export type ShareFilter = string | undefined;

/** Writes all but the message behind it, or its number. */
export function writeDelivery(
  out: ByteWriter,
  { message, qos, retain, terms, packetId, state }: Delivery,
  {
    share,
    isReference,
    calendar,
  }: { share: ShareFilter; isReference: boolean; calendar: Calendar },
): void {
  const expires = message.expiresAt !== never;
  out.u8(
    qos |
      (states.indexOf(state) << stateShift) |
      (retain ? flags.retain : 0) |
      (share === undefined ? 0 : flags.shared) |
      (expires ? flags.expires : 0) |
      (isReference ? flags.reference : 0),
  );
  out.u16(packetId);
  out.u32(Math.min(message.bytes, 0xffff_ffff));
  if (expires) writeNumber(out, calendar.dateOf(message.expiresAt));
  const identifiers = terms?.subscriptionIdentifiers;
  out.varint(identifiers?.length ?? 0);
  if (identifiers !== undefined) for (const each of identifiers) out.varint(each);
  if (share !== undefined) out.text(share);
}

/** What limits have to know of a delivery. */
export interface DeliveryTally {
  readonly qos: QoS;
  readonly state: Delivery['state'];
  readonly bytes: number;
  /** The clock's milliseconds; Infinity: never. */
  readonly expiresAt: number;
}

/** @returns undefined for what is no delivery */
export function readTally(value: Uint8Array, calendar: Calendar): DeliveryTally | undefined {
  const bits = value[0];
  const state = states[(bits & flags.state) >> stateShift];
  const expires = (bits & flags.expires) !== 0;
  if (state === undefined || value.length < headBytes + (expires ? 6 : 0)) return undefined;
  return {
    qos: (bits & flags.qos) as QoS,
    state,
    bytes: readU32(value, 3),
    expiresAt: expires ? calendar.clockOf(readNumber(value, headBytes)) : never,
  };
}

/** A delivery without its message. */
export interface DeliveryHead {
  readonly qos: QoS;
  readonly state: Delivery['state'];
  readonly retain: boolean;
  readonly packetId: number;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly share: ShareFilter;
  /** Under which its message is shared; 0: the message follows. */
  readonly messageNumber: number;
}

/**
 * Reads up to the message that follows, if one does.
 *
 * @throws ProtocolError for what is no delivery
 */
export function readDelivery(body: ByteReader): DeliveryHead {
  const bits = body.u8();
  const packetId = body.u16();
  body.skip(4);
  if (bits & flags.expires) body.skip(6);
  const count = body.varint();
  const identifiers: number[] = [];
  for (let i = 0; i < count; i++) identifiers.push(body.varint());
  const share = bits & flags.shared ? body.text() : undefined;
  const isReference = (bits & flags.reference) !== 0;
  return {
    qos: (bits & flags.qos) as QoS,
    state: states[(bits & flags.state) >> stateShift] ?? 'waiting',
    retain: (bits & flags.retain) !== 0,
    packetId,
    subscriptionIdentifiers: count === 0 ? undefined : identifiers,
    share,
    messageNumber: isReference ? readNumber(body.bytes, body.skip(6)) : 0,
  };
}

/** The number of the message that a delivery shares with others, for whoever keeps the records. */
export function sharedMessageOf(value: Uint8Array): number | undefined {
  const isReference = value.length >= headBytes + 6 && (value[0] & flags.reference) !== 0;
  return isReference ? readNumber(value, value.length - 6) : undefined;
}
