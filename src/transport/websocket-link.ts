/** A Link over an open WebSocket: its binary frames are bytes, whatever their borders. */

import type WebSocket from 'ws';
import type { RawData } from 'ws';
import type { Link, LinkReceiver, PeerCredentials } from '../session/link.ts';

// Of ws: the states in which nothing can be sent any more are those behind it.
const open = 1;
const closed = 3;

// RFC 6455 section 7.4.1.
const unsupportedData = 1003;

// Never compressed: what is published is small, or compressed by its publisher.
const frame = { binary: true, compress: false } as const;

export class WebSocketLink implements Link {
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  readonly #webSocket: WebSocket;
  #receiver: LinkReceiver | undefined;
  #awaitsDrain = false;
  // One function for all writes of the connection.
  readonly #written = (): void => {
    if (!this.#awaitsDrain || this.pendingBytes > 0 || this.#webSocket.readyState !== open) return;
    this.#awaitsDrain = false;
    this.#receiver?.drained();
  };

  constructor(
    webSocket: WebSocket,
    { peer, credentials }: { peer: string; credentials: PeerCredentials | undefined },
  ) {
    this.#webSocket = webSocket;
    this.peer = peer;
    this.credentials = credentials;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    let error: Error | undefined;
    webSocket.on('message', (bytes: RawData, isBinary: boolean) => {
      if (webSocket.readyState !== open) return;
      if (isBinary) return receiver.receive(bytes as Buffer);
      // [MQTT-6.0.0-1]
      error = new Error('a text frame was sent, where MQTT takes binary frames only');
      webSocket.close(unsupportedData);
    });
    webSocket.on('error', (reason) => {
      error = reason;
    });
    webSocket.on('close', () => receiver.closed(error));
  }

  /** With the heads of its frames. */
  get pendingBytes(): number {
    const { readyState, bufferedAmount } = this.#webSocket;
    return readyState === closed ? 0 : bufferedAmount;
  }

  write(bytes: Uint8Array): boolean {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== open) return true;
    webSocket.send(bytes, frame, this.#written);
    if (webSocket.bufferedAmount === 0) return true;
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
    this.#webSocket.close();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
