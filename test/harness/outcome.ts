/** What a test client has seen, in few words. */

import type { Packet } from '../../src/packet/packet.ts';
import { hexOf } from '../../src/packet/packet-notation.ts';
import type { TestClient } from './test-broker.ts';

/**
 * The packets that have arrived since the last look, with their reason codes in hexadecimal, and
 * whether the connection is over: `['disconnect 82', 'closed']`.
 */
export function outcomeOf(client: TestClient): string[] {
  const packets = client.received().map(wordsOf);
  return client.isClosed ? [...packets, 'closed'] : packets;
}

function wordsOf(packet: Packet): string {
  if ('reasonCode' in packet) return `${packet.type} ${hexOf(Uint8Array.of(packet.reasonCode))}`;
  if (packet.type === 'publish') return `publish ${new TextDecoder().decode(packet.payload)}`;
  return packet.type;
}
