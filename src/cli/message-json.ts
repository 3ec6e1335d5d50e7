/** A message as JSON, in the order and the names of mosquitto_sub 2.1. */

import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesAsText, textAsBytes } from './byte-text.ts';
import {
  type JsonEntry,
  type JsonText,
  jsonArray,
  jsonBoolean,
  jsonNumber,
  jsonObject,
  jsonString,
} from './json-text.ts';
import type { Moment } from './moment.ts';

/** @param payload is what it says, as a text or as the JSON that it is */
export function messageJson(message: ReceivedMessage, moment: Moment, payload: JsonText): JsonText {
  const { topic, qos, retain, packetId, properties } = message;
  const entries: JsonEntry[] = [
    ['tst', jsonString(moment.isoWithMicroseconds)],
    ['topic', jsonString(textAsBytes(topic))],
    ['qos', jsonNumber(qos)],
    ['retain', jsonBoolean(retain)],
    ['payloadlen', jsonNumber(message.payload.length)],
  ];
  if (qos > 0) entries.push(['mid', jsonNumber(packetId)]);
  if (properties !== undefined) entries.push(['properties', propertiesJson(properties)]);
  entries.push(['payload', payload]);
  return jsonObject(entries);
}

/** In the order in which they came. */
function propertiesJson(properties: NonNullable<ReceivedMessage['properties']>): JsonText {
  const entries = Object.entries(properties).flatMap(([name, value]): JsonEntry[] => {
    if (name === 'userProperties') {
      const pairs = properties.userProperties ?? [];
      const each = pairs.map(([key, text]) =>
        jsonObject([[textAsBytes(key), jsonString(textAsBytes(text))]]),
      );
      // One may be given twice, which one object could not hold.
      return [['user-properties', jsonArray(each)]];
    }
    if (Array.isArray(value)) {
      return value.map((each) => ['subscription-identifier', jsonNumber(each)]);
    }
    return [[name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), scalar(value)]];
  });
  return jsonObject(entries);
}

function scalar(value: unknown): JsonText {
  if (typeof value === 'number') return jsonNumber(value);
  if (typeof value === 'string') return jsonString(textAsBytes(value));
  return jsonString(bytesAsText(value as Uint8Array));
}
