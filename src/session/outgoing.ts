/** The sending side of QoS 0, 1 and 2: packet ids, window, queue, redelivery. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { QoS } from '../packet/version.ts';
import { type Delivery, type DropCause, outOfTurn, type Terms } from './delivery.ts';
import type { DeliveryKeeper } from './delivery-keeper.ts';
import { DeliveryQueue, type WaitingDeliveries } from './delivery-queue.ts';
import { Fifo } from './fifo.ts';
import { Inflight } from './inflight.ts';
import type { Message } from './message.ts';
import type { OutgoingEvents, OutgoingLimits } from './outgoing-options.ts';
import type { Outlet } from './outlet.ts';
import type { Shelf } from './shelf.ts';
import type { StoredQueue } from './stored-queue.ts';

/**
 * The messages for one peer. Those of QoS 1 and 2 stay until the peer has acknowledged them,
 * through any number of connections; after each reconnect they are sent again in their order.
 *
 * With a keeper they outlive the process, and while the peer is away they take no memory. QoS 1
 * need not wait for the store: if its state is lost, the message comes from its publisher again.
 * QoS 2 must: the peer takes what comes with a packet id that it knows for a duplicate, and so each
 * packet leaves only when its id and state are safe.
 */
export class Outgoing {
  readonly #limits: OutgoingLimits;
  readonly #events: OutgoingEvents;
  readonly #keeper: DeliveryKeeper | undefined;
  readonly #inflight = new Inflight();
  #outlet: Outlet | undefined;
  #queue: WaitingDeliveries | undefined;
  // The same, where there is a keeper.
  #stored: StoredQueue | undefined;
  // Those in flight whose packet has to be sent on this connection: all after a reconnect, and
  // those that the store has let go.
  #due: Delivery[] | undefined;
  // Those whose packet waits for the store, in the order in which they are to leave. What is stored
  // first need not be what was sent first.
  #held: Fifo<Delivery> | undefined;

  /** @param shelf what the keeper has from before */
  constructor(
    limits: OutgoingLimits,
    events: OutgoingEvents,
    { keeper, shelf }: { keeper?: DeliveryKeeper | undefined; shelf?: Shelf | undefined } = {},
  ) {
    this.#limits = limits;
    this.#events = events;
    this.#keeper = keeper;
    if (shelf !== undefined) this.#createQueue(shelf);
  }

  /** Deliveries that were sent and are not acknowledged to the end. */
  get unacknowledgedCount(): number {
    return this.#inflight.size + (this.#stored?.shelf.inflightCount ?? 0);
  }

  get queuedCount(): number {
    return this.#queue?.length ?? 0;
  }

  /** Bytes of the messages that are held, in flight or waiting. */
  get heldBytes(): number {
    const shelvedBytes = this.#stored?.shelf.inflightBytes ?? 0;
    return this.#inflight.messageBytes + shelvedBytes + (this.#queue?.bytes ?? 0);
  }

  /** True when the queue takes no more. */
  get isQueueAtLimit(): boolean {
    return this.#queue?.isAtLimit ?? false;
  }

  /** What only the store has. */
  get shelf(): Shelf | undefined {
    return this.#stored?.shelf;
  }

  /** True when a message of this QoS would leave at once. */
  isReadyFor(qos: QoS): boolean {
    if (qos === 0) return this.#outlet?.canTake === true && !this.#hasQueuedQos0();
    if (this.#due !== undefined || !this.#mayPublish()) return false;
    return this.#queue === undefined || this.#queue.isEmpty;
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
    this.#stored?.interrupt();
    this.#inflight.begin(Math.min(receiveMax, ownMax));
    this.#held = undefined;
    if (this.#inflight.size > 0) this.#due = [...this.#inflight.values()];
    this.pump(now);
  }

  /** The peer is away. */
  suspend(): void {
    this.#outlet = undefined;
    this.#due = undefined;
    this.#stored?.interrupt();
    this.#shelve();
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
    if (!this.isReadyFor(qos)) return this.#enqueue(message, qos, retain, terms, now);
    message.keep();
    this.#send(this.#accept(message, qos, retain, terms));
  }

  /** Sends what may leave now; call when the outlet can take more or time has passed. */
  pump(now: number): void {
    if (this.#due !== undefined && !this.#pumpDue()) return;
    const queue = this.#queue;
    if (queue === undefined) return;
    const stored = this.#stored;
    // All that was in flight comes first, and its packet ids are not to be given to others.
    if (stored !== undefined && stored.shelf.inflightCount > 0) return this.#load(stored);
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (next.message.expiresAt <= now) {
        queue.shift();
        this.#drop(next, 'expired');
      } else if (next.qos === 0 ? this.#outlet?.canTake : this.#mayPublish()) {
        queue.shift();
        if (this.#events.isBarred?.(next.message)) this.#drop(next, 'not allowed');
        else this.#send(next);
      } else {
        break;
      }
    }
    if (stored?.isLow) this.#load(stored);
  }

  /** What the keeper was given of the delivery is safe. */
  kept(delivery: Delivery, now: number): void {
    if (delivery.held) {
      delivery.held = false;
      this.#letGo(now);
      this.#events.eased?.(now);
    }
    this.#shelve();
  }

  /** The message is taken back: it does not go to a peer that it was not sent to. */
  takeBack(delivery: Delivery, now: number): void {
    if (this.#queue?.remove(delivery)) return this.#drop(delivery, 'not stored');
    if (!delivery.held || delivery.state !== 'published' || !this.#inflight.has(delivery)) return;
    this.#inflight.delete(delivery);
    delivery.held = false;
    this.#drop(delivery, 'not stored');
    this.#letGo(now);
    this.pump(now);
  }

  /** Gives up the first delivery for which it holds, of those that wait in memory. */
  giveUp(isMeant: (delivery: Delivery) => boolean): boolean {
    const delivery = this.#queue?.take(isMeant);
    if (delivery) this.#drop(delivery, 'queue full');
    return delivery !== undefined;
  }

  /**
   * PUBACK.
   *
   * @throws ProtocolError when the id belongs to a QoS 2 delivery
   */
  acknowledged(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight.get(packetId);
    if (delivery === undefined) return;
    if (delivery.qos !== 1) throw outOfTurn('PUBACK', delivery);
    this.#end(delivery, reasonCode);
    this.pump(now);
  }

  /**
   * PUBREC: answers with PUBREL, also when the id is not known. [MQTT-4.3.3-4]
   *
   * @throws ProtocolError when the id belongs to a QoS 1 delivery
   */
  received(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight.get(packetId);
    if (delivery === undefined) {
      // What is in flight is still being loaded: PUBLISH comes once more, and then PUBREC.
      if ((this.#stored?.shelf.inflightCount ?? 0) > 0) return;
      // A failure has ended the exchange; there is nothing to release.
      if (reasonCode < 0x80) this.#outlet?.pubrel(packetId, reasonCodes.packetIdentifierNotFound);
      return;
    }
    if (delivery.qos !== 2) throw outOfTurn('PUBREC', delivery);
    if (reasonCode >= 0x80) {
      this.#end(delivery, reasonCode);
      this.pump(now);
      return;
    }
    if (delivery.state !== 'released') {
      delivery.state = 'released';
      this.#save(delivery);
    }
    if (!delivery.held) this.#outlet?.pubrel(packetId, reasonCodes.success);
  }

  /**
   * PUBCOMP.
   *
   * @throws ProtocolError when PUBACK or PUBREC is due first
   */
  completed(packetId: number, reasonCode: ReasonCode, now: number): void {
    const delivery = this.#inflight.get(packetId);
    if (delivery === undefined) return;
    if (delivery.state !== 'released') throw outOfTurn('PUBCOMP', delivery);
    this.#end(delivery, reasonCode);
    this.#letGo(now);
    this.pump(now);
  }

  /**
   * The session ends: gives back, in order, what no PUBACK or PUBREC has come for; the keeper is
   * to forget it once it has found another place. What only the store has comes before it.
   */
  abandon(): Delivery[] {
    const left: Delivery[] = [];
    for (const delivery of this.#inflight.values()) {
      if (delivery.state === 'published') left.push(delivery);
      else this.#keeper?.forget(delivery);
    }
    this.#inflight.clear();
    this.#outlet = undefined;
    this.#due = undefined;
    this.#held = undefined;
    return this.#queue === undefined ? left : left.concat(this.#queue.takeLoaded());
  }

  /**
   * Takes a packet id for a SUBSCRIBE or UNSUBSCRIBE; `freePacketId` gives it back.
   *
   * @returns undefined when 1,024 are in use
   */
  reservePacketId(): number | undefined {
    return this.#inflight.reservePacketId();
  }

  freePacketId(packetId: number): void {
    this.#inflight.freePacketId(packetId);
  }

  #deliverAtMostOnce(
    message: Message,
    retain: boolean,
    terms: Terms | undefined,
    now: number,
  ): void {
    const outlet = this.#outlet;
    // What has waited since the peer was away comes first. [MQTT-4.6.0-5]
    if (this.#hasQueuedQos0() || (outlet === undefined && this.#limits.queueQos0)) {
      this.#enqueue(message, 0, retain, terms, now);
      return;
    }
    if (outlet?.canTake !== true) {
      this.#events.dropped(message, 0, outlet === undefined ? 'offline' : 'slow receiver');
      return;
    }
    const fault = outlet.publish(message, 0, retain, terms, 0, false);
    if (fault !== undefined) this.#events.dropped(message, 0, fault);
  }

  #accept(message: Message, qos: QoS, retain: boolean, terms: Terms | undefined): Delivery {
    if (this.#keeper !== undefined) return this.#keeper.create(message, qos, retain, terms);
    return {
      sequence: 0,
      message,
      qos,
      retain,
      terms,
      packetId: 0,
      state: 'waiting',
      order: 0,
      counted: false,
      wasSent: false,
      held: false,
    };
  }

  #enqueue(
    message: Message,
    qos: QoS,
    retain: boolean,
    terms: Terms | undefined,
    now: number,
  ): void {
    const queue = this.#queue ?? this.#createQueue();
    if (!queue.hasRoomFor(message)) {
      // What has expired meanwhile must not keep others out.
      for (const expired of queue.removeExpired(now)) this.#drop(expired, 'expired');
      if (!queue.hasRoomFor(message)) {
        this.#events.dropped(message, qos, 'queue full');
        return;
      }
    }
    const delivery = this.#accept(message, qos, retain, terms);
    queue.push(delivery);
    this.#keeper?.save(delivery);
    message.keep();
  }

  #hasQueuedQos0(): boolean {
    return this.#queue !== undefined && this.#queue.qos0Count > 0;
  }

  #mayPublish(): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined || !outlet.canTake) return false;
    if (this.#inflight.isFull) return false;
    const bytesMax = this.#limits.inflightBytesMax;
    // One message may always be in flight, however large, or it would wait for ever.
    return !bytesMax || this.#inflight.payloadBytes < bytesMax;
  }

  #send(delivery: Delivery): void {
    const { message, qos, retain, terms } = delivery;
    if (qos > 0) {
      this.#inflight.add(delivery);
      delivery.state = 'published';
      if (this.#save(delivery)) return;
    }
    delivery.wasSent = true;
    const fault = this.#outlet!.publish(message, qos, retain, terms, delivery.packetId, false);
    if (fault !== undefined) return this.#discard(delivery, fault);
    if (qos === 0) this.#keeper?.forget(delivery);
  }

  /** @returns whether the packet that tells of it has to wait */
  #save(delivery: Delivery): boolean {
    if (this.#keeper === undefined) return false;
    const mayLeave = this.#keeper.save(delivery);
    delivery.held = !mayLeave && delivery.qos === 2;
    if (!delivery.held) return false;
    this.#held ??= new Fifo();
    this.#held.push(delivery);
    return true;
  }

  /** Has those leave that need not wait any more, nor for others before them. */
  #letGo(now: number): void {
    const held = this.#held;
    for (let first = held?.peek(); first !== undefined && !first.held; first = held?.peek()) {
      held!.shift();
      if (this.#outlet === undefined || !this.#inflight.has(first)) continue;
      this.#due ??= [];
      this.#due.push(first);
    }
    if (held?.length === 0) this.#held = undefined;
    if (this.#due !== undefined) this.pump(now);
  }

  /** @returns true when everything that is due has been sent */
  #pumpDue(): boolean {
    const due = this.#due!;
    let sent = 0;
    for (; sent < due.length; sent++) {
      const delivery = due[sent];
      // Settled by an acknowledgement that the peer sent for the connection before.
      if (!this.#inflight.has(delivery)) continue;
      if (delivery.held || !this.#sendDue(delivery)) break;
    }
    if (sent < due.length) {
      this.#due = due.slice(sent);
      return false;
    }
    this.#due = undefined;
    return true;
  }

  #sendDue(delivery: Delivery): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined) return false;
    const { message, qos, retain, terms, packetId, wasSent } = delivery;
    if (delivery.state === 'released') {
      // Counted though MQTT would let it be: so a peer that never sends PUBCOMP stays bounded.
      this.#inflight.count(delivery);
      outlet.pubrel(packetId, reasonCodes.success);
      return true;
    }
    if (!outlet.canTake || (!delivery.counted && this.#inflight.isFull)) return false;
    const isBarred = !delivery.counted && this.#events.isBarred?.(message);
    this.#inflight.count(delivery);
    delivery.wasSent = true;
    // [MQTT-3.3.1-1]: the DUP flag of everything that is sent again.
    const fault = isBarred
      ? 'not allowed'
      : outlet.publish(message, qos, retain, terms, packetId, wasSent);
    if (fault !== undefined) this.#discard(delivery, fault);
    return true;
  }

  /** [MQTT-3.1.2-25]: behaves as if the delivery had been completed. */
  #discard(delivery: Delivery, fault: DropCause): void {
    if (delivery.qos > 0) this.#settle(delivery, reasonCodes.packetTooLarge);
    else this.#keeper?.forget(delivery);
    this.#events.dropped(delivery.message, delivery.qos, fault);
  }

  /** The peer has ended it, and so long after its message was given to whoever gets it. */
  #end(delivery: Delivery, reasonCode: ReasonCode): void {
    this.#settle(delivery, reasonCode);
    delivery.message.letGo();
  }

  #settle(delivery: Delivery, reasonCode: ReasonCode): void {
    this.#inflight.delete(delivery);
    delivery.held = false;
    this.#keeper?.forget(delivery);
    this.#events.settled?.(delivery, reasonCode);
  }

  #drop(delivery: Delivery, cause: DropCause): void {
    this.#keeper?.forget(delivery);
    this.#events.dropped(delivery.message, delivery.qos, cause);
  }

  #createQueue(shelf?: Shelf): WaitingDeliveries {
    this.#stored = this.#keeper?.createQueue(this.#limits, shelf);
    this.#queue = this.#stored ?? new DeliveryQueue(this.#limits);
    return this.#queue;
  }

  #load(stored: StoredQueue): void {
    if (this.#outlet === undefined) return;
    stored.load((sent, lostCount, now) => {
      if (lostCount > 0) this.#events.unreadable?.(lostCount);
      for (const delivery of sent) {
        this.#inflight.restore(delivery);
        this.#due ??= [];
        this.#due.push(delivery);
      }
      this.pump(now);
      this.#events.eased?.(now);
    });
  }

  /** Leaves to the store what it has and memory does not need. */
  #shelve(): void {
    if (this.#outlet !== undefined) return this.#stored?.shelveRest();
    if (this.#keeper === undefined) return;
    if (this.#inflight.size > 0 && this.#queue === undefined) this.#createQueue();
    this.#stored?.shelveAll(this.#inflight);
  }
}
