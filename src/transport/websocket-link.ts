/** MQTT in the binary frames of a WebSocket, on either side of it. */

import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Accept, Link, LinkReceiver, PeerCredentials } from '../session/link.ts';
import type { Arrival } from './arrival.ts';

// RFC 6455 section 7.4.1.
const normalClosure = 1000;
const unsupportedData = 1003;

/** @param arrival has the socket that `webSocket` is on */
export function startWebSocketLink(webSocket: WebSocket, arrival: Arrival, accept: Accept): void {
  const link = new WebSocketLink(webSocket, arrival);
  link.start(accept(link));
}

class WebSocketLink implements Link {
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  #receiver: LinkReceiver | undefined;
  #awaitsDrain = false;
  #isRefused = false;
  /** The last ping that has no answer yet. */
  #ping: Uint8Array | undefined;
  // One function for all writes of the connection.
  readonly #written = (): void => {
    if (this.#socket.writableLength > 0 || this.#socket.destroyed) return;
    if (this.#ping !== undefined) this.#answerPing();
    if (!this.#awaitsDrain || this.#socket.writableLength > 0) return;
    this.#awaitsDrain = false;
    this.#receiver?.drained();
  };

  constructor(webSocket: WebSocket, { socket, peer, credentials }: Arrival) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.peer = peer;
    this.credentials = credentials;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    let error: Error | undefined;
    const keep = (reason: Error) => {
      error ??= reason;
    };
    webSocket.on('message', (bytes, isBinary) => {
      if (this.#isRefused || this.#socket.destroyed) return;
      // [MQTT-6.0.0-1]
      if (isBinary) receiver.receive(bytes as Uint8Array);
      else this.#refuseText(keep);
    });
    this.#socket.on('data', ({ length }: Uint8Array) => receiver.arriving?.(length));
    webSocket.on('ping', (bytes) => this.#pinged(bytes));
    webSocket.on('error', keep);
    this.#socket.on('error', keep);
    // The peer sends nothing more, and MQTT has nothing to say to a peer that has gone.
    this.#socket.on('end', () => this.#socket.destroy());
    webSocket.on('close', () => receiver.closed(error));
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== WebSocket.OPEN) return true;
    webSocket.send(bytes, this.#written);
    // The kernel has taken everything, as in SocketLink.
    if (this.#socket.writableLength === 0) return true;
    this.#awaitsDrain = true;
    return false;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  close(): void {
    this.#webSocket.close(normalClosure);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  #refuseText(keep: (reason: Error) => void): void {
    this.#isRefused = true;
    keep(new Error('a text frame was sent, and MQTT travels in binary frames'));
    this.#webSocket.close(unsupportedData, 'MQTT travels in binary frames');
  }

  /**
   * Of the pings in one piece of the network, or while the peer takes nothing, the last is answered
   * (RFC 6455 section 5.5.3), so that a flood of them costs next to nothing.
   */
  #pinged(bytes: Uint8Array): void {
    if (this.#ping === undefined) queueMicrotask(this.#written);
    this.#ping = bytes;
  }

  #answerPing(): void {
    const bytes = this.#ping;
    this.#ping = undefined;
    if (this.#webSocket.readyState === WebSocket.OPEN) {
      this.#webSocket.pong(bytes, undefined, this.#written);
    }
  }
}
