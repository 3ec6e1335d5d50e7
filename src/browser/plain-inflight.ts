/** Deliveries in flight of a page's one connection: in the place of `session/inflight.ts`. */

import type { Delivery } from '../session/delivery.ts';
import type { Inflight as ByLowBits } from '../session/inflight.ts';

const packetIdMax = 0xffff;
const reservedIdsMax = 1024;

export class Inflight implements Pick<ByLowBits, keyof ByLowBits> {
  // In the order of sending, which redelivery keeps. [MQTT-4.6.0-1]
  readonly #byPacketId = new Map<number, Delivery>();
  readonly #reserved = new Set<number>();
  #payloadBytes = 0;
  #windowMax = 0;
  #windowUsed = 0;
  #lastPacketId = 0;

  get size(): number {
    return this.#byPacketId.size;
  }

  get messageBytes(): number {
    return this.values().reduce((sum, { message }) => sum + message.bytes, 0);
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  get isFull(): boolean {
    return this.#windowUsed >= this.#windowMax;
  }

  get(packetId: number): Delivery | undefined {
    return this.#byPacketId.get(packetId);
  }

  has(delivery: Delivery): boolean {
    return this.get(delivery.packetId) === delivery;
  }

  values(): Delivery[] {
    return [...this.#byPacketId.values()];
  }

  begin(windowMax: number): void {
    this.#windowMax = Math.min(windowMax, packetIdMax - reservedIdsMax);
    this.#windowUsed = 0;
    for (const delivery of this.values()) delivery.counted = false;
  }

  add(delivery: Delivery): void {
    delivery.packetId = this.#nextPacketId();
    this.#insert(delivery);
    this.count(delivery);
  }

  restore(delivery: Delivery): void {
    delivery.counted = false;
    const other = this.get(delivery.packetId);
    if (other !== undefined) this.delete(other);
    this.#insert(delivery);
  }

  count(delivery: Delivery): void {
    if (!delivery.counted) this.#windowUsed++;
    delivery.counted = true;
  }

  delete(delivery: Delivery): void {
    this.#byPacketId.delete(delivery.packetId);
    this.#payloadBytes -= delivery.message.payloadBytes;
    if (delivery.counted) this.#windowUsed--;
    delivery.counted = false;
  }

  clear(): void {
    this.#byPacketId.clear();
    this.#payloadBytes = 0;
    this.#windowUsed = 0;
  }

  reservePacketId(): number | undefined {
    if (this.#reserved.size >= reservedIdsMax) return undefined;
    const packetId = this.#nextPacketId();
    this.#reserved.add(packetId);
    return packetId;
  }

  freePacketId(packetId: number): void {
    this.#reserved.delete(packetId);
  }

  #insert(delivery: Delivery): void {
    this.#byPacketId.set(delivery.packetId, delivery);
    this.#payloadBytes += delivery.message.payloadBytes;
  }

  /** The window and what is reserved are together fewer than the ids: one is free. */
  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % packetIdMax) + 1;
    while (this.#byPacketId.has(this.#lastPacketId) || this.#reserved.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}
