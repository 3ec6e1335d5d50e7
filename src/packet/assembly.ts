/** A packet that comes in pieces: the memory that it is put together in. */

import type { AssemblyPool } from './assembly-pool.ts';
import type { Lease } from './lease.ts';

/** A packet gets this much room at first; more only as its bytes arrive. */
const roomBytesFirst = 4 * 1024;
const growth = 4;

export interface AssemblyOptions {
  /** Where rooms come from and go back to; undefined: each packet has one of its own. */
  readonly pool: AssemblyPool | undefined;
}

export class Assembly {
  readonly #pool: AssemblyPool | undefined;
  #room: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #length = 0;

  constructor(options: AssemblyOptions) {
    this.#pool = options.pool;
  }

  /** Pieces are still to come. */
  get isUnderWay(): boolean {
    return this.#room !== undefined && this.#filled < this.#length;
  }

  /** The packet, from the first byte of these on. It may be used until `end`. */
  get bytes(): Uint8Array | undefined {
    return this.#room;
  }

  /** @param length of the packet in bytes */
  begin(length: number): void {
    this.#length = length;
    this.#filled = 0;
    this.#room = this.#take(Math.min(length, roomBytesFirst));
  }

  /** @returns how many of the bytes from `at` on are the packet's */
  add(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + this.#length - this.#filled);
    const filled = this.#filled + piece.length;
    if (filled > this.#room!.length) this.#grow(filled);
    this.#room!.set(piece, this.#filled);
    this.#filled = filled;
    return piece.length;
  }

  /** The packet has been dealt with. */
  end(): void {
    if (this.#room !== undefined) this.#pool?.giveBack(this.#room);
    this.#room = undefined;
  }

  /** Whether the view is of this memory, and of half of it at least, and that is a pool's. */
  suits(view: Uint8Array): boolean {
    const room = this.#room;
    if (room === undefined || this.#pool === undefined) return false;
    return view.buffer === room.buffer && view.length * 2 >= room.length;
  }

  /** Leaves the memory to whoever has a view of the packet that was last, instead of a copy. */
  giveAway(view: Uint8Array): Lease {
    const room = this.#room!;
    this.#room = undefined;
    return this.#pool!.lend(view, room);
  }

  #grow(bytesMin: number): void {
    const before = this.#room!;
    const wanted = Math.max(bytesMin, before.length * growth);
    // Nearly all of it is as good as all, and need not grow again.
    const room = this.#take(wanted * 2 >= this.#length ? this.#length : wanted);
    room.set(before.subarray(0, this.#filled));
    this.#pool?.giveBack(before);
    this.#room = room;
  }

  #take(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#pool?.take(bytes) ?? new Uint8Array(bytes);
  }
}
