/** What a client keeps from connection to connection: QoS 1 and 2 that are not at their end. */

import type { Publish } from '../../src/packet/publish.ts';
import { BrokenPromise } from './broken-promise.ts';

interface Unacknowledged {
  readonly publish: Publish;
  /** PUBREC has come, so that PUBREL is what is sent again. */
  isReceived: boolean;
}

export class DeviceSession {
  readonly #clientId: string;
  readonly #outgoing = new Map<number, Unacknowledged>();
  readonly #incoming = new Set<number>();

  constructor(clientId: string) {
    this.#clientId = clientId;
  }

  get unacknowledgedCount(): number {
    return this.#outgoing.size;
  }

  /** The broker has no session: neither has the client. */
  clear(): void {
    this.#outgoing.clear();
    this.#incoming.clear();
  }

  /** The lowest free one, so that ids are soon used again. */
  freePacketId(): number {
    let packetId = 1;
    while (this.#outgoing.has(packetId)) packetId++;
    return packetId;
  }

  published(publish: Publish): void {
    this.#outgoing.set(publish.packetId, { publish, isReceived: false });
  }

  /** What has to be sent again on a new connection, in its order. */
  unacknowledged(): Iterable<Unacknowledged> {
    return this.#outgoing.values();
  }

  acknowledged(packetId: number): void {
    const { publish } = this.#known(packetId, 'PUBACK');
    if (publish.qos !== 1) throw this.#unexpected(packetId, 'PUBACK');
    this.#outgoing.delete(packetId);
  }

  /** PUBREC; one with a failure ends the exchange. */
  received(packetId: number, reasonCode: number): void {
    const known = this.#known(packetId, 'PUBREC');
    if (known.publish.qos !== 2 || known.isReceived) throw this.#unexpected(packetId, 'PUBREC');
    if (reasonCode >= 0x80) this.#outgoing.delete(packetId);
    else known.isReceived = true;
  }

  completed(packetId: number): void {
    if (!this.#known(packetId, 'PUBCOMP').isReceived) throw this.#unexpected(packetId, 'PUBCOMP');
    this.#outgoing.delete(packetId);
  }

  /** @returns false for a QoS 2 message that was taken before [MQTT-4.3.3-10] */
  takesExactlyOnce(packetId: number): boolean {
    if (this.#incoming.has(packetId)) return false;
    this.#incoming.add(packetId);
    return true;
  }

  released(packetId: number): void {
    this.#incoming.delete(packetId);
  }

  #known(packetId: number, type: string): Unacknowledged {
    const known = this.#outgoing.get(packetId);
    if (known === undefined) throw this.#unexpected(packetId, type);
    return known;
  }

  #unexpected(packetId: number, type: string): BrokenPromise {
    const message = `${type} ${packetId} arrives, which the client does not wait for`;
    return new BrokenPromise('answers', this.#clientId, message);
  }
}
