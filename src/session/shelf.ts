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
 * Deliveries with successive sequence numbers: all behind those in flight or about to go, all
 * before those that came last.
 */
export class Shelf {
  /** The sequence number of the last that was taken: the next ones lie behind it. */
  taken = 0;
  /** The sequence number of the last delivery. */
  last = 0;
  #waitingCount = 0;
  #waitingBytes = 0;
  #inflightCount = 0;
  #inflightBytes = 0;
  #qos0Count = 0;
  // Of those that wait: by the second in which they will all have expired. Few messages expire.
  #expiring: Map<number, Tally> | undefined;
  // Expired ones that still lie here, and do not count any more.
  #expired: Tally | undefined;

  get isEmpty(): boolean {
    return this.#waitingCount + this.#inflightCount === 0;
  }

  /** Those that were never sent, without what is known to have expired. */
  get waitingCount(): number {
    return Math.max(0, this.#waitingCount - (this.#expired?.count ?? 0));
  }

  get waitingBytes(): number {
    return Math.max(0, this.#waitingBytes - (this.#expired?.bytes ?? 0));
  }

  get qos0Count(): number {
    return this.#qos0Count;
  }

  get inflightCount(): number {
    return this.#inflightCount;
  }

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  /** Puts one behind all others. */
  append(shelved: Shelved, sequence: number): void {
    if (this.isEmpty) this.taken = sequence - 1;
    this.last = sequence;
    this.#add(shelved);
  }

  /** Puts back what was in front of all others: all of it, in the order of its sequence. */
  putBack(shelved: Shelved, sequence: number): void {
    if (this.isEmpty) this.taken = sequence - 1;
    this.last = Math.max(this.last, sequence);
    this.taken = Math.min(this.taken, sequence - 1);
    this.#add(shelved);
  }

  /** Takes the first one off. */
  take(shelved: Shelved, sequence: number): void {
    this.taken = sequence;
    this.#count(shelved, -1);
    if (this.isEmpty) {
      this.#expiring = undefined;
      this.#expired = undefined;
      return;
    }
    if (shelved.state !== 'waiting' || shelved.expiresAt === Number.POSITIVE_INFINITY) return;
    const second = secondOf(shelved);
    const expiring = this.#expiring?.get(second);
    // None where the system's date was set meanwhile, by which stored times are told.
    const counted = expiring ?? this.#expired;
    if (counted === undefined) return;
    counted.count--;
    counted.bytes -= shelved.bytes;
    if (expiring?.count === 0) this.#expiring!.delete(second);
  }

  /** Forgets them all. @returns how many there were */
  clear(): number {
    const count = this.#waitingCount + this.#inflightCount;
    this.#waitingCount = 0;
    this.#waitingBytes = 0;
    this.#inflightCount = 0;
    this.#inflightBytes = 0;
    this.#qos0Count = 0;
    this.#expired = undefined;
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
      this.#expired ??= { count: 0, bytes: 0 };
      this.#expired.count += count;
      this.#expired.bytes += bytes;
    }
  }

  #add(shelved: Shelved): void {
    this.#count(shelved, 1);
    const { state, bytes, expiresAt } = shelved;
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

  #count({ state, bytes, qos }: Shelved, sign: 1 | -1): void {
    if (qos === 0) this.#qos0Count += sign;
    if (state === 'waiting') {
      this.#waitingCount += sign;
      this.#waitingBytes += sign * bytes;
    } else {
      this.#inflightCount += sign;
      this.#inflightBytes += sign * bytes;
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
