/**
 * A session in the store.
 *
 *     | flags: 1 | expiry interval in seconds: 4 | left at: 6, 0 while connected |
 *     | client identifier | user name, if it has one |
 *     | name of the listener that its client came in by, empty if that has none |
 *     | will, if it has one: due at: 6, 0 while connected | topic |
 *     | properties as in a CONNECT of MQTT 5.0 | payload |
 *
 * Layout 1 had no listener, and the user name only with a will, before its topic.
 *
 * Times are milliseconds since 1970. An expiry interval of 2^32-1 means that it never ends.
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import type { Will } from '../../packet/connect.ts';
import { readProperties, writeProperties } from '../../packet/property-block.ts';
import type { QoS } from '../../packet/version.ts';
import { readNumber, writeNumber } from './keys.ts';

const flags = {
  ended: 0x01,
  will: 0x02,
  willQos: 0x0c,
  willRetain: 0x10,
  /** In layout 1. */
  userNameOfWill: 0x20,
  userName: 0x40,
  listener: 0x80,
} as const;
const willQosShift = 2;
const neverExpires = 0xffff_ffff;

export interface SessionRecord {
  readonly clientId: string;
  /** Only what its deliveries still need is left of it. */
  readonly isEnded: boolean;
  /** Infinity: it never ends. */
  readonly expirySeconds: number;
  /** The date at which its client went; 0 while connected. */
  readonly leftAt: number;
  /** Who it is or was; undefined in a record of layout 1. */
  readonly identity: IdentityRecord | undefined;
  /** The user name in a record of layout 1; never written. */
  readonly userNameOfWill?: string | undefined;
  readonly will: WillRecord | undefined;
}

export interface IdentityRecord {
  readonly userName: string | undefined;
  readonly listenerName: string | undefined;
}

export interface WillRecord {
  readonly will: Will;
  /** The date at which it is to be sent; 0 while its client is connected. */
  readonly dueAt: number;
}

export function writeSession(out: ByteWriter, record: SessionRecord): void {
  const { clientId, isEnded, expirySeconds, leftAt, identity, will } = record;
  out.u8((isEnded ? flags.ended : 0) | identityFlags(identity) | willFlags(will));
  out.u32(Math.min(expirySeconds, neverExpires));
  writeNumber(out, leftAt);
  out.text(clientId);
  if (identity?.userName !== undefined) out.text(identity.userName);
  if (identity !== undefined) out.text(identity.listenerName ?? '');
  if (will === undefined) return;
  const { topic, payload, properties } = will.will;
  writeNumber(out, will.dueAt);
  out.text(topic);
  writeProperties(out, 'will', properties);
  out.raw(payload);
}

function willFlags(record: WillRecord | undefined): number {
  if (record === undefined) return 0;
  const { will } = record;
  return flags.will | (will.qos << willQosShift) | (will.retain ? flags.willRetain : 0);
}

function identityFlags(identity: IdentityRecord | undefined): number {
  if (identity === undefined) return 0;
  return flags.listener | (identity.userName === undefined ? 0 : flags.userName);
}

/** @throws ProtocolError for what is no session */
export function readSession(body: ByteReader): SessionRecord {
  const bits = body.u8();
  const interval = body.u32();
  const leftAt = readNumber(body.bytes, body.skip(6));
  const clientId = body.text();
  const identity = readIdentity(body, bits);
  return {
    clientId,
    isEnded: (bits & flags.ended) !== 0,
    expirySeconds: interval === neverExpires ? Number.POSITIVE_INFINITY : interval,
    leftAt,
    identity,
    will: undefined,
    ...(bits & flags.will && readWill(body, bits)),
  };
}

function readIdentity(body: ByteReader, bits: number): IdentityRecord | undefined {
  const userName = bits & flags.userName ? body.text() : undefined;
  if (!(bits & flags.listener)) return undefined;
  return { userName, listenerName: body.text() || undefined };
}

function readWill(body: ByteReader, bits: number): Pick<SessionRecord, 'will' | 'userNameOfWill'> {
  const dueAt = readNumber(body.bytes, body.skip(6));
  const old = bits & flags.userNameOfWill ? { userNameOfWill: body.text() } : undefined;
  const topic = body.topicName();
  const properties = readProperties(body, 'will');
  const will: Will = {
    topic,
    payload: body.rest().slice(),
    qos: ((bits & flags.willQos) >> willQosShift) as QoS,
    retain: (bits & flags.willRetain) !== 0,
    properties,
  };
  return { will: { will, dueAt }, ...old };
}
