/** Deliveries in flight of a page's one connection: in the place of `session/inflight.ts`. */

import type { Delivery } from '../session/delivery.ts';
import type { Inflight as ByLowBits } from '../session/inflight.ts';

const packetIdMax = 0xffff;
const reservedIdsMax = 1024;

export class Inflight implements Pick<ByLowBits, keyof ByLowBits> {
  // In the order of sending, which redelivery keeps [MQTT-4.6.0-1], and in which most are
  // acknowledged. No Map: see `client/publications.ts`.
  readonly #deliveries: Delivery[] = [];
  // Of these, and those of SUBSCRIBE and UNSUBSCRIBE.
  readonly #packetIds = new Set<number>();
  #windowMax = 0;
  #windowUsed = 0;
  #lastPacketId = 0;

  get size(): number {
    return this.#deliveries.length;
  }

  get messageBytes(): number {
    return this.values().reduce((sum, { message }) => sum + message.bytes, 0);
  }

  get payloadBytes(): number {
    return this.values().reduce((sum, { message }) => sum + message.payloadBytes, 0);
  }

  get isFull(): boolean {
    return this.#windowUsed >= this.#windowMax;
  }

  get(packetId: number): Delivery | undefined {
    return this.#deliveries.find((delivery) => delivery.packetId === packetId);
  }

  has(delivery: Delivery): boolean {
    return this.#deliveries.includes(delivery);
  }

  values(): Delivery[] {
    return [...this.#deliveries];
  }

  begin(windowMax: number): void {
    this.#windowMax = Math.min(windowMax, packetIdMax - reservedIdsMax);
    this.#windowUsed = 0;
    for (const delivery of this.#deliveries) delivery.counted = false;
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
    this.#deliveries.splice(this.#deliveries.indexOf(delivery), 1);
    this.#packetIds.delete(delivery.packetId);
    if (delivery.counted) this.#windowUsed--;
    delivery.counted = false;
  }

  clear(): void {
    for (const delivery of this.values()) this.delete(delivery);
  }

  reservePacketId(): number | undefined {
    if (this.#packetIds.size - this.size >= reservedIdsMax) return undefined;
    const packetId = this.#nextPacketId();
    this.#packetIds.add(packetId);
    return packetId;
  }

  freePacketId(packetId: number): void {
    this.#packetIds.delete(packetId);
  }

  #insert(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    this.#packetIds.add(delivery.packetId);
  }

  /** The window and what is reserved are together fewer than the ids: one is free. */
  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % packetIdMax) + 1;
    while (this.#packetIds.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}
