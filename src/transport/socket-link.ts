/** MQTT straight on a socket, plain or TLS. */

import type { Socket } from 'node:net';
import type { Accept, Link, LinkReceiver, PeerCredentials } from '../session/link.ts';
import type { Arrival, Arrivals } from './arrival.ts';
import { foreignProtocol } from './foreign-protocol.ts';

export interface SocketEvents {
  /**
   * A connection will be ended, since what it speaks is not MQTT.
   *
   * @param reason goes on from `Connection from PEER rejected, `
   */
  connectionRejected?(peer: string, reason: string): void;
}

/** The innermost layer of a listener whose sockets carry MQTT and nothing else. */
export function socketLinks(accept: Accept, { connectionRejected }: SocketEvents = {}): Arrivals {
  // One function for all connections.
  const look = (first: Uint8Array, peer: string): void => {
    const foreign = foreignProtocol('mqtt', first);
    if (foreign !== undefined) connectionRejected?.(peer, foreign);
  };
  return (arrival) => startLink(arrival, accept, look);
}

/** @param look is shown the first bytes before anybody else is */
export function startLink(
  arrival: Arrival,
  accept: Accept,
  look?: (first: Uint8Array, peer: string) => void,
): void {
  const link = arrival.bareLink?.() ?? new SocketLink(arrival);
  link.start(accept(link), look);
}

class SocketLink implements Link {
  readonly peer: string;
  readonly credentials: PeerCredentials | undefined;
  readonly #socket: Socket;
  #receiver: LinkReceiver | undefined;
  #awaitsDrain = false;
  // One function for all writes of the connection.
  readonly #written = (): void => {
    const { destroyed, writableLength } = this.#socket;
    if (!this.#awaitsDrain || writableLength > 0 || destroyed) return;
    this.#awaitsDrain = false;
    this.#receiver?.drained();
  };

  constructor({ socket, peer, credentials }: Arrival) {
    this.#socket = socket;
    this.peer = peer;
    this.credentials = credentials;
  }

  start(receiver: LinkReceiver, look?: (first: Uint8Array, peer: string) => void): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    let error: Error | undefined;
    let isFirst = true;
    socket.on('data', (bytes: Uint8Array) => {
      if (isFirst) look?.(bytes, this.peer);
      isFirst = false;
      receiver.receive(bytes);
    });
    socket.on('error', (reason) => {
      error = reason;
    });
    // The peer sends nothing more, and MQTT has nothing to say to a peer that has gone. Told now:
    // 'close' follows only after connections that the peer has opened since, whose place it takes.
    socket.on('end', () => {
      socket.destroy();
      this.#end(error);
    });
    socket.on('close', () => this.#end(error));
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    socket.write(bytes, this.#written);
    // The kernel has taken everything: the buffer is free. Saves a copy or a new buffer per turn
    // (measured in docs/decisions/004-coalescing.md).
    if (socket.writableLength === 0) return true;
    this.#awaitsDrain = true;
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(error: Error | undefined): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(error);
  }
}
