/** Finds what is wrong with the records of a store, each by itself and all together. */

import { tables } from '../broker/state/keys.ts';
import { Census } from '../storage/census.ts';
import type { LmdbReport } from '../storage/lmdb-report.ts';
import { filterFault } from '../topic/topic-filter.ts';
import type { DecodedRecord, DeliveryRecord, StoreRecord } from './store-record.ts';

export interface Fault {
  readonly what: string;
  /** What becomes of it, or what can be done. */
  readonly remedy: string;
}

/** Records of one session that is not there. */
interface Strays {
  subscription: number;
  received: number;
  delivery: number;
}

const remedies = {
  damaged: 'start the broker: it sets the file aside, and keeps what can be read',
  noStore: 'see that it is the right file: it does not begin as one of pantala',
  unreadable: 'the broker leaves it out',
  noBroker: 'the broker writes it when it starts',
  useless: "'pantala store compact' leaves it out",
  holders: "'pantala store compact' counts anew",
  doubled: 'the broker takes the last one',
  invalid: 'it must be a fault of pantala: please report it',
} as const;

// A file can be wrong in a million places.
const faultsMax = 1000;
const packetIdMax = 0xffff;

/** Takes all records, in the order of their keys. */
export class Audit {
  readonly #census = new Census();
  readonly #faults: Fault[] = [];
  #count = 0;
  #records = 0;
  #hasBroker = false;
  readonly #clientIds = new Set<string>();
  readonly #topics = new Set<string>();
  readonly #strays = new Map<number, Strays>();
  // Of the session whose records come.
  #session = 0;
  readonly #filters = new Set<string>();
  readonly #packetIds = new Map<number, number>();

  take({ key, value, record }: DecodedRecord): void {
    this.#records++;
    if (key !== undefined && value !== undefined) this.#census.add(key, value);
    if (key?.table === tables.broker) this.#hasBroker = true;
    this.#check(record);
  }

  /** @param report what was found of the file */
  finish({ damage, pages }: LmdbReport): { readonly faults: readonly Fault[]; count: number } {
    for (const { page, message } of damage) {
      const where = page === undefined ? '' : `page ${page}: `;
      this.#add(where + message, pages === 0 ? 'noStore' : 'damaged');
    }
    if (!this.#hasBroker && this.#records > 0) {
      this.#add('the record of the broker is missing', 'noBroker');
    }
    this.#reportStrays();
    this.#checkShared();
    return { faults: this.#faults, count: this.#count };
  }

  #check(record: StoreRecord): void {
    switch (record.type) {
      case 'session':
        return this.#checkSession(record.session, record.record);
      case 'subscription':
        return this.#checkSubscription(record.session, record.record.filter);
      case 'received':
        return this.#checkReceived(record.session, record.packetId);
      case 'delivery':
        return this.#checkDelivery(record);
      case 'retained':
        return this.#checkRetained(record.number, record.message);
      case 'unreadable': {
        const { isDamaged, message } = record;
        return this.#add(`${nameOf(record)}: ${message}`, isDamaged ? 'damaged' : 'unreadable');
      }
      case 'broker':
      case 'message':
      case 'holders':
        return;
      default:
        record satisfies never;
    }
  }

  #checkSession(
    session: number,
    { clientId, isEnded }: { readonly clientId: string; readonly isEnded: boolean },
  ): void {
    if (isEnded) return;
    if (this.#clientIds.has(clientId)) {
      this.#add(
        `session ${session}: client ${JSON.stringify(clientId)} has another one`,
        'doubled',
      );
    }
    this.#clientIds.add(clientId);
  }

  #checkSubscription(session: number, filter: string): void {
    if (!this.#enter(session, 'subscription')) return;
    const fault = filterFault(filter);
    if (fault !== undefined) this.#add(`session ${session}: ${fault}`, 'invalid');
    if (this.#filters.has(filter)) {
      this.#add(
        `session ${session}: there are two subscriptions to ${JSON.stringify(filter)}`,
        'doubled',
      );
    }
    this.#filters.add(filter);
  }

  #checkReceived(session: number, packetId: number): void {
    if (!this.#enter(session, 'received')) return;
    if (isPacketId(packetId)) return;
    this.#add(`session ${session}: received packet id ${packetId} cannot be`, 'invalid');
  }

  #checkDelivery({ session, sequence, head: { state, packetId } }: DeliveryRecord): void {
    if (!this.#enter(session, 'delivery') || state === 'waiting') return;
    const name = `session ${session}: delivery ${sequence}`;
    const other = this.#packetIds.get(packetId);
    if (!isPacketId(packetId)) this.#add(`${name} has packet id ${packetId}`, 'invalid');
    else if (other !== undefined) {
      this.#add(`${name} has packet id ${packetId}, and so has delivery ${other}`, 'doubled');
    }
    this.#packetIds.set(packetId, sequence);
  }

  #checkRetained(
    number: number,
    { topic, payload }: { readonly topic: string; readonly payload: Uint8Array },
  ): void {
    if (payload.length === 0) this.#add(`retained message ${number} has no payload`, 'invalid');
    if (this.#topics.has(topic)) {
      this.#add(
        `retained message ${number}: topic ${JSON.stringify(topic)} has another one`,
        'doubled',
      );
    }
    this.#topics.add(topic);
  }

  /** @returns false when there is no such session */
  #enter(session: number, type: keyof Strays): boolean {
    if (!this.#census.hasSession(session)) {
      const strays = this.#strays.get(session) ?? { subscription: 0, received: 0, delivery: 0 };
      strays[type]++;
      this.#strays.set(session, strays);
      return false;
    }
    // Each table begins with the first session again.
    if (this.#session !== session) {
      this.#session = session;
      this.#filters.clear();
      this.#packetIds.clear();
    }
    return true;
  }

  #reportStrays(): void {
    for (const [session, { subscription, received, delivery }] of this.#strays) {
      const parts = [
        counted(subscription, 'subscription'),
        counted(received, 'received packet id'),
        counted(delivery, 'delivery', 'deliveries'),
      ];
      const what = parts.filter((part) => part !== undefined).join(', ');
      this.#add(`session ${session} is missing, but there is something of it: ${what}`, 'useless');
    }
  }

  #checkShared(): void {
    for (const { number, isThere, references, holders } of this.#census.sharedMessages()) {
      const name = `shared message ${number}`;
      const deliveries = `${counted(references, 'delivery refers', 'deliveries refer')} to it`;
      if (references === 0) this.#add(`${name}: no delivery refers to it`, 'useless');
      else if (!isThere) this.#add(`${name} is missing: ${deliveries}`, 'useless');
      else if (holders !== references)
        this.#add(`${name}: ${deliveries}, not ${holders}`, 'holders');
    }
  }

  #add(what: string, remedy: keyof typeof remedies): void {
    this.#count++;
    if (this.#count <= faultsMax) this.#faults.push({ what, remedy: remedies[remedy] });
  }
}

function isPacketId(value: number): boolean {
  return value > 0 && value <= packetIdMax;
}

const tableNames = Object.entries(tables);

function nameOf({ key, keyBytes }: Extract<StoreRecord, { type: 'unreadable' }>): string {
  if (key === undefined) return `record ${Buffer.from(keyBytes).toString('hex')}`;
  const name = tableNames.find(([, table]) => table === key.table)![0];
  return `${name} record ${key.first}${key.second === 0 ? '' : `/${key.second}`}`;
}

function counted(count: number, one: string, many = `${one}s`): string | undefined {
  return count === 0 ? undefined : `${count} ${count === 1 ? one : many}`;
}
