/** The deliveries of a session that only its store holds: memory has but their numbers. */

import type { QoS } from '../packet/version.ts';
import type { Delivery } from './delivery.ts';

/** What counts of a delivery. */
export interface Shelved {
  readonly qos: QoS;
  readonly state: Delivery['state'];
  /** Bytes of its message, as limits have them. */
  readonly bytes: number;
  /** The clock's milliseconds; Infinity: never. */
  readonly expiresAt: number;
}

interface Tally {
  count: number;
  bytes: number;
}

/**
 * Deliveries with successive sequence numbers, all behind those in flight or about to go, all before
 * those that came last.
 */
export class Shelf {
  /** The sequence number of the last that was taken: the next ones lie behind it. */
  taken = 0;
  /** The sequence number of the last delivery. */
  last = 0;
  readonly #waiting: Tally = { count: 0, bytes: 0 };
  readonly #inflight: Tally = { count: 0, bytes: 0 };
  #qos0Count = 0;
  // Of those that wait: by the second in which they will all have expired. Few messages expire.
  #expiring: Map<number, Tally> | undefined;
  // Expired ones that still lie here, and do not count any more.
  readonly #expired: Tally = { count: 0, bytes: 0 };

  get isEmpty(): boolean {
    return this.#waiting.count + this.#inflight.count === 0;
  }

  /** Those that were never sent, without what is known to have expired. */
  get waitingCount(): number {
    return this.#waiting.count - this.#expired.count;
  }

  get waitingBytes(): number {
    return this.#waiting.bytes - this.#expired.bytes;
  }

  get qos0Count(): number {
    return this.#qos0Count;
  }

  get inflightCount(): number {
    return this.#inflight.count;
  }

  get inflightBytes(): number {
    return this.#inflight.bytes;
  }

  /** Puts one behind all others. */
  append(shelved: Shelved, sequence: number): void {
    if (this.isEmpty) this.taken = sequence - 1;
    this.last = sequence;
    this.#add(shelved);
  }

  /** Puts back what was in front of all others: call in the order of their sequence, all of them. */
  putBack(shelved: Shelved, sequence: number): void {
    if (this.isEmpty) this.taken = sequence - 1;
    this.last = Math.max(this.last, sequence);
    this.taken = Math.min(this.taken, sequence - 1);
    this.#add(shelved);
  }

  /** Takes the first one off. */
  take(shelved: Shelved, sequence: number): void {
    this.taken = sequence;
    const tally = shelved.state === 'waiting' ? this.#waiting : this.#inflight;
    tally.count--;
    tally.bytes -= shelved.bytes;
    if (shelved.qos === 0) this.#qos0Count--;
    if (shelved.state !== 'waiting' || shelved.expiresAt === Number.POSITIVE_INFINITY) return;
    const expiring = this.#expiring?.get(secondOf(shelved));
    const counted = expiring ?? this.#expired;
    counted.count--;
    counted.bytes -= shelved.bytes;
    if (expiring?.count === 0) this.#expiring!.delete(secondOf(shelved));
  }

  /** Forgets them all. @returns how many there were */
  clear(): number {
    const count = this.#waiting.count + this.#inflight.count;
    for (const tally of [this.#waiting, this.#inflight, this.#expired]) {
      tally.count = 0;
      tally.bytes = 0;
    }
    this.#qos0Count = 0;
    this.#expiring = undefined;
    this.taken = this.last;
    return count;
  }

  /** What has expired counts no more, to the second. */
  discountExpired(now: number): void {
    if (this.#expiring === undefined) return;
    for (const [second, { count, bytes }] of this.#expiring) {
      if (second * 1000 > now) continue;
      this.#expiring.delete(second);
      this.#expired.count += count;
      this.#expired.bytes += bytes;
    }
  }

  #add(shelved: Shelved): void {
    const { state, bytes, qos, expiresAt } = shelved;
    const tally = state === 'waiting' ? this.#waiting : this.#inflight;
    tally.count++;
    tally.bytes += bytes;
    if (qos === 0) this.#qos0Count++;
    if (state !== 'waiting' || expiresAt === Number.POSITIVE_INFINITY) return;
    this.#expiring ??= new Map();
    const second = secondOf(shelved);
    const expiring = this.#expiring.get(second);
    if (expiring === undefined) this.#expiring.set(second, { count: 1, bytes });
    else {
      expiring.count++;
      expiring.bytes += bytes;
    }
  }
}

function secondOf({ expiresAt }: Shelved): number {
  return Math.ceil(expiresAt / 1000);
}

/** What counts of a delivery that memory has. */
export function shelvedOf({ qos, state, message }: Delivery): Shelved {
  return { qos, state, bytes: message.bytes, expiresAt: message.expiresAt };
}
