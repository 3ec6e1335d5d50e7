/** Connections through which no client has come in yet: so many, and so many bytes. */

import type { Limits } from './limits.ts';

/** A connection on its way to CONNACK, or to its end without one. */
export interface Newcomer {
  /** Bytes that have come of it; kept by `Newcomers`, starts at 0. */
  newcomerBytes: number;
  /** There are too many, and it has waited longest: it ends at once. */
  crowdOut(): void;
}

type NewcomerLimits = Pick<Limits, 'newcomersMax' | 'newcomerBytesMax'>;

/**
 * What strangers may have the broker keep. Those who come in do so soon: the one who has waited
 * longest is the likeliest never to.
 */
export class Newcomers {
  // In the order in which they came.
  readonly #all = new Set<Newcomer>();
  #bytes = 0;

  get count(): number {
    return this.#all.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  enter(newcomer: Newcomer, limits: NewcomerLimits): void {
    this.#all.add(newcomer);
    this.#makeRoom(limits);
  }

  /** Bytes have come of it; it may be the one that has to go. */
  received(newcomer: Newcomer, bytes: number, limits: NewcomerLimits): void {
    if (!this.#all.has(newcomer)) return;
    newcomer.newcomerBytes += bytes;
    this.#bytes += bytes;
    this.#makeRoom(limits);
  }

  /** The client has come in, or the connection is over. */
  leave(newcomer: Newcomer): void {
    if (!this.#all.delete(newcomer)) return;
    this.#bytes -= newcomer.newcomerBytes;
    newcomer.newcomerBytes = 0;
  }

  #makeRoom({ newcomersMax, newcomerBytesMax }: NewcomerLimits): void {
    // The last one stays: there is nobody to make room for.
    while (
      this.#all.size > 1 &&
      (this.#all.size > newcomersMax || this.#bytes > newcomerBytesMax)
    ) {
      const oldest: Newcomer = this.#all.values().next().value!;
      this.leave(oldest);
      oldest.crowdOut();
    }
  }
}
