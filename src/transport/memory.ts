/** Two ends of a connection in one process: for tests, simulations and embedded clients. */

import type { Link, LinkReceiver } from '../session/link.ts';

const somebodyElses = 0xdb;

/**
 * One end. What is written waits until `deliver` carries it over to the other end, so that whoever
 * holds the ends decides about time, loss and the size of the pieces.
 */
export class MemoryLink implements Link {
  readonly peer: string;
  readonly #bufferBytes: number;
  /** Who gets what arrives at this end; set it before anything does. */
  receiver: LinkReceiver | undefined;
  #other: MemoryLink | undefined;
  #sent: Uint8Array[] = [];
  #sentBytes = 0;
  #isPaused = false;
  #isClosing = false;
  #isClosed = false;

  private constructor(peer: string, bufferBytes: number) {
    this.peer = peer;
    this.#bufferBytes = bufferBytes;
  }

  /**
   * @param peers what each end calls the other
   * @param bufferBytes what the network between the ends takes off a writer's hands at once, in
   *   each direction
   */
  static pair(
    peers: readonly [string, string] = ['memory:a', 'memory:b'],
    bufferBytes = 0,
  ): [MemoryLink, MemoryLink] {
    const a = new MemoryLink(peers[0], bufferBytes);
    const b = new MemoryLink(peers[1], bufferBytes);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  /** What the buffer of the network between the ends does not hold. */
  get pendingBytes(): number {
    return Math.max(0, this.#sentBytes - this.#bufferBytes);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The end was closed or destroyed from either side. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosing || this.#isClosed) return true;
    this.#sent.push(bytes.slice());
    this.#sentBytes += bytes.length;
    return this.pendingBytes === 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  close(): void {
    this.#isClosing = true;
    if (this.#sentBytes === 0) this.#shut();
  }

  destroy(): void {
    this.#sent = [];
    this.#sentBytes = 0;
    this.#shut();
  }

  /**
   * Carries over what was written, at most `bytesMax` bytes of it, in one piece.
   *
   * @returns how many bytes arrived
   */
  deliver(bytesMax = Number.POSITIVE_INFINITY): number {
    const other = this.#other!;
    if (this.#isClosed || other.#isPaused || this.#sentBytes === 0) return 0;
    const wasBlocked = this.pendingBytes > 0;
    const bytes = this.#take(bytesMax);
    other.receiver?.receive(bytes);
    // Lent, and from now on somebody else's: whoever has kept a view of them is to notice.
    bytes.fill(somebodyElses);
    if (this.#isClosed) return bytes.length;
    if (this.#isClosing && this.#sentBytes === 0) this.#shut();
    else if (wasBlocked && this.pendingBytes === 0) this.receiver?.drained();
    return bytes.length;
  }

  #take(bytesMax: number): Uint8Array {
    const all = new Uint8Array(this.#sentBytes);
    let at = 0;
    for (const piece of this.#sent) {
      all.set(piece, at);
      at += piece.length;
    }
    const taken = all.subarray(0, bytesMax);
    const rest = all.subarray(taken.length);
    this.#sent = rest.length === 0 ? [] : [rest];
    this.#sentBytes = rest.length;
    return taken.slice();
  }

  #shut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const other = this.#other!;
    this.receiver?.closed();
    other.#shut();
  }
}
