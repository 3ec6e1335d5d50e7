/** Text as a server takes it from its clients: without characters that nobody can see. */

import type { ByteReader } from './byte-reader.ts';
import { malformed } from './protocol-error.ts';
import { malformedText } from './text.ts';
import { decodeTopicName } from './topic-name.ts';

/**
 * The text, if it has neither control characters nor what Unicode calls no character. MQTT advises
 * against them and allows to refuse them (5.0 section 1.5.4), which Mosquitto does.
 */
export function visibleText(text: string): string {
  if (!invisible.test(text)) return text;
  throw malformedText('a control character, or what is no character');
}

const invisible = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** As `decodeTopicName`; refuses invisible characters, too. */
export function decodePublishedTopic(bytes: Uint8Array, start: number, end: number): string {
  return visibleText(decodeTopicName(bytes, start, end));
}

/** Reads a text that is a topic filter as far as this layer knows: it is visible and not empty. */
export function readTopicFilter(body: ByteReader): string {
  const filter = visibleText(body.text());
  if (filter !== '') return filter;
  // [MQTT-4.7.3-1] names no code; this is Mosquitto's.
  throw malformed('an empty topic filter');
}
