/** Deliveries that were sent and are not acknowledged to the end: their ids and their window. */

import type { Delivery } from './delivery.ts';

const packetIdMax = 0xffff;
// Packet ids kept for SUBSCRIBE and UNSUBSCRIBE, however large the peer's window.
const reservedIdsMax = 1024;
const placesFirst = 16;

/**
 * Finds deliveries by the low bits of their packet ids: ids are given so that no two of them have
 * the same. A Map would be built anew again and again, as ids come and go.
 */
export class Inflight {
  // Of a power of two, and at least twice as many as are in use.
  #places: (Delivery | undefined)[] | undefined;
  #size = 0;
  #sent = 0;
  #payloadBytes = 0;
  // Packet ids of SUBSCRIBE and UNSUBSCRIBE, which share the numbers. [MQTT-2.2.1-2]
  #reserved: Set<number> | undefined;
  #windowMax = 0;
  #windowUsed = 0;
  #lastPacketId = 0;

  get size(): number {
    return this.#size;
  }

  /** Of memory; seldom asked for, and so not counted as messages come and go. */
  get messageBytes(): number {
    return this.values().reduce((sum, { message }) => sum + message.bytes, 0);
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** No more may be sent for now. */
  get isFull(): boolean {
    return this.#windowUsed >= this.#windowMax;
  }

  get(packetId: number): Delivery | undefined {
    const places = this.#places;
    if (places === undefined) return undefined;
    const delivery = places[packetId & (places.length - 1)];
    return delivery?.packetId === packetId ? delivery : undefined;
  }

  has(delivery: Delivery): boolean {
    return this.get(delivery.packetId) === delivery;
  }

  /** In the order of sending, which redelivery keeps. [MQTT-4.6.0-1] */
  values(): Delivery[] {
    if (this.#size === 0) return [];
    const deliveries = this.#places!.filter((delivery) => delivery !== undefined);
    return deliveries.sort((one, other) => one.order - other.order);
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

  /** One that had its packet id before; in place of another with the same, as a store may have. */
  restore(delivery: Delivery): void {
    delivery.counted = false;
    const other = this.get(delivery.packetId);
    if (other !== undefined) this.delete(other);
    this.#insert(delivery);
  }

  /** It counts against the window of the present connection. */
  count(delivery: Delivery): void {
    if (delivery.counted) return;
    delivery.counted = true;
    this.#windowUsed++;
  }

  delete(delivery: Delivery): void {
    const places = this.#places!;
    places[delivery.packetId & (places.length - 1)] = undefined;
    this.#size--;
    this.#payloadBytes -= delivery.message.payloadBytes;
    if (delivery.counted) this.#windowUsed--;
    delivery.counted = false;
  }

  clear(): void {
    this.#places = undefined;
    this.#size = 0;
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
    const places = this.#room(delivery.packetId);
    places[delivery.packetId & (places.length - 1)] = delivery;
    delivery.order = this.#sent++;
    this.#size++;
    this.#payloadBytes += delivery.message.payloadBytes;
  }

  /** Places of which that of the packet id is free. */
  #room(packetId: number): (Delivery | undefined)[] {
    this.#places ??= new Array(placesFirst).fill(undefined);
    while (this.#size * 2 >= this.#places.length || !this.#isFree(packetId)) this.#grow();
    return this.#places;
  }

  #isFree(packetId: number): boolean {
    const places = this.#places;
    return places === undefined || places[packetId & (places.length - 1)] === undefined;
  }

  /** What lies apart still does where one bit more counts. */
  #grow(): void {
    const before = this.#places!;
    const places = new Array<Delivery | undefined>(before.length * 2).fill(undefined);
    for (const delivery of before) {
      if (delivery !== undefined) places[delivery.packetId & (places.length - 1)] = delivery;
    }
    this.#places = places;
  }

  #nextPacketId(): number | undefined {
    for (let tries = 0; tries < packetIdMax; tries++) {
      this.#lastPacketId = this.#lastPacketId === packetIdMax ? 1 : this.#lastPacketId + 1;
      if (!this.#isFree(this.#lastPacketId)) continue;
      if (this.#reserved?.has(this.#lastPacketId)) continue;
      return this.#lastPacketId;
    }
    return undefined;
  }
}
