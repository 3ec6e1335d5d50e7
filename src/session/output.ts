/** The output of one connection: packets are encoded into it and leave once per turn. */

import type { ByteWriter } from '../packet/byte-writer.ts';
import type { Link } from './link.ts';
import type { Turn } from './turn.ts';

// Within a turn a buffer is handed over early beyond this size, so that memory does not grow with
// the length of the turn.
const flushBytes = 64 * 1024;

// A payload of this size is handed to the link as it is; a smaller one costs less to copy than the
// extra system call: 16 KB at QoS 0 took 19.9 µs by reference, 17.7 by copy.
export const referenceBytesMin = 64 * 1024;

/** What a payload is of. */
interface Holdable {
  keep(): void;
  letGo(): void;
}

/**
 * Bytes on their way to a link. While the link is blocked they wait here, and `backlogBytes` tells
 * how many: whoever writes must look at it and stop, since nothing here is ever dropped.
 */
export class Output {
  readonly #link: Link;
  readonly #turn: Turn;
  #buffer: ByteWriter | undefined;
  #blocked = false;
  #closed = false;
  #isHeld = false;
  #sentBytes = 0;
  // What the link has not let go of.
  #lent: ByteWriter[] | undefined;
  // Those whose payload it has.
  #held: Holdable[] | undefined;

  constructor(link: Link, turn: Turn) {
    this.#link = link;
    this.#turn = turn;
  }

  /** Bytes that were written and not yet taken by the network. */
  get backlogBytes(): number {
    return (this.#buffer?.length ?? 0) + (this.#blocked ? this.#link.pendingBytes : 0);
  }

  /** True while the network takes nothing more. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** Bytes that the network has taken since the connection began. */
  get takenBytes(): number {
    return this.#sentBytes - (this.#blocked ? this.#link.pendingBytes : 0);
  }

  /** Where the next packet is encoded. Call `written` after each packet. */
  get buffer(): ByteWriter {
    if (this.#buffer !== undefined) return this.#buffer;
    this.#buffer = this.#turn.takeBuffer();
    if (!this.#isHeld) this.#turn.add(this);
    return this.#buffer;
  }

  /** What is written from now on leaves with `release`, and not at the end of the turn. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#buffer !== undefined) this.flush();
  }

  /** A packet is complete in `buffer`. */
  written(): void {
    if (this.#buffer !== undefined && this.#buffer.length >= flushBytes) this.flush();
  }

  /** Appends a payload, by reference when it is large: then the caller must not change it. */
  payload(bytes: Uint8Array): void {
    if (bytes.length < referenceBytesMin) {
      // Rather than have the buffer grow.
      if (this.buffer.length + bytes.length > flushBytes) this.flush();
      this.buffer.raw(bytes);
      return;
    }
    this.#handOver();
    this.#write(bytes);
  }

  /** Keeps what the last payload was of, if the network has not taken that. */
  holdUntilDrained(message: Holdable): void {
    if (!this.#blocked || this.#closed) return;
    message.keep();
    this.#held ??= [];
    this.#held.push(message);
  }

  /** Hands what has been written to the link, unless that is blocked. */
  flush(): void {
    if (this.#blocked || this.#closed) return;
    this.#handOver();
  }

  /** The link has taken everything: what waited here may go. */
  drained(): void {
    this.#blocked = false;
    for (const buffer of this.#lent ?? []) this.#turn.returnBuffer(buffer);
    this.#lent = undefined;
    for (const message of this.#held ?? []) message.letGo();
    this.#held = undefined;
    this.flush();
  }

  /** Sends what waits and closes the link behind it: at once where that is nothing, and was. */
  close(): void {
    if (this.#closed) return;
    this.#handOver();
    this.#closed = true;
    // Nothing is on its way that the end could cut off, and a stranger can send for long.
    if (this.#sentBytes === 0) this.#link.destroy();
    else this.#link.close();
  }

  /** Forgets what waits; the link is gone. */
  discard(): void {
    this.#closed = true;
    if (this.#buffer !== undefined) this.#turn.returnBuffer(this.#buffer);
    this.#buffer = undefined;
    this.#lent = undefined;
    this.#held = undefined;
  }

  #handOver(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#closed) return;
    this.#buffer = undefined;
    if (buffer.length === 0 || this.#write(buffer.view())) return this.#turn.returnBuffer(buffer);
    this.#lent ??= [];
    this.#lent.push(buffer);
  }

  #write(bytes: Uint8Array): boolean {
    this.#sentBytes += bytes.length;
    const taken = this.#link.write(bytes);
    if (!taken) this.#blocked = true;
    return taken;
  }
}
