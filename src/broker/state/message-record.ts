/**
 * A message in the store.
 *
 *     | flags: 1 | expiry: 6, if it has one | topic | publisher, if that is known |
 *     | properties, if any | payload |
 *
 * The publisher, of a retained message that is not the broker's own:
 *
 *     | client identifier | user name, if it had one | name of the listener; empty: it has none |
 *
 * Topic and properties are as in a PUBLISH of MQTT 5.0. Times are milliseconds since 1970.
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import { readProperties, writeProperties } from '../../packet/property-block.ts';
import type { QoS } from '../../packet/version.ts';
import { Message, type MessageSource } from '../../session/message.ts';
import { type Calendar, never } from './calendar.ts';
import { readNumber, writeNumber } from './keys.ts';

const flags = {
  qos: 0x03,
  retain: 0x04,
  properties: 0x08,
  expires: 0x10,
  source: 0x20,
  userName: 0x40,
} as const;

export function writeMessage(out: ByteWriter, message: Message, calendar: Calendar): void {
  writeFromSource(out, message, { calendar, source: undefined });
}

/** With its publisher, whom one may want to ask about later. */
export function writeRetained(out: ByteWriter, message: Message, calendar: Calendar): void {
  writeFromSource(out, message, { calendar, source: message.source });
}

function writeFromSource(
  out: ByteWriter,
  message: Message,
  { calendar, source }: { calendar: Calendar; source: MessageSource | undefined },
): void {
  const { topic, payload, qos, retain, properties, expiresAt } = message;
  const expires = expiresAt !== never;
  out.u8(
    qos |
      (retain ? flags.retain : 0) |
      (properties === undefined ? 0 : flags.properties) |
      (expires ? flags.expires : 0) |
      (source === undefined ? 0 : flags.source) |
      (source?.userName === undefined ? 0 : flags.userName),
  );
  if (expires) writeNumber(out, calendar.dateOf(expiresAt));
  out.text(topic);
  if (source !== undefined) {
    out.text(source.clientId);
    if (source.userName !== undefined) out.text(source.userName);
    out.text(source.listenerName ?? '');
  }
  if (properties !== undefined) writeProperties(out, 'publish', properties);
  out.raw(payload);
}

/**
 * Reads up to the end of `body`; the message keeps views of its bytes.
 *
 * @throws ProtocolError for what is no message
 */
export function readMessage(body: ByteReader, calendar: Calendar): Message {
  const bits = body.u8();
  const expires = (bits & flags.expires) !== 0;
  const expiresAt = expires ? calendar.clockOf(readNumber(body.bytes, body.skip(6))) : never;
  const topic = body.topicName();
  const source = bits & flags.source ? readSource(body, bits) : undefined;
  const properties = bits & flags.properties ? readProperties(body, 'publish') : undefined;
  const message = new Message(topic, body.rest(), {
    qos: (bits & flags.qos) as QoS,
    retain: (bits & flags.retain) !== 0,
    properties,
    expiresAt,
  });
  message.source = source;
  return message;
}

function readSource(body: ByteReader, bits: number): MessageSource {
  const clientId = body.text();
  const userName = bits & flags.userName ? body.text() : undefined;
  return { clientId, userName, listenerName: body.text() || undefined };
}
