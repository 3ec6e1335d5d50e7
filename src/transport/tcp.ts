/** MQTT over TCP, on Node's sockets. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Accept, Link, LinkReceiver } from '../session/link.ts';

export interface ListenTcpOptions {
  /** 0: the system chooses. */
  readonly port?: number;
  /** Address or name to listen on; undefined: every address of the machine. */
  readonly host?: string | undefined;
  /** Only this family where `host` is a name or undefined. */
  readonly family?: 4 | 6 | undefined;
}

/** A port that connections come in through. */
export interface Listener {
  readonly port: number;
  readonly host: string;
  /** Takes no more connections; those that are open stay. Resolves when the last has closed. */
  close(): Promise<void>;
}

// Connections that the kernel holds until they are accepted: a fleet that returns after an outage
// comes all at once.
const backlog = 4096;
const keepAliveProbeMilliseconds = 60_000;

/**
 * Listens, and has `accept` called for each connection.
 *
 * @throws the system's error, such as EADDRINUSE
 */
export async function listenTcp(
  accept: Accept,
  { port = 1883, host, family }: ListenTcpOptions = {},
): Promise<Listener> {
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMilliseconds,
  });
  server.on('connection', (socket) => {
    const link = new TcpLink(socket);
    link.start(accept(link));
  });
  await listening(server, {
    port,
    host: host ?? (family === 4 ? '0.0.0.0' : '::'),
    ipv6Only: family === 6,
    backlog,
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    host: address.address,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * Opens a connection; `accept` is called once it is there.
 *
 * @throws the system's error, such as ECONNREFUSED
 */
export function connectTcp(
  accept: Accept,
  { host, port, signal }: { host: string; port: number; signal?: AbortSignal },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const abort = () => socket.destroy(new Error(`connecting to ${host} port ${port} was given up`));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const settled = () => signal?.removeEventListener('abort', abort);
  socket.once('error', reject);
  socket.once('connect', () => {
    settled();
    socket.off('error', reject);
    const link = new TcpLink(socket);
    link.start(accept(link));
    resolve();
  });
  socket.once('close', settled);
  return promise;
}

function listening(server: Server, options: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

class TcpLink implements Link {
  readonly peer: string;
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

  constructor(socket: Socket) {
    this.#socket = socket;
    const { remoteAddress = '?', remotePort = 0, remoteFamily } = socket;
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
    this.peer =
      remoteFamily === 'IPv6' && address === remoteAddress
        ? `[${address}]:${remotePort}`
        : `${address}:${remotePort}`;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    let error: Error | undefined;
    socket.on('data', (bytes: Uint8Array) => receiver.receive(bytes));
    // The peer sends nothing more, and MQTT has nothing to say to a peer that has gone.
    socket.on('end', () => socket.destroy());
    socket.on('error', (reason) => {
      error = reason;
    });
    socket.on('close', () => receiver.closed(error));
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
}
