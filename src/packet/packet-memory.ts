/** Where the bytes of the packet lie that has come last. */

import type { Lease } from './lease.ts';

export interface PacketMemory {
  /** Whether `keep` needs no copy of the view. */
  canGiveAway(view: Uint8Array): boolean;
  /** The bytes of a view of that packet, for whoever needs them longer than that is there. */
  keep(view: Uint8Array): Kept;
}

export interface Kept {
  readonly bytes: Uint8Array;
  /** To be ended when they are not needed any more; undefined: nobody waits for that. */
  readonly lease: Lease | undefined;
}
