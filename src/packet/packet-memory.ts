/** Where the bytes of the packet lie that has come last. */

import type { Lease } from './lease.ts';

export interface PacketMemory {
  /** Whether `lease` needs no copy of the view. */
  canGiveAway(view: Uint8Array): boolean;
  /**
   * The bytes of a view of that packet, for whoever needs them longer than that is there.
   *
   * @returns undefined where a copy does as well
   */
  lease(view: Uint8Array): Lease | undefined;
}
