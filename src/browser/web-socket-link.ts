/** MQTT in the binary frames of a browser's WebSocket. */

import { Fifo } from '../session/fifo.ts';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';

/** What a page may keep of bytes that came while nobody read. */
export interface WebSocketLinkLimits {
  /**
   * Bytes that are held while reading is paused. A browser has no way to stop the server, so beyond
   * them the connection ends: at QoS 1 and 2 the server sends again, once there is the next one.
   */
  readonly heldBytesMax: number;
}

const webSocketLinkLimits: WebSocketLinkLimits = { heldBytesMax: 16 * 2 ** 20 };

// A browser copies what it is given and never says when that has left. Below this much it is taken
// for gone, so that a page in the background, whose timers are slow, need not ask for each packet.
const freeBytesMax = 64 * 1024;

// How often it is asked while it has more: browsers let timers run no more often than that.
const drainLookMilliseconds = 4;

/** @param webSocket is open, and has `binaryType` 'arraybuffer' */
export function startWebSocketLink(
  webSocket: WebSocket,
  accept: Accept,
  limits: WebSocketLinkLimits = webSocketLinkLimits,
): void {
  const link = new WebSocketLink(webSocket, limits);
  link.start(accept(link));
}

class WebSocketLink implements Link {
  readonly #webSocket: WebSocket;
  readonly #limits: WebSocketLinkLimits;
  readonly #listening = new AbortController();
  #receiver: LinkReceiver | undefined;
  #isPaused = false;
  // What came meanwhile, and at last that nothing more will.
  readonly #held = new Fifo<ArrayBuffer>();
  #heldBytes = 0;
  #hasClosed = false;
  #error: Error | undefined;
  #drainTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(webSocket: WebSocket, limits: WebSocketLinkLimits) {
    this.#webSocket = webSocket;
    this.#limits = limits;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    const { signal } = this.#listening;
    webSocket.addEventListener('message', ({ data }) => this.#arrived(data), { signal });
    webSocket.addEventListener('close', (event) => this.#closed(event), { signal });
  }

  get peer(): string {
    return this.#webSocket.url;
  }

  get pendingBytes(): number {
    return this.#drainTimer === undefined ? 0 : this.#webSocket.bufferedAmount;
  }

  write(bytes: Uint8Array): boolean {
    const webSocket = this.#webSocket;
    if (!this.#isOpen || webSocket.readyState !== WebSocket.OPEN) return true;
    webSocket.send(bytes as Uint8Array<ArrayBuffer>);
    if (webSocket.bufferedAmount <= freeBytesMax) return true;
    this.#drainTimer ??= setTimeout(this.#lookForDrain, drainLookMilliseconds);
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Not before this returns.
    if (this.#held.length > 0 || this.#hasClosed) queueMicrotask(() => this.#handOn());
  }

  close(): void {
    if (this.#isOpen) this.#webSocket.close();
  }

  destroy(): void {
    if (!this.#isOpen) return;
    // The browser says goodbye behind all that was written, or gives up some time; who destroys a
    // connection does not wait for that.
    this.#webSocket.close();
    queueMicrotask(() => this.#end());
  }

  get #isOpen(): boolean {
    return this.#receiver !== undefined;
  }

  #arrived(data: unknown): void {
    // [MQTT-6.0.0-1]
    if (!(data instanceof ArrayBuffer)) {
      return this.#refuse('a text frame was sent, and MQTT travels in binary frames');
    }
    if (!this.#isPaused && this.#held.length === 0) {
      this.#receiver?.receive(new Uint8Array(data));
      return;
    }
    this.#held.push(data);
    this.#heldBytes += data.byteLength;
    const { heldBytesMax } = this.#limits;
    if (this.#heldBytes <= heldBytesMax) return;
    this.#refuse(`messages come faster than they are taken: more than ${heldBytesMax} bytes wait`);
  }

  #refuse(message: string): void {
    this.#error = new Error(message);
    this.#webSocket.close();
    this.#end();
  }

  #handOn(): void {
    while (!this.#isPaused && this.#isOpen) {
      const data = this.#held.shift();
      if (data === undefined) break;
      this.#heldBytes -= data.byteLength;
      this.#receiver?.receive(new Uint8Array(data));
    }
    if (this.#hasClosed && this.#held.length === 0) this.#end();
  }

  #closed({ code, reason, wasClean }: CloseEvent): void {
    if (!wasClean) this.#error = new Error(`the connection broke, code ${code}`);
    else if (reason !== '') this.#error = new Error(`the server closed the connection: ${reason}`);
    this.#hasClosed = true;
    this.#stopLooking();
    if (this.#held.length === 0) this.#end();
  }

  readonly #lookForDrain = (): void => {
    this.#drainTimer = undefined;
    if (this.#webSocket.bufferedAmount === 0) this.#receiver?.drained();
    else this.#drainTimer = setTimeout(this.#lookForDrain, drainLookMilliseconds);
  };

  #stopLooking(): void {
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
  }

  #end(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#listening.abort();
    this.#stopLooking();
    receiver?.closed(this.#error);
  }
}
