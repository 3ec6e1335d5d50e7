/** Memory for packets that come in pieces, used again and again. */

const roomBytesMin = 4 * 1024;
// Kept for the next packets, in all; what is beyond goes to the garbage collector.
const keptBytesMax = 16 * 1024 * 1024;

/** Rooms of 4 KB and of twice as much each. New ones cost more than all that is done with them. */
export class AssemblyPool {
  readonly #rooms: Uint8Array<ArrayBuffer>[][] = [];
  #keptBytes = 0;

  take(bytesMin: number): Uint8Array<ArrayBuffer> {
    const size = sizeOf(bytesMin);
    const room = this.#rooms[size]?.pop();
    if (room === undefined) return new Uint8Array(roomBytesMin << size);
    this.#keptBytes -= room.length;
    return room;
  }

  /** @param room of this pool's, which nobody else uses any more */
  giveBack(room: Uint8Array<ArrayBuffer>): void {
    if (this.#keptBytes + room.length > keptBytesMax) return;
    this.#keptBytes += room.length;
    const size = sizeOf(room.length);
    this.#rooms[size] ??= [];
    this.#rooms[size].push(room);
  }
}

function sizeOf(bytes: number): number {
  let size = 0;
  while (roomBytesMin << size < bytes) size++;
  return size;
}
