/** Property blocks of MQTT 5.0 packets (section 2.2.2): a length, then identifiers and values. */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  type PropertiesIn,
  type Property,
  type PropertyName,
  type PropertyPlace,
  type PropertyValues,
  propertyById,
  propertyByName,
  typeById,
} from './properties.ts';
import { malformed, ProtocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodes } from './reason-codes.ts';
import { hexOf, quoted } from './text.ts';

/** Undefined when the block is empty. */
export function readProperties<Place extends PropertyPlace>(
  body: ByteReader,
  place: Place,
): PropertiesIn<Place> | undefined {
  const length = body.varint();
  if (length === 0) return undefined;
  const packetEnd = body.end;
  const start = body.skip(length);
  const blockEnd = body.at;
  body.move(body.bytes, start, blockEnd); // so that no value reaches past its block
  const properties: MutableProperties = {};
  while (body.at < blockEnd) readProperty(body, place, properties);
  body.end = packetEnd;
  return properties as PropertiesIn<Place>;
}

/** Writes an empty block for undefined. */
export function writeProperties<Place extends PropertyPlace>(
  out: ByteWriter,
  place: Place,
  properties: PropertiesIn<Place> | undefined,
): void {
  if (properties === undefined) return out.u8(0);
  const start = out.openBlock();
  for (const name in properties) {
    const value: unknown = properties[name];
    if (value === undefined) continue;
    const property = propertyByName(place, name);
    if (property === undefined) {
      throw new RangeError(`property ${JSON.stringify(name)} cannot stand in ${place}`);
    }
    if (!property.repeats) writeProperty(out, property, value);
    else for (const item of value as readonly unknown[]) writeProperty(out, property, item);
  }
  out.closeBlock(start);
}

type MutableProperties = { [Name in PropertyName]?: unknown };

function readProperty(body: ByteReader, place: PropertyPlace, properties: MutableProperties): void {
  const id = body.varint();
  const property = propertyById(place, id);
  if (property === undefined) throw misplaced(body, place, id);
  const { name, zero } = property;
  const value = readValue(body, property.type, name);
  if (value === 0 && zero !== undefined) {
    throw broken(body, zero, `${name} is 0, allowed is 1 and more`);
  }
  const known = properties[name];
  if (known === undefined) properties[name] = property.repeats ? [value] : value;
  else if (property.repeats) (known as unknown[]).push(value);
  else throw broken(body, reasonCodes.protocolError, `${name} stands twice, allowed is once`);
}

/** Section 2.2.2.2 calls it malformed; these are Mosquitto's codes. */
function misplaced(body: ByteReader, place: PropertyPlace, id: number): ProtocolError {
  passValue(body, id);
  return broken(
    body,
    place === 'subscribe' || place === 'unsubscribe'
      ? reasonCodes.malformedPacket
      : reasonCodes.protocolError,
    `property ${hexOf(id)}, which cannot stand in ${place}`,
  );
}

/** A property is against the rules. As in Mosquitto that counts only where all can be read. */
function broken(body: ByteReader, reasonCode: ReasonCode, message: string): ProtocolError {
  while (body.remaining > 0) passValue(body, body.varint());
  return new ProtocolError(reasonCode, message);
}

function passValue(body: ByteReader, id: number): void {
  const type = typeById(id);
  if (type === undefined) {
    // section 2.2.2.2
    throw malformed(`property ${hexOf(id)}, which MQTT does not know`);
  }
  if (type === 'flag') body.u8();
  else if (type === 'topicName') body.text();
  else readValue(body, type, '');
}

function writeProperty(out: ByteWriter, property: Property, value: unknown): void {
  const { name, zero } = property;
  if (value === 0 && zero !== undefined) {
    throw new RangeError(`${name} is 0, allowed is 1 and more`);
  }
  out.u8(property.id);
  writeValue(out, property, value);
}

/** Most data types are read and written as they stand; `name` is the property's, for messages. */
function readValue(body: ByteReader, type: Property['type'], name: string): unknown {
  switch (type) {
    case 'flag':
      return readFlag(body, name);
    case 'topicName':
      return readTopicName(body, name);
    case 'textPair':
      return [body.text(), body.text()];
    default:
      return body[type]();
  }
}

function writeValue(out: ByteWriter, { type, name }: Property, value: unknown): void {
  switch (type) {
    case 'flag':
      if (value !== 0 && value !== 1) {
        throw new RangeError(`${name} is ${String(value)}, allowed are 0 and 1`);
      }
      return out.u8(value);
    case 'topicName':
      return out.text(value as string);
    case 'textPair': {
      const [first, second] = value as PropertyValues['textPair'];
      out.text(first);
      return out.text(second);
    }
    default:
      return out[type](value as never);
  }
}

function readFlag(body: ByteReader, name: string): number {
  const value = body.u8();
  if (value <= 1) return value;
  throw broken(body, reasonCodes.protocolError, `${name} is ${value}, allowed are 0 and 1`);
}

function readTopicName(body: ByteReader, name: string): string {
  const topic = body.text();
  if (topic !== '' && !/[+#]/.test(topic)) return topic;
  throw broken(
    body,
    reasonCodes.protocolError, // [MQTT-3.3.2-14] names no code; this is Mosquitto's
    `${name} ${quoted(topic)} is empty or has a wildcard, which no topic name has`,
  );
}
