/** Bytes in memory of a pool's, which goes back when nobody needs them any more. */

import type { AssemblyPool } from './assembly-pool.ts';

export class Lease {
  readonly bytes: Uint8Array;
  readonly #pool: AssemblyPool;
  readonly #room: Uint8Array<ArrayBuffer>;
  #users = 1;

  /** @param bytes in `room`, which is of the pool's */
  constructor(bytes: Uint8Array, room: Uint8Array<ArrayBuffer>, pool: AssemblyPool) {
    this.bytes = bytes;
    this.#room = room;
    this.#pool = pool;
  }

  /** One more needs the bytes. */
  share(): void {
    this.#users++;
  }

  /** One of them does not any more; if one never says so, the garbage collector gets the memory. */
  end(): void {
    this.#users--;
    if (this.#users === 0) this.#pool.giveBack(this.#room);
  }
}
