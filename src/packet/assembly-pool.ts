/** Memory for packets that come in pieces and messages that wait, used again and again. */

import { Lease } from './lease.ts';

const pooledBytesMax = 4 * 1024 * 1024;
// What an array takes beside its bytes, near enough.
const overheadBytes = 256;
// Kept for the next packets, in all; what is beyond goes to the garbage collector.
const keptBytesMax = 32 * 1024 * 1024;

/**
 * Rooms of some size, of twice as much, and so on. New ones cost more than all that is done with
 * them: memory that is zeroed, and garbage that is collected.
 */
export class AssemblyPool {
  readonly #roomBytesMin: number;
  readonly #rooms: Uint8Array<ArrayBuffer>[][] = [];
  #keptBytes = 0;

  /** @param roomBytesMin bytes of the smallest room */
  constructor(roomBytesMin: number) {
    this.#roomBytesMin = roomBytesMin;
  }

  take(bytesMin: number): Uint8Array<ArrayBuffer> {
    if (bytesMin > pooledBytesMax) return new Uint8Array(bytesMin);
    const size = this.#sizeFor(bytesMin);
    const room = this.#rooms[size]?.pop();
    if (room === undefined) return new Uint8Array(this.#roomBytesMin << size);
    this.#keptBytes -= room.length + overheadBytes;
    return room;
  }

  /** @param room of this pool's, which nobody else uses any more */
  giveBack(room: Uint8Array<ArrayBuffer>): void {
    const { length } = room;
    if (length > pooledBytesMax || this.#keptBytes > keptBytesMax) return;
    this.#keptBytes += length + overheadBytes;
    const size = this.#sizeFor(length);
    this.#rooms[size] ??= [];
    this.#rooms[size].push(room);
  }

  /** A copy of the bytes, in a room of their own. */
  lease(bytes: Uint8Array): Lease {
    const room = this.take(bytes.length);
    room.set(bytes);
    return this.lend(room.subarray(0, bytes.length), room);
  }

  /** @param bytes in a room of this pool's, which comes back when nobody needs them any more */
  lend(bytes: Uint8Array, room: Uint8Array<ArrayBuffer>): Lease {
    return new Lease(bytes, room, this);
  }

  #sizeFor(bytes: number): number {
    let size = 0;
    while (this.#roomBytesMin << size < bytes) size++;
    return size;
  }
}
