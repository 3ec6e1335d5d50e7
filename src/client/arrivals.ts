/** Messages of QoS 2 that have arrived and not been dealt with, in whichever connection. */

import type { Source } from './ports.ts';

interface Arrival {
  readonly source: Source;
  /** The server has sent it again meanwhile, by a later connection. */
  again: (() => void) | undefined;
}

/**
 * Where a message is acknowledged for good, as it is after a restart, that must not be done before
 * it has been dealt with: also not when the server sends it again.
 */
export class Arrivals {
  readonly #byId = new Map<number, Arrival>();

  add(packetId: number, source: Source): void {
    this.#byId.set(packetId, { source, again: undefined });
  }

  /** It has been dealt with: one that came in by `source`, and no other with the same id. */
  taken(packetId: number, source: Source): void {
    const arrival = this.#byId.get(packetId);
    if (arrival?.source !== source) return;
    this.#byId.delete(packetId);
    arrival.again?.();
  }

  /** It has come again. @returns false when it has been dealt with; else `taken` is called later */
  cameAgain(packetId: number, taken: () => void): boolean {
    const arrival = this.#byId.get(packetId);
    if (arrival === undefined) return false;
    arrival.again = taken;
    return true;
  }

  clear(): void {
    this.#byId.clear();
  }
}
