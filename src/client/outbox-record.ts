/**
 * The records of an outbox.
 *
 *     key 0:                  | layout: 1 | the server has a session: 1 | client identifier |
 *     keys 1 to 65,535:       | nothing |                an open packet id of QoS 2 that came in
 *     from 65,536, even ones: | flags: 1 | expiry: 6, if it has one | topic |
 *                             | properties, if any | payload |        a message to be sent
 *     the odd one behind it:  | QoS and state: 1 | packet id: 2 |     how far that has come
 *
 * Messages are in the order of their publication. One that the server has taken, so that only its
 * packet id must still be released, is but the latter record; one that was never sent is but the
 * former. Topic and properties are as in a PUBLISH of MQTT 5.0; times are milliseconds since 1970.
 */

import { ByteReader } from '../packet/byte-reader.ts';
import type { ByteWriter } from '../packet/byte-writer.ts';
import { readProperties, writeProperties } from '../packet/property-block.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Delivery } from '../session/delivery.ts';
import type { Message } from '../session/message.ts';
import { ClientError } from './client-error.ts';
import type { OutboxRecord } from './ports.ts';
import { Publication } from './publications.ts';

export const ownerKey = 0;

/** Where the keys of messages begin: above all packet ids. */
export const firstMessageKey = 0x1_0000;

const layout = 1;
const flags = { qos: 0x03, retain: 0x04, properties: 0x08, expires: 0x10 } as const;
const states = ['waiting', 'published', 'released'] as const;
const stateShift = 2;
const never = Number.POSITIVE_INFINITY;

/** Between the times of the clock and dates. */
export class Dates {
  readonly #clock: Clock;
  readonly #date: () => number;

  /** @param date milliseconds since 1970 */
  constructor(clock: Clock, date: () => number) {
    this.#clock = clock;
    this.#date = date;
  }

  dateOf(at: number): number {
    return Math.max(0, Math.round(at + this.#date() - this.#clock.now()));
  }

  /** @param secondsMax that it may lie ahead: a system's date may have been set back meanwhile */
  clockOf(date: number, secondsMax: number): number {
    return this.#clock.now() + Math.min(date - this.#date(), secondsMax * 1000);
  }
}

/** A message that had not come to its end. */
export interface OutboxEntry {
  /** The even one. */
  readonly key: number;
  /** Undefined where only its packet id is left to be released. */
  readonly message: Publication | undefined;
  readonly qos: QoS;
  readonly state: Delivery['state'];
  readonly packetId: number;
}

export interface OutboxOwner {
  readonly clientId: string;
  /** The server has had a session that the outbox knows all of. */
  readonly hasSession: boolean;
}

export interface OutboxContents {
  /** Undefined in a new outbox. */
  readonly owner: OutboxOwner | undefined;
  readonly openIds: readonly number[];
  readonly entries: readonly OutboxEntry[];
  /** Of records that mean nothing any more. */
  readonly strayKeys: readonly number[];
}

export function writeOwner(out: ByteWriter, { clientId, hasSession }: OutboxOwner): void {
  out.u8(layout);
  out.u8(hasSession ? 1 : 0);
  out.text(clientId);
}

export function writeMessage(out: ByteWriter, message: Message, dates: Dates): void {
  const { topic, payload, qos, retain, properties, expiresAt } = message;
  const expires = expiresAt !== never;
  out.u8(
    qos |
      (retain ? flags.retain : 0) |
      (properties === undefined ? 0 : flags.properties) |
      (expires ? flags.expires : 0),
  );
  if (expires) {
    const date = dates.dateOf(expiresAt);
    out.u16(Math.floor(date / 2 ** 32));
    out.u32(date % 2 ** 32);
  }
  out.text(topic);
  if (properties !== undefined) writeProperties(out, 'publish', properties);
  out.raw(payload);
}

export function writeProgress(out: ByteWriter, { qos, state, packetId }: Delivery): void {
  out.u8(qos | (states.indexOf(state) << stateShift));
  out.u16(packetId);
}

/**
 * @param records in the order of their keys; messages keep views of them
 * @throws ClientError for what this version cannot read
 */
export function readOutbox(records: readonly OutboxRecord[], dates: Dates): OutboxContents {
  let owner: OutboxOwner | undefined;
  const openIds: number[] = [];
  const entries: OutboxEntry[] = [];
  const strayKeys: number[] = [];
  for (const [index, { key, value }] of records.entries()) {
    try {
      if (key === ownerKey) owner = readOwner(value);
      else if (key < firstMessageKey) openIds.push(key);
      else if (key % 2 === 0) entries.push(waiting(key, readMessage(value, dates)));
      else {
        const before = records[index - 1]?.key === key - 1 ? entries.pop() : undefined;
        const entry = withProgress(key, value, before);
        if (entry === undefined) strayKeys.push(key);
        else entries.push(entry);
      }
    } catch (cause) {
      throw unreadable(`its record ${key}: ${(cause as Error).message}`, cause);
    }
  }
  if (owner === undefined && records.length > 0) throw unreadable('it does not say whose it is');
  return { owner, openIds, entries, strayKeys };
}

function readOwner(value: Uint8Array): OutboxOwner {
  if (value[0] !== layout) throw new RangeError(`layout ${value[0]}, known is ${layout}`);
  const body = readerOf(value);
  body.skip(1);
  return { hasSession: body.u8() === 1, clientId: body.text() };
}

function readMessage(value: Uint8Array, dates: Dates): Publication {
  const body = readerOf(value);
  const bits = body.u8();
  const date = bits & flags.expires ? body.u16() * 2 ** 32 + body.u32() : undefined;
  const topic = body.topicName();
  const properties = bits & flags.properties ? readProperties(body, 'publish') : undefined;
  const seconds = properties?.messageExpiryInterval ?? never;
  const expiresAt = date === undefined ? undefined : dates.clockOf(date, seconds);
  const qos = qosOf(bits);
  const retain = (bits & flags.retain) !== 0;
  return new Publication(topic, body.rest(), { qos, retain, properties, expiresAt });
}

function waiting(key: number, message: Publication): OutboxEntry {
  return { key, message, qos: message.qos, state: 'waiting', packetId: 0 };
}

/** @returns undefined for what was over: a message goes before what tells how far it had come */
function withProgress(
  key: number,
  value: Uint8Array,
  before: OutboxEntry | undefined,
): OutboxEntry | undefined {
  const body = readerOf(value);
  const bits = body.u8();
  const qos = qosOf(bits);
  const state = states[bits >> stateShift];
  const packetId = body.packetId();
  if (state === undefined || state === 'waiting') throw new RangeError(`state ${bits}`);
  if (state === 'released') return { key: key - 1, message: undefined, qos, state, packetId };
  return before?.message && { ...before, state, packetId };
}

function qosOf(bits: number): QoS {
  const qos = bits & flags.qos;
  if (qos === 1 || qos === 2) return qos;
  throw new RangeError(`QoS ${qos}, allowed are 1 and 2`);
}

function readerOf(value: Uint8Array): ByteReader {
  const body = new ByteReader();
  body.move(value, 0, value.length);
  return body;
}

function unreadable(what: string, cause?: unknown): ClientError {
  return new ClientError('unreadable outbox', `the outbox cannot be read: ${what}`, { cause });
}
