/** Topic names as they come in: text without wildcards. */

import { malformed } from './protocol-error.ts';
import { decodeText, quoted } from './text.ts';

const plus = 0x2b;
const hash = 0x23;

/** Throws ProtocolError for what is no text, is empty [MQTT-4.7.3-1] or has a wildcard. */
export function decodeTopicName(bytes: Uint8Array, start: number, end: number): string {
  const topic = decodeText(bytes, start, end);
  if (start === end) {
    throw malformed('an empty topic name');
  }
  for (let at = start; at < end; at++) {
    if (bytes[at] !== plus && bytes[at] !== hash) continue;
    // [MQTT-3.3.2-2] names no code; this is Mosquitto's
    throw malformed(
      `topic name ${quoted(topic)} has a wildcard, which only a topic filter may have`,
    );
  }
  return topic;
}
