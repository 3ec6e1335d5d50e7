/** A network connection that does what networks do: cuts, stalls, and breaks. */

import type { Link, LinkReceiver } from '../../src/session/link.ts';
import { BytePipe } from './byte-pipe.ts';

/** The client's end. */
export interface ClientEnd {
  receive(bytes: Uint8Array): void;
  /** The broker has ended the connection, and all that it sent before has arrived. */
  ended(): void;
}

/** Who watches the network. */
export interface LinkObserver {
  carried(link: SimulatedLink, direction: 'up' | 'down', bytes: Uint8Array): void;
  /** The broker ends the connection. */
  closing(link: SimulatedLink): void;
  /** The broker is told that the connection is over. */
  over(link: SimulatedLink): void;
}

/**
 * `Link` is the broker's end. Nothing moves but in `carryUp` and `carryDown`. What the broker
 * writes is in the network as far as its capacity goes; the rest stays in the broker's own buffer,
 * which is not copied, so that one that is used again too early shows.
 */
export class SimulatedLink implements Link {
  readonly peer: string;
  readonly number: number;
  receiver!: LinkReceiver;
  client: ClientEnd | undefined;
  /** Nothing moves towards the broker. */
  upStalled = false;
  /** Nothing moves towards the client. */
  downStalled = false;
  /** What waited in the broker when `noteBacklog` was called, as far as it has not left since. */
  backlogBytes = 0;
  readonly #capacity: number;
  readonly #observer: LinkObserver;
  readonly #up = new BytePipe();
  readonly #down = new BytePipe();
  readonly #kept = new BytePipe();
  #isPaused = false;
  #wasPaused = false;
  #closing = false;
  #destroyed = false;
  #hungUp = false;
  #isOver = false;

  constructor(number: number, capacity: number, observer: LinkObserver) {
    this.number = number;
    this.peer = `simulated:${number}`;
    this.#capacity = capacity;
    this.#observer = observer;
  }

  get pendingBytes(): number {
    return this.#kept.length;
  }

  /** The broker has closed or destroyed it. */
  get isClosing(): boolean {
    return this.#closing || this.#destroyed;
  }

  /** The broker has been told that it is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosing || this.#isOver) return true;
    const room = this.#capacity - this.#down.length;
    if (this.#kept.length === 0 && bytes.length <= room) {
      this.#down.put(bytes.slice());
      return true;
    }
    this.#kept.put(bytes);
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#wasPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  close(): void {
    this.#closing = true;
    this.#observer.closing(this);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#down.clear();
    this.#kept.clear();
    this.#observer.closing(this);
  }

  /** The broker has stopped reading since `noteRead`. */
  get wasPaused(): boolean {
    return this.#wasPaused;
  }

  noteRead(): void {
    this.#wasPaused = this.#isPaused;
  }

  noteBacklog(): void {
    this.backlogBytes = this.#kept.length;
  }

  /** The client sends. */
  send(bytes: Uint8Array): void {
    if (!this.#hungUp) this.#up.put(bytes);
  }

  /** The client ends the connection: what it has sent still arrives. */
  hangUp(): void {
    this.#hungUp = true;
    this.client = undefined;
  }

  /** The connection breaks: what is on its way is lost, in both directions. */
  break(): void {
    this.hangUp();
    this.#up.clear();
    this.#down.clear();
  }

  /**
   * The broker's process is gone, and cannot be told anything. What the network had for the client
   * may still arrive, in part.
   */
  cut(bytesMax: number): void {
    if (this.#isOver) return;
    const bytes = this.#down.take(this.downStalled ? 0 : bytesMax);
    if (bytes.length > 0) this.#observer.carried(this, 'down', bytes);
    if (bytes.length > 0) this.client?.receive(bytes);
    this.#isOver = true;
    this.client?.ended();
    this.break();
    this.#kept.clear();
    this.#observer.over(this);
  }

  /** @returns whether anything happened */
  carryUp(bytesMax: number): boolean {
    if (this.#isOver) return false;
    if (this.#destroyed) return this.#end();
    if (this.upStalled) return false;
    if (this.#up.length === 0) return this.#hungUp ? this.#end() : false;
    if (this.#isPaused) return false;
    const bytes = this.#up.take(bytesMax);
    this.#observer.carried(this, 'up', bytes);
    const lent = bytes.slice();
    this.receiver.receive(lent);
    // A broker that has kept a view of them is to notice.
    lent.fill(0xdb);
    return true;
  }

  /** @returns whether anything happened */
  carryDown(bytesMax: number): boolean {
    if (this.#isOver || this.downStalled) return false;
    const bytes = this.#down.take(bytesMax);
    if (bytes.length > 0) this.#observer.carried(this, 'down', bytes);
    this.#refill();
    if (bytes.length > 0) this.client?.receive(bytes);
    const isAtEnd = this.isClosing && this.#down.length + this.#kept.length === 0;
    if (!isAtEnd || this.#hungUp) return bytes.length > 0;
    this.client?.ended();
    this.hangUp();
    return true;
  }

  /** The network has room again for what the broker had to keep. */
  #refill(): void {
    if (this.#kept.length === 0) return;
    const room = this.#capacity - this.#down.length;
    if (room > 0) this.#down.put(this.#kept.take(room));
    this.noteBacklog();
    if (this.#kept.length === 0 && !this.isClosing) this.receiver.drained();
  }

  #end(): true {
    this.#isOver = true;
    this.client?.ended();
    this.#observer.over(this);
    this.receiver.closed();
    return true;
  }
}
