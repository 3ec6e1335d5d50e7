/** All packets of all clients, a line each, for whoever wants to know how it came to a failure. */

import { writeFileSync } from 'node:fs';
import type { Packet } from '../../src/packet/packet.ts';

export class PacketLog implements Disposable {
  readonly #path: string;
  readonly #startedAt = performance.now();
  readonly #lines: string[] = [];

  /** @param path the file that it leaves behind */
  constructor(path: string) {
    this.#path = path;
  }

  /** @param direction `>` to the broker, `<` from it, `x` when there is no connection */
  add(clientId: string, direction: '>' | '<' | 'x', packet: Packet): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(4);
    this.#lines.push(`${seconds} ${clientId} ${direction} ${textOf(packet)}`);
  }

  [Symbol.dispose](): void {
    writeFileSync(this.#path, `${this.#lines.join('\n')}\n`);
  }
}

function textOf(packet: Packet): string {
  switch (packet.type) {
    case 'connack':
      return `connack 0x${packet.reasonCode.toString(16)} present=${packet.sessionPresent}`;
    case 'publish': {
      const { qos, packetId, dup, retain, topic, payload } = packet;
      const label = Buffer.from(payload).toString('latin1', 0, 20).split(' ')[0];
      const flags = `${dup ? ' DUP' : ''}${retain ? ' retain' : ''}`;
      return `publish ${packetId} QoS ${qos}${flags} ${topic} ${label}`;
    }
    case 'subscribe':
      return `subscribe ${packet.packetId} ${packet.subscriptions.map(({ filter }) => filter)}`;
    case 'unsubscribe':
      return `unsubscribe ${packet.packetId} ${packet.filters}`;
    default:
      return 'packetId' in packet ? `${packet.type} ${packet.packetId}` : packet.type;
  }
}
