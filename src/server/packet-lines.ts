/** The debug log: every packet that comes and goes, in Mosquitto's words. */

import type { ClientIdentity } from '../broker/ports.ts';
import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { Log } from './log.ts';

/** The events of an observer that each packet makes, and what became of some. */
export function packetEvents(log: Log) {
  /** The last PUBLISH, which a denial may be about. */
  let lastTopic = '';
  let lastParts = '';
  return {
    publishDenied({ clientId }: ClientIdentity, topic: string): void {
      // A will is denied without a packet of its own.
      const parts = topic === lastTopic ? lastParts : `'${topic}'`;
      log.write('debug', `Denied PUBLISH from ${clientId} (${parts})`);
    },
    subscribeDenied({ clientId }: ClientIdentity, filter: string): void {
      log.write('debug', `Denied SUBSCRIBE from ${clientId} ('${filter}')`);
    },
    /** Here alone: who subscribes to `#` and may read little is denied much, and wants it so. */
    receiveDenied({ clientId }: ClientIdentity, topic: string, rule?: string): void {
      const cause = rule === undefined ? '' : `: ${rule}`;
      log.write('debug', `Denied PUBLISH to ${clientId} ('${topic}')${cause}`);
    },
    packetReceived(clientId: string | undefined, packet: Packet): void {
      if (packet.type === 'publish') {
        lastTopic = packet.topic;
        lastParts = publishParts(packet);
      }
      log.write('debug', `Received ${received(packet, clientId)}`);
      for (const line of detailsOf(packet)) log.write('debug', line);
    },
    packetSent(clientId: string | undefined, packet: Packet): void {
      log.write('debug', `Sending ${sent(packet, clientId)}`);
    },
  };
}

const unnamed = '<unknown>';

/** What is in a packet, but never a payload or a password. */
function received(packet: Packet, clientId = unnamed): string {
  const name = `${packet.type.toUpperCase()} from ${clientId}`;
  switch (packet.type) {
    case 'publish':
      return `${name} (${publishParts(packet)})`;
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
      return `${name} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`;
    case 'pubrel':
      return `${name} (Mid: ${packet.packetId})`;
    default:
      return name;
  }
}

function sent(packet: Packet, clientId = unnamed): string {
  const name = `${packet.type.toUpperCase()} to ${clientId}`;
  switch (packet.type) {
    case 'publish':
      return `${name} (${publishParts(packet)})`;
    case 'connack':
      return `${name} (${Number(packet.sessionPresent)}, ${packet.reasonCode})`;
    case 'puback':
    case 'pubrec':
      return `${name} (m${packet.packetId}, rc${packet.reasonCode})`;
    case 'pubrel':
    case 'pubcomp':
      return `${name} (m${packet.packetId})`;
    case 'disconnect':
      return `${name} (rc${packet.reasonCode})`;
    default:
      return name;
  }
}

function publishParts({ dup, qos, retain, packetId, topic, payload }: Publish): string {
  const flags = `d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}`;
  return `${flags}, '${topic}', ... (${payload.length} bytes)`;
}

/** The lines below some packets. */
function detailsOf(packet: Packet): string[] {
  switch (packet.type) {
    case 'connect': {
      if (packet.will === undefined) return ['No will message specified.'];
      const { payload, retain, qos, topic } = packet.will;
      const parts = `(${payload.length} bytes) (r${Number(retain)}, q${qos})`;
      return [`Will message specified ${parts}.`, `${indent}${topic}`];
    }
    case 'subscribe':
      return packet.subscriptions.map(({ filter, qos }) => `${indent}${filter} (QoS ${qos})`);
    case 'unsubscribe':
      return packet.filters.map((filter) => `${indent}${filter}`);
    default:
      return [];
  }
}

const indent = '\t';
