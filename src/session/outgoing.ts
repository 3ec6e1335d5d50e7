/** The sending side of QoS 0, 1 and 2: packet ids, window, queue, redelivery. */

import { ProtocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import type { Delivery, DropCause, Terms } from './delivery.ts';
import { DeliveryQueue, type QueueLimits } from './delivery-queue.ts';
import type { Message } from './message.ts';

/** Where packets leave: the present connection. */
export interface Outlet {
  /** False while the network takes no more: what comes then waits, or is dropped at QoS 0. */
  readonly canTake: boolean;

  /** @returns false when the packet would exceed the peer's Maximum Packet Size. */
  publish(
    message: Message,
    qos: QoS,
    retain: boolean,
    terms: Terms | undefined,
    packetId: number,
    dup: boolean,
  ): boolean;

  pubrel(packetId: number, reasonCode: ReasonCode): void;
}

/** What the owner of the session is told. */
export interface OutgoingEvents {
  /** A delivery of QoS 1 or 2 has come to its end, with the peer's last reason code. */
  settled?(delivery: Delivery, reasonCode: ReasonCode): void;
  dropped(message: Message, qos: QoS, cause: DropCause): void;
}

export interface OutgoingLimits extends QueueLimits {
  /** Messages of QoS 1 and 2 that may be unacknowledged, before the peer's own limit; 0: none. */
  readonly inflightMessagesMax: number;
  /** The same in bytes; 0: no limit. */
  readonly inflightBytesMax: number;
  /** Whether QoS 0 waits in the queue too while the peer is away. */
  readonly queueQos0: boolean;
}

const packetIdMax = 0xffff;
// Packet ids kept for SUBSCRIBE and UNSUBSCRIBE, however large the peer's window.
const reservedIdsMax = 1024;

/**
 * The messages for one peer. Those of QoS 1 and 2 stay until the peer has acknowledged them,
 * through any number of connections; after each reconnect they are sent again in their order.
 */
export class Outgoing {
  readonly #limits: OutgoingLimits;
  readonly #events: OutgoingEvents;
  #outlet: Outlet | undefined;
  // In the order of sending, which redelivery keeps. [MQTT-4.6.0-1]
  #inflight: Map<number, Delivery> | undefined;
  #inflightBytes = 0;
  #queue: DeliveryQueue | undefined;
  // After a reconnect: those in flight that have not been sent again yet.
  #resend: Delivery[] | undefined;
  // Packet ids of SUBSCRIBE and UNSUBSCRIBE, which share the numbers. [MQTT-2.2.1-2]
  #reserved: Set<number> | undefined;
  #windowMax = 0;
  #windowUsed = 0;
  #lastPacketId = 0;

  constructor(limits: OutgoingLimits, events: OutgoingEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  /** Deliveries that were sent and are not acknowledged to the end. */
  get inflightCount(): number {
    return this.#inflight?.size ?? 0;
  }

  get queuedCount(): number {
    return this.#queue?.length ?? 0;
  }

  /** Bytes of the messages that are held, in flight or waiting. */
  get heldBytes(): number {
    return this.#inflightBytes + (this.#queue?.bytes ?? 0);
  }

  /** True when the queue takes no more. */
  get isFull(): boolean {
    return this.#queue?.isFull ?? false;
  }

  /** True when a message of this QoS would leave at once. */
  isReadyFor(qos: QoS): boolean {
    if (qos === 0) return this.#outlet?.canTake === true && !this.#hasQueuedQos0;
    return this.#mayPublish() && this.queuedCount === 0 && this.#resend === undefined;
  }

  /**
   * The peer is there (again): what is unacknowledged goes out once more, then what waits.
   * [MQTT-4.4.0-1]
   *
   * @param receiveMax the peer's Receive Maximum
   * @param now the clock's milliseconds
   */
  resume(outlet: Outlet, receiveMax: number, now: number): void {
    const ownMax = this.#limits.inflightMessagesMax || Number.POSITIVE_INFINITY;
    this.#outlet = outlet;
    this.#windowMax = Math.min(receiveMax, ownMax, packetIdMax - reservedIdsMax);
    this.#windowUsed = 0;
    if (this.inflightCount > 0) {
      this.#resend = [...this.#inflight!.values()];
      for (const delivery of this.#resend) delivery.counted = false;
    }
    this.pump(now);
  }

  /** The peer is away. */
  suspend(): void {
    this.#outlet = undefined;
    this.#resend = undefined;
  }

  /** Sends the message, or has it wait, or drops it and tells why. */
  deliver(
    message: Message,
    qos: QoS,
    retain: boolean,
    terms: Terms | undefined,
    now: number,
  ): void {
    if (qos === 0) {
      this.#deliverAtMostOnce(message, retain, terms, now);
      return;
    }
    const delivery = this.#accept(message, qos, retain, terms);
    if (this.isReadyFor(qos)) {
      this.#send(delivery);
      return;
    }
    this.#enqueue(delivery, now);
  }

  /** Sends what may leave now; call when the outlet can take more or time has passed. */
  pump(now: number): void {
    if (this.#resend !== undefined && !this.#pumpResend()) return;
    const queue = this.#queue;
    if (queue === undefined) return;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (next.message.expiresAt <= now) {
        queue.shift();
        this.#events.dropped(next.message, next.qos, 'expired');
      } else if (next.qos === 0 ? this.#outlet?.canTake : this.#mayPublish()) {
        queue.shift();
        this.#send(next);
      } else {
        return;
      }
    }
  }

  /**
   * PUBACK.
   *
   * @throws ProtocolError when the id belongs to a QoS 2 delivery
   */
  acknowledged(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight?.get(packetId);
    if (delivery === undefined) return;
    if (delivery.qos !== 1) {
      throw new ProtocolError(
        reasonCodes.protocolError,
        `PUBACK for packet ${packetId}, which was sent with QoS 2: PUBREC expected`,
      );
    }
    this.#settle(delivery, reasonCode);
    this.pump(now);
  }

  /**
   * PUBREC: answers with PUBREL, also when the id is not known. [MQTT-4.3.3-4]
   *
   * @throws ProtocolError when the id belongs to a QoS 1 delivery
   */
  received(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight?.get(packetId);
    if (delivery === undefined) {
      // A failure has ended the exchange; there is nothing to release.
      if (reasonCode < 0x80) this.#outlet?.pubrel(packetId, reasonCodes.packetIdentifierNotFound);
      return;
    }
    if (delivery.qos !== 2) {
      throw new ProtocolError(
        reasonCodes.protocolError,
        `PUBREC for packet ${packetId}, which was sent with QoS 1: PUBACK expected`,
      );
    }
    if (reasonCode >= 0x80) {
      this.#settle(delivery, reasonCode);
      this.pump(now);
      return;
    }
    delivery.state = 'released';
    this.#outlet?.pubrel(packetId, reasonCodes.success);
  }

  /** PUBCOMP. */
  completed(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight?.get(packetId);
    if (delivery === undefined || delivery.state !== 'released') return;
    this.#settle(delivery, reasonCode);
    this.pump(now);
  }

  /** The session ends: gives back, in order, what no PUBACK or PUBREC has come for. */
  abandon(): Delivery[] {
    const left: Delivery[] = [];
    if (this.#inflight !== undefined) {
      for (const delivery of this.#inflight.values()) {
        if (delivery.state === 'published') left.push(delivery);
      }
    }
    for (let next = this.#queue?.shift(); next !== undefined; next = this.#queue?.shift()) {
      left.push(next);
    }
    this.#inflight = undefined;
    this.#inflightBytes = 0;
    this.suspend();
    return left;
  }

  /**
   * Takes a packet id for a SUBSCRIBE or UNSUBSCRIBE; `freePacketId` gives it back.
   *
   * @returns undefined when 1,024 are in use
   */
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

  #deliverAtMostOnce(
    message: Message,
    retain: boolean,
    terms: Terms | undefined,
    now: number,
  ): void {
    const outlet = this.#outlet;
    // What has waited since the peer was away comes first. [MQTT-4.6.0-5]
    if (this.#hasQueuedQos0 || (outlet === undefined && this.#limits.queueQos0)) {
      this.#enqueue(this.#accept(message, 0, retain, terms), now);
      return;
    }
    if (outlet === undefined) {
      this.#events.dropped(message, 0, 'offline');
      return;
    }
    if (!outlet.canTake) {
      this.#events.dropped(message, 0, 'slow receiver');
      return;
    }
    if (!outlet.publish(message, 0, retain, terms, 0, false)) {
      this.#events.dropped(message, 0, 'packet too large');
    }
  }

  #accept(message: Message, qos: QoS, retain: boolean, terms: Terms | undefined): Delivery {
    return { message, qos, retain, terms, packetId: 0, state: 'waiting', counted: false };
  }

  #enqueue(delivery: Delivery, now: number): void {
    this.#queue ??= new DeliveryQueue(this.#limits);
    if (!this.#queue.push(delivery)) {
      // What has expired meanwhile must not keep others out.
      for (const expired of this.#queue.removeExpired(now)) {
        this.#events.dropped(expired.message, expired.qos, 'expired');
      }
      if (!this.#queue.push(delivery)) {
        this.#events.dropped(delivery.message, delivery.qos, 'queue full');
        return;
      }
    }
    delivery.message.keep();
  }

  get #hasQueuedQos0(): boolean {
    return this.#queue !== undefined && this.#queue.qos0Count > 0;
  }

  #mayPublish(): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined || !outlet.canTake) return false;
    if (this.#windowUsed >= this.#windowMax) return false;
    const { inflightBytesMax } = this.#limits;
    // One message may always be in flight, however large, or it would wait for ever.
    if (inflightBytesMax > 0 && this.#inflightBytes >= inflightBytesMax) return false;
    return true;
  }

  #send(delivery: Delivery): void {
    const { message, qos, retain, terms } = delivery;
    if (qos > 0) {
      const packetId = this.#nextPacketId();
      // The window is far below the number of packet ids, and an outlet is there: cannot fail.
      if (packetId === undefined) throw new Error('no packet id is free');
      delivery.packetId = packetId;
      this.#inflight ??= new Map();
      this.#inflight.set(packetId, delivery);
      this.#inflightBytes += message.bytes;
      delivery.state = 'published';
      this.#count(delivery);
    }
    if (!this.#outlet!.publish(message, qos, retain, terms, delivery.packetId, false)) {
      this.#discardTooLarge(delivery);
      return;
    }
    if (qos > 0) message.keep();
  }

  /** @returns true when everything in flight has been sent again. */
  #pumpResend(): boolean {
    const resend = this.#resend!;
    let sent = 0;
    for (; sent < resend.length; sent++) {
      const delivery = resend[sent];
      // Settled by an acknowledgement that the peer sent for the connection before.
      if (this.#inflight?.get(delivery.packetId) !== delivery) continue;
      if (!this.#sendAgain(delivery)) break;
    }
    if (sent < resend.length) {
      this.#resend = resend.slice(sent);
      return false;
    }
    this.#resend = undefined;
    return true;
  }

  #sendAgain(delivery: Delivery): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined) return false;
    const { message, qos, retain, terms, packetId } = delivery;
    if (delivery.state === 'released') {
      // Counted though MQTT would let it be: so a peer that never sends PUBCOMP stays bounded.
      this.#count(delivery);
      outlet.pubrel(packetId, reasonCodes.success);
      return true;
    }
    if (!outlet.canTake || this.#windowUsed >= this.#windowMax) return false;
    this.#count(delivery);
    // [MQTT-3.3.1-1]: the DUP flag of everything that is sent again.
    if (!outlet.publish(message, qos, retain, terms, packetId, true)) {
      this.#discardTooLarge(delivery);
    }
    return true;
  }

  /** [MQTT-3.1.2-25]: behaves as if the delivery had been completed. */
  #discardTooLarge(delivery: Delivery): void {
    if (delivery.qos > 0) this.#settle(delivery, reasonCodes.packetTooLarge);
    this.#events.dropped(delivery.message, delivery.qos, 'packet too large');
  }

  #count(delivery: Delivery): void {
    delivery.counted = true;
    this.#windowUsed++;
  }

  #settle(delivery: Delivery, reasonCode: ReasonCode): void {
    this.#inflight!.delete(delivery.packetId);
    this.#inflightBytes -= delivery.message.bytes;
    if (delivery.counted) this.#windowUsed--;
    delivery.counted = false;
    this.#events.settled?.(delivery, reasonCode);
  }

  #nextPacketId(): number | undefined {
    for (let tries = 0; tries < packetIdMax; tries++) {
      this.#lastPacketId = this.#lastPacketId === packetIdMax ? 1 : this.#lastPacketId + 1;
      if (this.#inflight?.has(this.#lastPacketId)) continue;
      if (this.#reserved?.has(this.#lastPacketId)) continue;
      return this.#lastPacketId;
    }
    return undefined;
  }
}
