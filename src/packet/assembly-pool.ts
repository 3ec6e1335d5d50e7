/** Memory for packets that come in pieces, used again and again. */

const roomBytesMin = 4 * 1024;
/** Packets that are longer have memory of their own, which a message may keep. */
export const pooledBytesMax = 64 * 1024;

// Of each size: some 8 MB in all.
const keptRoomsMax = 64;

/** Rooms of 4 KB to 64 KB, each of twice the size of the one before. */
export class AssemblyPool {
  readonly #rooms: Uint8Array<ArrayBuffer>[][] = [];

  /** @param bytesMin at most `pooledBytesMax` */
  take(bytesMin: number): Uint8Array<ArrayBuffer> {
    const size = sizeOf(bytesMin);
    return this.#rooms[size]?.pop() ?? new Uint8Array(roomBytesMin << size);
  }

  giveBack(room: Uint8Array<ArrayBuffer>): void {
    const size = sizeOf(room.length);
    this.#rooms[size] ??= [];
    const rooms = this.#rooms[size];
    if (rooms.length < keptRoomsMax) rooms.push(room);
  }
}

function sizeOf(bytes: number): number {
  let size = 0;
  while (roomBytesMin << size < bytes) size++;
  return size;
}
