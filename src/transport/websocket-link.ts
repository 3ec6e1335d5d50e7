/** MQTT in the binary frames of a WebSocket, on either side of it. */

import type { Accept, Link, LinkReceiver, PeerCredentials } from '../session/link.ts';
import type { Arrival } from './arrival.ts';
import { startLink } from './socket-link.ts';
import { writeFrame, writeMaskedFrame } from './websocket-frame-writer.ts';
import {
  type ControlFrame,
  closeCodes,
  FrameError,
  FrameReader,
  type FrameReaderOptions,
  opcodes,
} from './websocket-frames.ts';

// For whom the other side of a close handshake is waited; a broker that says goodbye has given up
// by then.
const closeMilliseconds = 10_000;

export interface WebSocketLinkOptions extends FrameReaderOptions {
  /** What is sent before all frames. */
  readonly answer?: Uint8Array;
  /** What has come already of the frames. */
  readonly head: Uint8Array;
}

/** What comes of a connection is frames from now on, and what is sent goes into frames. */
export function startWebSocketLink(
  arrival: Arrival,
  accept: Accept,
  { answer, head, ...reading }: WebSocketLinkOptions,
): void {
  let link: WebSocketLink | undefined;
  startLink(arrival, (lower) => {
    if (answer !== undefined) lower.write(answer);
    link = new WebSocketLink(lower, reading);
    link.start(accept(link));
    return link;
  });
  if (head.length > 0) link!.receive(head);
}

/** A link on another. */
class WebSocketLink implements Link, LinkReceiver {
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  readonly #link: Link;
  readonly #reader: FrameReader;
  readonly #writeFrame: typeof writeFrame;
  #receiver: LinkReceiver | undefined;
  #awaitsDrain = false;
  #isPaused = false;
  /** A close frame was sent, or nothing can be any more. */
  #hasEnded = false;
  /** What still comes is nobody's: behind a close frame, or behind what was wrong. */
  #isDeaf = false;
  #error: Error | undefined;
  /** The last ping that has no answer yet. */
  #ping: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param reading `from` tells which side of it this is */
  constructor(link: Link, reading: FrameReaderOptions) {
    this.#link = link;
    this.peer = link.peer;
    this.credentials = link.credentials;
    this.#reader = new FrameReader(reading);
    this.#writeFrame = reading.from === 'client' ? writeFrame : writeMaskedFrame;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
  }

  get pendingBytes(): number {
    return this.#link.pendingBytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#hasEnded) return true;
    const isTaken = this.#writeFrame(this.#link, opcodes.binary, bytes);
    if (!isTaken) this.#awaitsDrain = true;
    return isTaken;
  }

  pause(): void {
    // Otherwise the end of it would not be seen.
    if (this.#isDeaf) return;
    this.#isPaused = true;
    this.#link.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#link.resume();
  }

  close(): void {
    this.#sendClose(closePayload(closeCodes.normal));
  }

  destroy(): void {
    this.#isDeaf = true;
    this.#hasEnded = true;
    this.#link.destroy();
  }

  receive(bytes: Uint8Array): void {
    if (this.#isDeaf) return;
    this.#reader.push(bytes);
    while (!this.#isDeaf) {
      const next = this.#next();
      if (next === undefined) break;
      if (next instanceof Uint8Array) this.#receiver!.receive(next);
      else this.#control(next);
    }
  }

  drained(): void {
    if (this.#ping !== undefined) this.#answerPing();
    if (!this.#awaitsDrain || this.#link.pendingBytes > 0) return;
    this.#awaitsDrain = false;
    this.#receiver!.drained();
  }

  closed(error?: Error): void {
    clearTimeout(this.#timer);
    this.#isDeaf = true;
    this.#hasEnded = true;
    this.#receiver!.closed(this.#error ?? error);
  }

  #next(): Uint8Array | ControlFrame | undefined {
    try {
      return this.#reader.next();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#error = error;
      this.#end(closePayload(error.closeCode, error.message));
      return undefined;
    }
  }

  #control(frame: ControlFrame): void {
    if (frame.type === 'ping') this.#pinged(frame.payload);
    // The answer to a close frame has the same code.
    else if (frame.type === 'close') this.#end(frame.payload);
  }

  /** Nothing more is wanted of the other side but that it ends the connection. */
  #end(payload: Uint8Array): void {
    this.#isDeaf = true;
    this.#sendClose(payload);
    this.#link.close();
    this.resume();
  }

  #sendClose(payload: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#writeFrame(this.#link, opcodes.close, payload);
    this.#timer = setTimeout(() => this.#link.destroy(), closeMilliseconds);
  }

  /**
   * Of the pings in one piece of the network, or while the peer takes nothing, the last is answered
   * (RFC 6455 section 5.5.3), so that a flood of them costs next to nothing.
   */
  #pinged(payload: Uint8Array): void {
    if (this.#ping === undefined) queueMicrotask(() => this.#answerPing());
    this.#ping = payload;
  }

  #answerPing(): void {
    // `drained` follows.
    if (this.#link.pendingBytes > 0) return;
    const payload = this.#ping;
    this.#ping = undefined;
    if (payload !== undefined && !this.#hasEnded) {
      this.#writeFrame(this.#link, opcodes.pong, payload);
    }
  }
}

/** @param reason of ASCII, 123 letters at most */
function closePayload(code: number, reason = ''): Uint8Array {
  const letters = Array.from(reason, (letter) => letter.charCodeAt(0));
  return new Uint8Array([code >> 8, code & 0xff, ...letters]);
}
