/** A delivery that is in the care of a store. */

import type { QoS } from '../../packet/version.ts';
import type { Delivery, Terms } from '../../session/delivery.ts';
import type { Message } from '../../session/message.ts';
import type { SharedGroup } from '../shared-group.ts';
import type { Changes } from './changes.ts';
import { writeDelivery } from './delivery-record.ts';
import type { Kept } from './kept.ts';
import { KeptMessage, type PlacingTools } from './kept-message.ts';
import { tables, writeNumber } from './keys.ts';
import { writeMessage } from './message-record.ts';

/** Terms of a subscription that may be shared, as it is or as it was. */
export interface KeptTerms extends Terms {
  /** As the client wrote it. */
  readonly filter?: string;
  readonly group?: SharedGroup | undefined;
}

/** The session that it belongs to, as far as it is concerned. */
export interface DeliveryOwner {
  /** Of the session, in the store. */
  readonly number: number;
  readonly placing: PlacingTools;
  takeBack(delivery: KeptDelivery): void;
  /** What was written of the delivery is safe. */
  deliveryStored(delivery: KeptDelivery, now: number): void;
}

// Of a delivery: not in the store; to be there with the commit under way; there.
type Presence = 'absent' | 'written' | 'stored';

export class KeptDelivery implements Delivery, Kept {
  isDirty = false;
  dirtyTurn = 0;
  dirtyAt = 0;
  packetId = 0;
  state: Delivery['state'] = 'waiting';
  order = 0;
  counted = false;
  wasSent = false;
  held = false;
  readonly sequence: number;
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly terms: KeptTerms | undefined;
  readonly #owner: DeliveryOwner;
  #presence: Presence = 'absent';
  // Under which it finds its message; 0: it holds the message itself.
  #messageNumber = 0;
  #isOver = false;
  // Its publisher's acknowledgement waits for it.
  #isPart = false;

  constructor(
    owner: DeliveryOwner,
    sequence: number,
    {
      message,
      qos,
      retain,
      terms,
    }: Pick<Delivery, 'message' | 'qos' | 'retain'> & { terms: KeptTerms | undefined },
  ) {
    this.#owner = owner;
    this.sequence = sequence;
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.terms = terms;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing of it has to be written any more. */
  get isStored(): boolean {
    return this.#presence === 'stored' && !this.isDirty;
  }

  /** The store may have it, though it is over. */
  get isGhost(): boolean {
    return this.#isOver && this.#presence !== 'absent';
  }

  /** Counts it among what its message waits for. */
  join(): void {
    const custody = KeptMessage.of(this.message);
    custody.unwrittenCount++;
    if (this.qos === 0 || !custody.isBeingRouted) return;
    this.#isPart = true;
    custody.partsCount++;
  }

  /** It was read from the store. */
  restore(state: Delivery['state'], packetId: number, messageNumber: number): void {
    this.state = state;
    this.packetId = packetId;
    // Whether it was sent is not known for certain, and DUP says no more than that.
    this.wasSent = state !== 'waiting';
    this.#presence = 'stored';
    this.#messageNumber = messageNumber;
  }

  /** @returns false when the store never had it, and has nothing to do */
  finish(): boolean {
    this.#isOver = true;
    if (this.#presence === 'absent') KeptMessage.of(this.message).unwrittenCount--;
    this.#endPart();
    return this.#presence !== 'absent';
  }

  /** It was sent, and its receiver may acknowledge it soon; nobody else relies on it until then. */
  get mayWait(): boolean {
    return (
      this.qos === 1 &&
      // Of QoS 2 the publisher's packet id is stored with it, and must not be without it.
      this.message.qos === 1 &&
      // Nor may it be retained without being delivered.
      !this.message.retain &&
      this.state === 'published' &&
      !this.#isOver &&
      // Otherwise somebody was promised it before.
      this.#isPart &&
      KeptMessage.of(this.message).pledge !== undefined
    );
  }

  write(changes: Changes): boolean {
    const { number } = this.#owner;
    if (this.#isOver) {
      if (this.#presence === 'absent') return false;
      changes.remove(tables.delivery, number, this.sequence);
      if (this.#messageNumber !== 0) changes.hold(this.#messageNumber, -1);
      return true;
    }
    const { placing } = this.#owner;
    if (this.#presence === 'absent') {
      this.#messageNumber = KeptMessage.of(this.message).place(this.message, changes, placing);
    }
    this.#presence = 'written';
    const isReference = this.#messageNumber !== 0;
    const share = this.terms?.filter?.startsWith('$share/') ? this.terms.filter : undefined;
    const out = changes.beginPut(tables.delivery, number, this.sequence);
    writeDelivery(out, this, { share, isReference, calendar: placing.calendar });
    if (isReference) writeNumber(out, this.#messageNumber);
    else writeMessage(out, this.message, placing.calendar);
    changes.endPut();
    return true;
  }

  takeBackRefused(): void {
    const custody = this.message.custody as KeptMessage | undefined;
    if (custody?.isRefused && !this.#isOver) this.#owner.takeBack(this);
  }

  stored(now: number): void {
    if (this.#isOver) {
      // Over since it was written: its removal comes with the next commit.
      if (!this.isDirty) this.#presence = 'absent';
    } else {
      this.#presence = 'stored';
      this.#endPart();
      // What has changed since comes with the next commit, and nobody must hear of it before.
      if (this.isDirty) return;
    }
    this.#owner.deliveryStored(this, now);
  }

  #endPart(): void {
    if (!this.#isPart) return;
    this.#isPart = false;
    KeptMessage.of(this.message).partDone();
  }
}
