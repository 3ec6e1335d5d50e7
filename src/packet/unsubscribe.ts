/** UNSUBSCRIBE: a client wants no more of these filters (MQTT 5.0 section 3.10). */

import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { packetTypes } from './packet-types.ts';
import type { PropertiesIn } from './properties.ts';
import { readProperties, writeProperties } from './property-block.ts';
import { malformed } from './protocol-error.ts';
import { reasonCodes } from './reason-codes.ts';
import type { ProtocolVersion } from './version.ts';
import { readTopicFilter } from './visible-text.ts';

export type UnsubscribeProperties = PropertiesIn<'unsubscribe'>;

export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties?: UnsubscribeProperties | undefined;
}

export function readUnsubscribe(body: ByteReader, version: ProtocolVersion): Unsubscribe {
  const packetId = body.packetId(reasonCodes.malformedPacket); // as Mosquitto
  const properties = version === 5 ? readProperties(body, 'unsubscribe') : undefined;
  if (body.remaining === 0) {
    // [MQTT-3.10.3-2], for Mosquitto malformed
    throw malformed('unsubscribe has no topic filter');
  }
  const filters: string[] = [];
  while (body.remaining > 0) filters.push(readTopicFilter(body));
  return { type: 'unsubscribe', packetId, filters, properties };
}

export function writeUnsubscribe(
  out: ByteWriter,
  packet: Unsubscribe,
  version: ProtocolVersion,
): void {
  if (packet.filters.length === 0) throw new RangeError('unsubscribe needs a topic filter');
  const start = out.openPacket(packetTypes.unsubscribe.firstByte);
  out.packetId(packet.packetId);
  if (version === 5) writeProperties(out, 'unsubscribe', packet.properties);
  for (const filter of packet.filters) out.text(filter);
  out.closeBlock(start);
}
