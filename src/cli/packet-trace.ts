/** Packets as they come and go, a line for each, as `-d` of Mosquitto's tools prints them. */

import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';

/** @param client its identifier, if it has one yet */
export function sentLines(client: string, packet: Packet): string[] {
  const start = `Client ${client || '(null)'} sending ${packet.type.toUpperCase()}`;
  switch (packet.type) {
    case 'publish':
      return [`${start} ${publishDetails(packet)}`];
    case 'subscribe':
      return packet.subscriptions.map(({ filter, qos, ...options }) => {
        const details = `Topic: ${filter}, QoS: ${qos}, Options: ${hexOf(optionBits(options))}`;
        return `${start} (Mid: ${packet.packetId}, ${details})`;
      });
    case 'unsubscribe':
      return packet.filters.map((filter) => `${start} (Mid: ${packet.packetId}, Topic: ${filter})`);
    case 'puback':
    case 'pubrec':
      return [`${start} (m${packet.packetId}, rc${packet.reasonCode})`];
    case 'pubrel':
    case 'pubcomp':
      return [`${start} (m${packet.packetId})`];
    default:
      return [start];
  }
}

/** @param client as above; CONNACK may bring one */
export function receivedLines(client: string, packet: Packet): string[] {
  const assigned =
    packet.type === 'connack' ? packet.properties?.assignedClientIdentifier : undefined;
  const start = `Client ${(assigned ?? client) || '(null)'} received ${packet.type.toUpperCase()}`;
  switch (packet.type) {
    case 'publish':
      return [`${start} ${publishDetails(packet)}`];
    case 'suback':
      return [start, `Subscribed (mid: ${packet.packetId}): ${packet.reasonCodes.join(', ')}`];
    case 'puback':
    case 'pubcomp':
      return [`${start} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`];
    case 'pubrec':
    case 'pubrel':
      return [`${start} (Mid: ${packet.packetId})`];
    case 'connack':
    case 'disconnect':
      return [`${start} (${packet.reasonCode})`];
    default:
      return [start];
  }
}

function publishDetails({ dup, qos, retain, packetId, topic, payload }: Publish): string {
  const flags = `d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}`;
  return `(${flags}, '${topic}', ... (${payload.length} bytes))`;
}

interface Options {
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: number;
}

function optionBits({ noLocal, retainAsPublished, retainHandling }: Options): number {
  return (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
}

function hexOf(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
