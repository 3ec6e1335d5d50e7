/** A network connection between a client and the broker: slow, in pieces, and it breaks. */

import type { Accept } from '../../../src/session/link.ts';
import { MemoryLink } from '../../../src/transport/memory.ts';
import type { Random } from '../random.ts';
import type { Machine } from './machine.ts';

// What the network takes off a writer's hands at once; less, and writers feel it.
const capacities = [0, 64, 1000, 100_000] as const;

type Direction = 'up' | 'down';

export class Wire {
  readonly client: Machine;
  readonly broker: Machine;
  readonly #ends: Readonly<Record<Direction, MemoryLink>>;
  readonly #random: Random;
  #stalledUntil: Record<Direction, number> = { up: 0, down: 0 };

  constructor(
    { client, broker }: { client: Machine; broker: Machine },
    { toClient, toBroker }: { toClient: Accept; toBroker: Accept },
    random: Random,
  ) {
    const [near, far] = MemoryLink.pair(['broker', 'client'], random.pick(capacities));
    this.client = client;
    this.broker = broker;
    this.#ends = { up: near, down: far };
    this.#random = random;
    far.receiver = toBroker(far);
    near.receiver = toClient(near);
  }

  get isOver(): boolean {
    return this.#ends.up.isClosed;
  }

  /** Nothing moves in one direction, or both. */
  stall(until: number): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#random.chance(0.6)) this.#stalledUntil[direction] = until;
    }
  }

  heal(): void {
    this.#stalledUntil = { up: 0, down: 0 };
  }

  /** Carries some bytes in each direction, or all. @returns how many */
  carry(now: number, { all }: { all: boolean }): number {
    const first = this.#random.pick(['up', 'down'] as const);
    return this.#carry(first, now, all) + this.#carry(first === 'up' ? 'down' : 'up', now, all);
  }

  /** Breaks, somewhere within what is on its way; the dead hear nothing of it. */
  break(now: number): void {
    this.carry(now, { all: false });
    if (this.client.isDead) this.#ends.up.receiver = undefined;
    if (this.broker.isDead) this.#ends.down.receiver = undefined;
    this.#ends.up.destroy();
  }

  #carry(direction: Direction, now: number, all: boolean): number {
    const receiver = direction === 'up' ? this.broker : this.client;
    if (receiver.isDead || this.isOver || this.#stalledUntil[direction] > now) return 0;
    return this.#ends[direction].deliver(all ? undefined : this.#pieceBytes());
  }

  #pieceBytes(): number {
    const lot = this.#random.below(10);
    if (lot < 3) return this.#random.between(1, 9);
    if (lot < 7) return this.#random.between(10, 300);
    return Number.POSITIVE_INFINITY;
  }
}
