/** Bytes on their way in one direction: in order, taken out in pieces of any size. */

export class BytePipe {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes may be taken over as they are: whoever puts them in gives them away. */
  put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** At most so many bytes, in an array of their own. */
  take(bytesMax: number): Uint8Array {
    const taken = new Uint8Array(Math.min(bytesMax, this.#length));
    let filled = 0;
    while (filled < taken.length) {
      const piece = this.#pieces[0];
      const part = piece.subarray(0, taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#length -= taken.length;
    return taken;
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }
}
