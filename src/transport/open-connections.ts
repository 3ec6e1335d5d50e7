/** The connections of one listener that are open. */

import type { Socket } from 'node:net';
import type { BareLink, LinkOwner } from './bare-link.ts';
import { Ends } from './ends.ts';

export class OpenConnections implements LinkOwner {
  readonly #sockets = new Set<Socket>();
  readonly #links = new Set<BareLink>();
  readonly #ends = new Ends();
  // One function for all sockets.
  readonly #forget: (this: Socket) => void;
  #end: PromiseWithResolvers<void> | undefined;
  #made: Socket | undefined;
  #isMaking = false;

  constructor() {
    const sockets = this.#sockets;
    this.#forget = function forget(this: Socket): void {
      sockets.delete(this);
    };
  }

  addSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', this.#forget);
  }

  addLink(link: BareLink): void {
    this.#links.add(link);
  }

  hungUp(link: BareLink): void {
    this.#ends.add(link);
  }

  ended(link: BareLink): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#end?.resolve();
  }

  /** Nobody is there any more whose end has been seen. */
  tellEnds(): void {
    this.#ends.flush();
  }

  /** The socket that the server emits when `make` is called. */
  made(make: () => void): Socket {
    this.#isMaking = true;
    make();
    this.#isMaking = false;
    return this.#made!;
  }

  /** @returns whether somebody waits for the socket in `made` */
  takeMade(socket: Socket): boolean {
    if (!this.#isMaking) return false;
    this.#made = socket;
    this.addSocket(socket);
    return true;
  }

  /** Resolves when those that have no socket have ended: for sockets the server itself waits. */
  end(): Promise<void> | undefined {
    if (this.#links.size === 0) return undefined;
    this.#end ??= Promise.withResolvers();
    return this.#end.promise;
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    for (const link of this.#links) link.destroy();
  }
}
