/** A message as one JSON object, for programs and for people. */

import type { ReceivedMessage } from '../client/inbox.ts';
import { bytesAsText, textAsBytes } from './byte-text.ts';
import { type JsonEntry, type JsonText, jsonObject, jsonString, printJson } from './json-text.ts';
import { base64 } from './output-bytes.ts';
import { integerValue, textValue, wordValue } from './output-value.ts';

/**
 * `{"timestamp":"...","topic":"...","qos":0,"retain":false,"properties":{...},"payload":"..."}`;
 * instead of `payload` there is `payload_base64` where it is no text.
 */
export function messageLine(message: ReceivedMessage): string {
  return safeJson(printJson(jsonObject([...headOf(message), ...bytesEntry('payload', message)])));
}

/** The same with a payload that is JSON already. */
export function messageWithJson(message: ReceivedMessage): string {
  const withoutMark = bytesAsText(message.payload).replace(byteOrderMark, '');
  const payload: JsonText = { type: 'scalar', text: withoutMark };
  return safeJson(printJson(jsonObject([...headOf(message), ['payload', payload]])));
}

const byteOrderMark = /^\xef\xbb\xbf/;

function headOf({ topic, qos, retain, properties }: ReceivedMessage): JsonEntry[] {
  const entries: JsonEntry[] = [
    ['timestamp', jsonString(new Date().toISOString())],
    ['topic', textValue(topic)],
    ['qos', integerValue(qos)],
    ['retain', wordValue(retain)],
  ];
  if (properties !== undefined) entries.push(['properties', propertiesJson(properties)]);
  return entries;
}

/** Named so that `jq .properties.content_type` needs no quotes; user properties may repeat. */
function propertiesJson(properties: NonNullable<ReceivedMessage['properties']>): JsonText {
  const entries = Object.entries(properties).flatMap(([key, value]): JsonEntry[] => {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (value instanceof Uint8Array) return bytesEntry(name, { payload: value });
    if (typeof value === 'string') return [[name, textValue(value)]];
    return [[name, { type: 'scalar', text: textAsBytes(JSON.stringify(value)) }]];
  });
  return jsonObject(entries);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bytesEntry(name: string, { payload }: Pick<ReceivedMessage, 'payload'>): JsonEntry[] {
  try {
    return [[name, textValue(utf8.decode(payload))]];
  } catch {
    return [[`${name}_base64`, jsonString(base64(payload))]];
  }
}

/**
 * JSON leaves DEL and U+0080 to U+009F as they are, and terminals take some of them for commands.
 *
 * @param json a character for each byte
 */
export function safeJson(json: string): string {
  return json.replace(/\x7f|\xc2[\x80-\x9f]/g, (found) => {
    return `\\u00${found.charCodeAt(found.length - 1).toString(16)}`;
  });
}
