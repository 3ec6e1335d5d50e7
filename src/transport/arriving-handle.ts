/** A connection that has just come in, before it is decided whether a socket is made of it. */

import type { Socket } from 'node:net';
import { type Arrival, peerText, unixPeerText } from './arrival.ts';
import { type BareHandle, takeBack } from './bare-handle.ts';
import { BareLink } from './bare-link.ts';
import type { OpenConnections } from './open-connections.ts';

export class ArrivingHandle implements Arrival {
  readonly peer: string;
  readonly credentials = undefined;
  readonly #handle: BareHandle;
  readonly #open: OpenConnections;
  readonly #makeSocket: () => void;
  #socket: Socket | undefined;

  /** @param path of the Unix socket that it has come by, where it has */
  constructor(
    handle: BareHandle,
    path: string | undefined,
    { open, makeSocket }: { open: OpenConnections; makeSocket: () => void },
  ) {
    this.#handle = handle;
    this.#open = open;
    this.#makeSocket = makeSocket;
    this.peer = path === undefined ? peerOfHandle(handle) : unixPeerText(path);
  }

  get socket(): Socket {
    this.#socket ??= this.#open.made(this.#makeSocket);
    return this.#socket;
  }

  bareLink(): BareLink | undefined {
    if (this.#socket !== undefined && !takeBack(this.#handle, this.#socket)) return undefined;
    const link = new BareLink(this.#handle, this.peer, this.#open);
    this.#open.addLink(link);
    return link;
  }

  get file(): number | undefined {
    return this.#handle.fd;
  }

  destroy(): void {
    this.#handle.close();
  }
}

function peerOfHandle(handle: BareHandle): string {
  const name: { address?: string; port?: number } = {};
  handle.getpeername?.(name);
  // It may have gone already.
  return peerText(name.address ?? '?', name.port ?? 0);
}
