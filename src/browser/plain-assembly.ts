/**
 * The memory of a packet that comes in pieces, for a page: in the place of `packet/assembly.ts`. It
 * is there as a whole at once: a page has chosen its server, and can bound its packets by
 * `maximumPacketSize`.
 */

import type { Assembly as Growing } from '../packet/assembly.ts';

/** What a reader without a pool needs of one. */
type Needed = 'isUnderWay' | 'bytes' | 'begin' | 'add' | 'end';

export class Assembly implements Pick<Growing, Needed> {
  #room: Uint8Array | undefined;
  #filled = 0;

  get isUnderWay(): boolean {
    return this.#room !== undefined && this.#filled < this.#room.length;
  }

  get bytes(): Uint8Array | undefined {
    return this.#room;
  }

  begin(length: number): void {
    this.#room = new Uint8Array(length);
    this.#filled = 0;
  }

  add(bytes: Uint8Array, at: number): number {
    const room = this.#room!;
    const piece = bytes.subarray(at, at + room.length - this.#filled);
    room.set(piece, this.#filled);
    this.#filled += piece.length;
    return piece.length;
  }

  end(): void {
    this.#room = undefined;
  }
}
