/** Packets as they come and go, a line for each, as `-d` of Mosquitto's tools prints them. */

import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';

export interface TraceOptions {
  readonly print: (line: string) => void;
  /** What becomes of subscriptions is told, too, as mosquitto_sub does. */
  readonly tellsSubscribed: boolean;
}

export class PacketTrace {
  readonly #options: TraceOptions;
  /** Mosquitto's library numbers messages of QoS 0 as well, in one row with packet ids. */
  #lastId = 0;

  constructor(options: TraceOptions) {
    this.#options = options;
  }

  /** @param client its identifier, if it has one yet */
  sent(client: string, packet: Packet): void {
    const start = `Client ${client || '(null)'} sending ${packet.type.toUpperCase()}`;
    for (const details of this.#detailsSent(packet)) this.#options.print(start + details);
  }

  /** @param client as above; CONNACK may bring one */
  received(client: string, packet: Packet): void {
    const { print, tellsSubscribed } = this.#options;
    const assigned =
      packet.type === 'connack' ? packet.properties?.assignedClientIdentifier : undefined;
    const start = `Client ${(assigned ?? client) || '(null)'} received`;
    print(`${start} ${packet.type.toUpperCase()}${detailsReceived(packet)}`);
    if (packet.type !== 'suback' || !tellsSubscribed) return;
    print(`Subscribed (mid: ${packet.packetId}): ${packet.reasonCodes.join(', ')}`);
  }

  #detailsSent(packet: Packet): string[] {
    switch (packet.type) {
      case 'publish': {
        const packetId = packet.qos === 0 ? this.#lastId + 1 : packet.packetId;
        this.#lastId = packetId;
        // Where an alias stands for the topic, Mosquitto's library has none.
        return [publishDetails({ ...packet, packetId, topic: packet.topic || '(null)' })];
      }
      case 'subscribe':
        this.#lastId = packet.packetId;
        return packet.subscriptions.map(({ filter, qos, ...options }) => {
          const details = `Topic: ${filter}, QoS: ${qos}, Options: ${hexOf(optionBits(options))}`;
          return ` (Mid: ${packet.packetId}, ${details})`;
        });
      case 'unsubscribe':
        this.#lastId = packet.packetId;
        return packet.filters.map((filter) => ` (Mid: ${packet.packetId}, Topic: ${filter})`);
      case 'puback':
      case 'pubrec':
        return [` (m${packet.packetId}, rc${packet.reasonCode})`];
      case 'pubrel':
      case 'pubcomp':
        return [` (m${packet.packetId})`];
      default:
        return [''];
    }
  }
}

function detailsReceived(packet: Packet): string {
  switch (packet.type) {
    case 'publish':
      return publishDetails(packet);
    case 'puback':
    case 'pubcomp':
      return ` (Mid: ${packet.packetId}, RC:${packet.reasonCode})`;
    case 'pubrec':
    case 'pubrel':
      return ` (Mid: ${packet.packetId})`;
    case 'connack':
    case 'disconnect':
      return ` (${packet.reasonCode})`;
    default:
      return '';
  }
}

function publishDetails({ dup, qos, retain, packetId, topic, payload }: Publish): string {
  const flags = `d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}`;
  return ` (${flags}, '${topic}', ... (${payload.length} bytes))`;
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
