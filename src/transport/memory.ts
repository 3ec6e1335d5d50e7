/** Two ends of a connection in one process: for tests, simulations and embedded clients. */

import type { Link, LinkReceiver } from '../session/link.ts';

/**
 * One end. What is written waits until `deliver` carries it over to the other end, so that whoever
 * holds the ends decides about time, loss and the size of the pieces.
 */
export class MemoryLink implements Link {
  readonly peer: string;
  /** Who gets what arrives at this end; set it before anything does. */
  receiver: LinkReceiver | undefined;
  #other: MemoryLink | undefined;
  #sent: Uint8Array[] = [];
  #pendingBytes = 0;
  #isPaused = false;
  #isClosing = false;
  #isClosed = false;

  private constructor(peer: string) {
    this.peer = peer;
  }

  /** @param peers what each end calls the other */
  static pair(
    peers: readonly [string, string] = ['memory:a', 'memory:b'],
  ): [MemoryLink, MemoryLink] {
    const a = new MemoryLink(peers[0]);
    const b = new MemoryLink(peers[1]);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The end was closed or destroyed from either side. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Copies, and takes the bytes for gone unless earlier ones still wait for a paused other end. */
  write(bytes: Uint8Array): boolean {
    if (this.#isClosing || this.#isClosed) return true;
    this.#sent.push(bytes.slice());
    this.#pendingBytes += bytes.length;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  close(): void {
    this.#isClosing = true;
    if (this.#pendingBytes === 0) this.#shut();
  }

  destroy(): void {
    this.#sent = [];
    this.#pendingBytes = 0;
    this.#shut();
  }

  /**
   * Carries over what was written, at most `bytesMax` bytes of it, in one piece.
   *
   * @returns how many bytes arrived
   */
  deliver(bytesMax = Number.POSITIVE_INFINITY): number {
    const other = this.#other!;
    if (this.#isClosed || other.#isPaused || this.#pendingBytes === 0) return 0;
    const bytes = this.#take(bytesMax);
    other.receiver?.receive(bytes);
    if (this.#pendingBytes > 0 || this.#isClosed) return bytes.length;
    if (this.#isClosing) this.#shut();
    else this.receiver?.drained();
    return bytes.length;
  }

  #take(bytesMax: number): Uint8Array {
    const all = new Uint8Array(this.#pendingBytes);
    let at = 0;
    for (const piece of this.#sent) {
      all.set(piece, at);
      at += piece.length;
    }
    const taken = all.subarray(0, bytesMax);
    const rest = all.subarray(taken.length);
    this.#sent = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
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
