/** A listener with TLS, and clients that come to it, in one process. */

import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Arrival } from '../../src/transport/arrival.ts';
import type { HandshakeFailure } from '../../src/transport/handshake-failure.ts';
import { type Listener, listenSockets } from '../../src/transport/listen-sockets.ts';
import { type TlsLayerOptions, tlsLayer } from '../../src/transport/tls.ts';
import { loadTls, TlsSecurity, type TlsSettings } from '../../src/transport/tls-security.ts';

const host = '127.0.0.1';

/** What became of a connection, in the order in which they did. */
export type HandshakeOutcome =
  | { readonly type: 'arrived'; readonly arrival: Arrival; readonly isResumed: boolean }
  | { readonly type: 'failed'; readonly failure: HandshakeFailure };

export class TlsStage implements AsyncDisposable {
  readonly security: TlsSecurity;
  readonly #outcomes: HandshakeOutcome[] = [];
  readonly #sockets: Socket[] = [];
  #listener: Listener | undefined;
  #awaited = Promise.withResolvers<void>();

  private constructor(security: TlsSecurity) {
    this.security = security;
  }

  /** Whoever has arrived is greeted: his socket gets `hello`, and what he sends is dropped. */
  static async open(settings: TlsSettings, options: TlsLayerOptions = {}): Promise<TlsStage> {
    const stage = new TlsStage(new TlsSecurity(loadTls(settings)));
    const handshakeFailed = (_peer: string, failure: HandshakeFailure) =>
      stage.#add({ type: 'failed', failure });
    const arrived = (arrival: Arrival) => {
      stage.#sockets.push(arrival.socket);
      arrival.socket.on('error', () => undefined).resume();
      arrival.socket.write('hello');
      const isResumed = (arrival.socket as TLSSocket).isSessionReused();
      stage.#add({ type: 'arrived', arrival, isResumed });
    };
    const layer = tlsLayer(stage.security, arrived, { events: { handshakeFailed }, ...options });
    stage.#listener = await listenSockets(layer, { port: 0, host });
    return stage;
  }

  get port(): number {
    return this.#listener!.port;
  }

  /** Outcomes that nobody has asked for. */
  get pending(): number {
    return this.#outcomes.length;
  }

  /** The next outcome. */
  async outcome(): Promise<HandshakeOutcome> {
    while (this.#outcomes.length === 0) await this.#awaited.promise;
    return this.#outcomes.shift()!;
  }

  async arrived(): Promise<Arrival> {
    const outcome = await this.outcome();
    if (outcome.type === 'arrived') return outcome.arrival;
    throw new Error(`the handshake failed: ${outcome.failure.message}`);
  }

  /** Whether the next to arrive has left out what it had proved before. */
  async isResumed(): Promise<boolean> {
    const outcome = await this.outcome();
    if (outcome.type === 'arrived') return outcome.isResumed;
    throw new Error(`the handshake failed: ${outcome.failure.message}`);
  }

  async failed(): Promise<HandshakeFailure> {
    const outcome = await this.outcome();
    if (outcome.type === 'failed') return outcome.failure;
    throw new Error(`${outcome.arrival.peer} has arrived`);
  }

  /** A client that trusts everybody, unless it is told otherwise. */
  client(options: ConnectionOptions = {}): TLSSocket {
    const socket = connect({ port: this.port, host, rejectUnauthorized: false, ...options });
    this.#sockets.push(socket);
    return socket.on('error', () => undefined);
  }

  plainClient(): Socket {
    const socket = connectPlain(this.port, host);
    this.#sockets.push(socket);
    return socket.on('error', () => undefined);
  }

  /** Comes, is greeted and goes; returns what the client has come to know. */
  async visit(options: ConnectionOptions = {}): Promise<Visit> {
    const socket = this.client(options);
    const closed = closing(socket);
    let error: Error | undefined;
    socket.on('error', (reason) => {
      error = reason;
    });
    let session: Buffer | undefined;
    socket.on('session', (bytes) => {
      session = bytes;
    });
    let greeting = '';
    socket.on('data', (bytes) => {
      greeting += bytes;
      if (greeting === 'hello') socket.end('bye');
    });
    await closed;
    return { greeting, error, session };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#listener!.close();
  }

  #add(outcome: HandshakeOutcome): void {
    this.#outcomes.push(outcome);
    this.#awaited.resolve();
    this.#awaited = Promise.withResolvers();
  }
}

/** Not `once`, which fails when there is an error before. */
export function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

export interface Visit {
  /** `hello`, when the listener has let the client in. */
  readonly greeting: string;
  readonly error: Error | undefined;
  readonly session: Buffer | undefined;
}
