/** What one subscriber has received, by label. */

import type { Publish } from '../../src/packet/publish.ts';
import type { Clock, Moment } from './clock.ts';
import type { Message } from './message.ts';

export interface Receipt {
  readonly first: Moment;
  last: Moment;
  /** All of them, by the QoS that they came with. */
  readonly counts: [qos0: number, qos1: number, qos2: number];
  /** As `12`, and `12 DUP` when the broker said so. */
  readonly packetIds: string[];
}

export class Inbox {
  readonly #clock: Clock;
  readonly #receipts = new Map<string, Receipt>();
  /** What came last of each publisher, topic and QoS, first receipts only. */
  readonly #latest = new Map<string, Message>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(label: string): Receipt | undefined {
    return this.#receipts.get(label);
  }

  has(label: string): boolean {
    return this.#receipts.has(label);
  }

  entries(): Iterable<[label: string, Receipt]> {
    return this.#receipts.entries();
  }

  /** Takes a message; returns the one that it should have come before, if there is one. */
  receive(publish: Publish, message: Message): Message | undefined {
    const now = this.#clock.now();
    const known = this.#receipts.get(message.label);
    if (known !== undefined) {
      known.last = now;
      known.counts[publish.qos]++;
      known.packetIds.push(packetIdOf(publish));
      return undefined;
    }
    const counts: Receipt['counts'] = [0, 0, 0];
    counts[publish.qos] = 1;
    const packetIds = [packetIdOf(publish)];
    this.#receipts.set(message.label, { first: now, last: now, counts, packetIds });
    return this.#overtaker(message);
  }

  #overtaker(message: Message): Message | undefined {
    const stream = `${message.publisher} ${message.topic} ${message.qos}`;
    const latest = this.#latest.get(stream);
    if (latest !== undefined && latest.number > message.number) return latest;
    this.#latest.set(stream, message);
    return undefined;
  }
}

function packetIdOf({ packetId, dup }: Publish): string {
  return dup ? `${packetId} DUP` : `${packetId}`;
}
