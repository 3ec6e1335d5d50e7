/**
 * A message in the store.
 *
 *     | flags: 1 | expiry: 6, if it has one | topic | properties, if any | payload |
 *
 * Topic and properties are as in a PUBLISH of MQTT 5.0. Times are milliseconds since 1970.
 */

import type { ByteReader } from '../../packet/byte-reader.ts';
import type { ByteWriter } from '../../packet/byte-writer.ts';
import { readProperties, writeProperties } from '../../packet/property-block.ts';
import type { QoS } from '../../packet/version.ts';
import { Message } from '../../session/message.ts';
import { type Calendar, never } from './calendar.ts';
import { readNumber, writeNumber } from './keys.ts';

const flags = { qos: 0x03, retain: 0x04, properties: 0x08, expires: 0x10 } as const;

export function writeMessage(out: ByteWriter, message: Message, calendar: Calendar): void {
  const { topic, payload, qos, retain, properties, expiresAt } = message;
  const expires = expiresAt !== never;
  out.u8(
    qos |
      (retain ? flags.retain : 0) |
      (properties === undefined ? 0 : flags.properties) |
      (expires ? flags.expires : 0),
  );
  if (expires) writeNumber(out, calendar.dateOf(expiresAt));
  out.text(topic);
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
  const properties = bits & flags.properties ? readProperties(body, 'publish') : undefined;
  return new Message(topic, body.rest(), {
    qos: (bits & flags.qos) as QoS,
    retain: (bits & flags.retain) !== 0,
    properties,
    expiresAt,
  });
}
