/** A Link on a WebSocket of the library `ws`, for the other end of one of ours. */

import type { Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Accept, Link, LinkReceiver } from '../../src/session/link.ts';

/** Connects as a client of MQTT does; `accept` is called once the WebSocket is open. */
export function connectForeignWebSocket(
  accept: Accept,
  url: string,
  options: ClientOptions = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const webSocket = new WebSocket(url, 'mqtt', { perMessageDeflate: false, ...options });
  let socket: Socket;
  webSocket.once('upgrade', (response) => {
    socket = response.socket;
  });
  webSocket.once('open', () => {
    startForeignLink(webSocket, socket, accept);
    resolve();
  });
  webSocket.once('error', reject);
  return promise;
}

/** @param socket that `webSocket` is on */
export function startForeignLink(webSocket: WebSocket, socket: Socket, accept: Accept): void {
  const link = new ForeignLink(webSocket, socket);
  link.start(accept(link));
}

class ForeignLink implements Link {
  readonly peer = 'foreign';
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  #receiver: LinkReceiver | undefined;
  #awaitsDrain = false;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    let error: Error | undefined;
    webSocket.on('message', (bytes) => {
      if (!this.#socket.destroyed) receiver.receive(bytes as Uint8Array);
    });
    webSocket.on('error', (reason) => {
      error ??= reason;
    });
    webSocket.on('close', () => receiver.closed(error));
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return true;
    this.#webSocket.send(bytes, () => this.#written());
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
    this.#webSocket.close(1000);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  #written(): void {
    if (!this.#awaitsDrain || this.#socket.writableLength > 0 || this.#socket.destroyed) return;
    this.#awaitsDrain = false;
    this.#receiver?.drained();
  }
}
