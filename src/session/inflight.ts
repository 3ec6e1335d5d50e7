/** Deliveries that were sent and are not acknowledged to the end: their ids and their window. */

import type { Delivery } from './delivery.ts';

const packetIdMax = 0xffff;
// Packet ids kept for SUBSCRIBE and UNSUBSCRIBE, however large the peer's window.
const reservedIdsMax = 1024;

export class Inflight {
  // In the order of sending, which redelivery keeps. [MQTT-4.6.0-1]
  #deliveries: Map<number, Delivery> | undefined;
  #bytes = 0;
  #payloadBytes = 0;
  // Packet ids of SUBSCRIBE and UNSUBSCRIBE, which share the numbers. [MQTT-2.2.1-2]
  #reserved: Set<number> | undefined;
  #windowMax = 0;
  #windowUsed = 0;
  #lastPacketId = 0;

  get size(): number {
    return this.#deliveries?.size ?? 0;
  }

  /** Of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** No more may be sent for now. */
  get isFull(): boolean {
    return this.#windowUsed >= this.#windowMax;
  }

  get(packetId: number): Delivery | undefined {
    return this.#deliveries?.get(packetId);
  }

  has(delivery: Delivery): boolean {
    return this.#deliveries?.get(delivery.packetId) === delivery;
  }

  values(): Iterable<Delivery> {
    return this.#deliveries?.values() ?? [];
  }

  /** A connection begins: nothing counts against its window of `windowMax` messages yet. */
  begin(windowMax: number): void {
    this.#windowMax = Math.min(windowMax, packetIdMax - reservedIdsMax);
    this.#windowUsed = 0;
    for (const delivery of this.values()) delivery.counted = false;
  }

  /** Gives the delivery its packet id. */
  add(delivery: Delivery): void {
    const packetId = this.#nextPacketId();
    // The window is far below the number of packet ids: cannot fail.
    if (packetId === undefined) throw new Error('no packet id is free');
    delivery.packetId = packetId;
    this.#insert(delivery);
    this.count(delivery);
  }

  /** One that had its packet id before. */
  restore(delivery: Delivery): void {
    delivery.counted = false;
    this.#insert(delivery);
  }

  /** It counts against the window of the present connection. */
  count(delivery: Delivery): void {
    if (delivery.counted) return;
    delivery.counted = true;
    this.#windowUsed++;
  }

  delete(delivery: Delivery): void {
    this.#deliveries!.delete(delivery.packetId);
    this.#bytes -= delivery.message.bytes;
    this.#payloadBytes -= delivery.message.payload.length;
    if (delivery.counted) this.#windowUsed--;
    delivery.counted = false;
  }

  clear(): void {
    this.#deliveries = undefined;
    this.#bytes = 0;
    this.#payloadBytes = 0;
    this.#windowUsed = 0;
  }

  /** @returns undefined when 1,024 are in use */
  reservePacketId(): number | undefined {
    if (this.#reserved !== undefined && this.#reserved.size >= reservedIdsMax) return undefined;
    const packetId = this.#nextPacketId();
    if (packetId === undefined) return undefined;
    this.#reserved ??= new Set();
    this.#reserved.add(packetId);
    return packetId;
  }

  freePacketId(packetId: number): void {
    this.#reserved?.delete(packetId);
  }

  #insert(delivery: Delivery): void {
    this.#deliveries ??= new Map();
    this.#deliveries.set(delivery.packetId, delivery);
    this.#bytes += delivery.message.bytes;
    this.#payloadBytes += delivery.message.payload.length;
  }

  #nextPacketId(): number | undefined {
    for (let tries = 0; tries < packetIdMax; tries++) {
      this.#lastPacketId = this.#lastPacketId === packetIdMax ? 1 : this.#lastPacketId + 1;
      if (this.#deliveries?.has(this.#lastPacketId)) continue;
      if (this.#reserved?.has(this.#lastPacketId)) continue;
      return this.#lastPacketId;
    }
    return undefined;
  }
}
