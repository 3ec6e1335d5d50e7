/**
 * A session in the store.
 *
 *     | flags: 1 | expiry interval in seconds: 4 | left at: 6, 0 while connected |
 *     | client identifier |
 *     | will, if it has one: due at: 6, 0 while connected | user name | topic |
 *     | properties as in a CONNECT of MQTT 5.0 | payload |
 *
 * Times are milliseconds since 1970. An expiry interval of 2^32-1 means that it never ends.
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import type { Will } from '../../packet/connect.ts';
import { readProperties, writeProperties } from '../../packet/property-block.ts';
import type { QoS } from '../../packet/version.ts';
import { readNumber, writeNumber } from './keys.ts';

const flags = { ended: 0x01, will: 0x02, willQos: 0x0c, willRetain: 0x10, userName: 0x20 } as const;
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
  readonly will: WillRecord | undefined;
}

export interface WillRecord {
  readonly will: Will;
  readonly userName: string | undefined;
  /** The date at which it is to be sent; 0 while its client is connected. */
  readonly dueAt: number;
}

export function writeSession(out: ByteWriter, record: SessionRecord): void {
  const { clientId, isEnded, expirySeconds, leftAt, will } = record;
  out.u8((isEnded ? flags.ended : 0) | willFlags(will));
  out.u32(Math.min(expirySeconds, neverExpires));
  writeNumber(out, leftAt);
  out.text(clientId);
  if (will === undefined) return;
  const { topic, payload, properties } = will.will;
  writeNumber(out, will.dueAt);
  if (will.userName !== undefined) out.text(will.userName);
  out.text(topic);
  writeProperties(out, 'will', properties);
  out.raw(payload);
}

function willFlags(record: WillRecord | undefined): number {
  if (record === undefined) return 0;
  const { will, userName } = record;
  return (
    flags.will |
    (will.qos << willQosShift) |
    (will.retain ? flags.willRetain : 0) |
    (userName === undefined ? 0 : flags.userName)
  );
}

/** @throws ProtocolError for what is no session */
export function readSession(body: ByteReader): SessionRecord {
  const bits = body.u8();
  const interval = body.u32();
  const leftAt = readNumber(body.bytes, body.skip(6));
  const clientId = body.text();
  return {
    clientId,
    isEnded: (bits & flags.ended) !== 0,
    expirySeconds: interval === neverExpires ? Number.POSITIVE_INFINITY : interval,
    leftAt,
    will: bits & flags.will ? readWill(body, bits) : undefined,
  };
}

function readWill(body: ByteReader, bits: number): WillRecord {
  const dueAt = readNumber(body.bytes, body.skip(6));
  const userName = bits & flags.userName ? body.text() : undefined;
  const topic = body.topicName();
  const properties = readProperties(body, 'will');
  return {
    dueAt,
    userName,
    will: {
      topic,
      payload: body.rest().slice(),
      qos: ((bits & flags.willQos) >> willQosShift) as QoS,
      retain: (bits & flags.willRetain) !== 0,
      properties,
    },
  };
}
