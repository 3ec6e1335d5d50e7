/** The layer of a listener that speaks MQTT over WebSocket, and may serve files beside it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Accept } from '../session/link.ts';
import type { Arrival, Arrivals } from './arrival.ts';
import { foreignProtocol } from './foreign-protocol.ts';
import { HalfOpen, type HalfOpenEnd } from './half-open.ts';
import { type HttpRefusal, refuseOnSocket, refuseRequest } from './http-refusal.ts';
import { StaticFiles } from './static-files.ts';
import { startWebSocketLink } from './websocket-link.ts';
import {
  headerLinesMax,
  headerTooLarge,
  isForWebSocket,
  methodRefused,
  noRequest,
  refusalOfRequest,
  refusalOfUpgrade,
  switching,
  upgradeRequired,
} from './websocket-request.ts';

export interface WebSocketOptions {
  /**
   * `websockets_origin`: the web pages that may connect, as their browser names them
   * (`https://example.com:8080`); none: all may. Who sends no Origin is no browser, and may.
   */
  readonly origins?: readonly string[];
  /** `websockets_headers_size`: bytes of the request's line and header. */
  readonly headersSize?: number;
  /** `http_dir`: where the files are that a plain GET is answered with; undefined: nowhere. */
  readonly httpDir?: string | undefined;
  /**
   * Bytes of the largest frame, or message of several frames. It must hold the largest packet, and
   * should hold some of them: what a library has to send when it gets to it may come in one frame.
   */
  readonly frameBytesMax?: number;
  /** How long a connection may be here without a request that becomes a WebSocket or a file. */
  readonly upgradeSeconds?: number;
  /** Such connections at a time. */
  readonly upgradesMax?: number;
  /** How long a file may take on its way. */
  readonly fileSeconds?: number;
  /** Files on their way at a time. */
  readonly filesMax?: number;
  /** When the listener ends: nobody waits for requests and files then. */
  readonly signal?: AbortSignal | undefined;
}

export interface WebSocketEvents {
  /**
   * A connection was ended here, or a request refused.
   *
   * @param reason goes on from `Connection from PEER rejected, `
   */
  connectionRejected?(peer: string, reason: string): void;
  /** @param file its path in the file system */
  fileServed?(peer: string, file: string): void;
}

/**
 * Makes a Link of each WebSocket. `peer` and `credentials` are the arrival's: what a request says
 * of them (X-Forwarded-For) anybody could say.
 */
export function webSockets(
  accept: Accept,
  options: WebSocketOptions = {},
  events: WebSocketEvents = {},
): Arrivals {
  const layer = new WebSocketLayer(accept, options, events);
  return (arrival) => layer.take(arrival);
}

// After an outage a fleet comes all at once, and all of it is accepted before the first request is
// read: more than a backlog of them.
const upgradesMaxDefault = 10_000;

const requestsMax = 100;
const keepAliveMilliseconds = 5_000;

/** A connection whose requests are answered, until one of them makes a WebSocket of it. */
class Visitor {
  readonly arrival: Arrival;
  requests = 0;
  isAnswering = false;
  #leave = (): void => {};

  constructor(arrival: Arrival) {
    this.arrival = arrival;
    arrival.socket.on('close', this.leave);
  }

  /** The connection has ended, or is a WebSocket now. */
  readonly leave = (): void => {
    this.#leave();
    this.arrival.socket.off('close', this.leave);
  };

  /** From now on it is under this bound, and no other. */
  enter(bound: HalfOpen, dropped: (end: HalfOpenEnd) => void): void {
    this.#leave();
    this.#leave = bound.enter((end) => {
      this.arrival.socket.destroy();
      dropped(end);
    });
  }
}

class WebSocketLayer {
  readonly #accept: Accept;
  readonly #origins: readonly string[];
  readonly #headersSize: number;
  readonly #events: WebSocketEvents;
  readonly #http: Server;
  readonly #frameBytesMax: number;
  readonly #files: StaticFiles | undefined;
  readonly #asking: HalfOpen;
  readonly #answered: HalfOpen;
  readonly #visitors = new WeakMap<Socket, Visitor>();

  constructor(
    accept: Accept,
    {
      origins = [],
      headersSize = 4096,
      httpDir,
      frameBytesMax = 2 ** 23,
      upgradeSeconds = 10,
      upgradesMax = upgradesMaxDefault,
      fileSeconds = 300,
      filesMax = 100,
      signal,
    }: WebSocketOptions,
    events: WebSocketEvents,
  ) {
    this.#accept = accept;
    this.#origins = origins;
    this.#headersSize = headersSize;
    this.#events = events;
    this.#files = httpDir === undefined ? undefined : new StaticFiles(httpDir);
    this.#asking = new HalfOpen({ seconds: upgradeSeconds, max: upgradesMax, signal });
    this.#answered = new HalfOpen({ seconds: fileSeconds, max: filesMax, signal });
    this.#http = this.#createHttp(headersSize);
    this.#frameBytesMax = frameBytesMax;
  }

  take(arrival: Arrival): void {
    const visitor = new Visitor(arrival);
    this.#visitors.set(arrival.socket, visitor);
    this.#awaitRequest(visitor);
    this.#http.emit('connection', arrival.socket);
  }

  #createHttp(headersSize: number): Server {
    const http = createServer({
      maxHeaderSize: headersSize,
      keepAliveTimeout: keepAliveMilliseconds,
      // Whoever leaves out Host finds the way in at Mosquitto, too; nothing here depends on it.
      requireHostHeader: false,
      shouldUpgradeCallback: isForWebSocket,
    });
    // One more than are allowed, since Node leaves out the rest without a word.
    http.maxHeadersCount = headerLinesMax + 1;
    // Node checks its own timeouts only for a server that listens: `HalfOpen` has them instead.
    http.on('request', (request, response) => this.#answer(request, response));
    http.on('checkContinue', (request, response) => this.#answer(request, response));
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    http.on('connect', (request, socket) => {
      this.#refuseUpgrade(request, socket, methodRefused);
    });
    http.on('clientError', (error, socket) => this.#misunderstood(error, socket as Socket));
    return http;
  }

  /** A request is to come. */
  #awaitRequest(visitor: Visitor): void {
    visitor.enter(this.#asking, (end) => {
      // Between two files a browser keeps its connection for the next.
      if (visitor.requests > 0) return;
      this.#events.connectionRejected?.(visitor.arrival.peer, lateness[end]);
    });
  }

  /** @param socket that of the request, or what Node puts around it while a body is to come */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const visitor = this.#visitors.get(request.socket)!;
    if (visitor.isAnswering) {
      socket.destroy();
      return;
    }
    visitor.requests++;
    const refusal =
      refusalOfRequest(request, this.#headersSize) ?? refusalOfUpgrade(request, this.#origins);
    if (refusal !== undefined) {
      this.#refuseUpgrade(request, socket, refusal);
      return;
    }
    visitor.leave();
    this.#visitors.delete(request.socket);
    // It has been ended already, from one side or the other.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    startWebSocketLink(visitor.arrival, this.#accept, {
      answer: Buffer.from(switching(request), 'latin1'),
      head,
      from: 'client',
      frameBytesMax: this.#frameBytesMax,
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const visitor = this.#visitors.get(request.socket)!;
    // No browser asks before it has its answer; whoever does might ask for thousands of files.
    if (visitor.isAnswering) {
      request.socket.destroy();
      return;
    }
    visitor.requests++;
    // Node's own limit would only advise the client to go.
    if (visitor.requests >= requestsMax) response.setHeader('Connection', 'close');
    visitor.isAnswering = true;
    visitor.enter(this.#answered, () => {});
    response.on('close', () => {
      visitor.isAnswering = false;
      if (request.socket.destroyed) visitor.leave();
      else this.#awaitRequest(visitor);
    });
    const refusal =
      refusalOfRequest(request, this.#headersSize) ?? (this.#files ? undefined : upgradeRequired);
    if (refusal === undefined) this.#serve(request, response, visitor.arrival.peer);
    else {
      refuseRequest(response, refusal);
      this.#tellOf(refusal, visitor);
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse, peer: string): void {
    this.#files!.answer(request, response, (file) => this.#events.fileServed?.(peer, file));
  }

  #refuseUpgrade(request: IncomingMessage, socket: Duplex, refusal: HttpRefusal): void {
    refuseOnSocket(socket, refusal);
    this.#tellOf(refusal, this.#visitors.get(request.socket)!);
  }

  /** What came is no request, or the connection has broken. */
  #misunderstood(error: Error, socket: Socket): void {
    const { code, rawPacket } = error as Error & { code?: string; rawPacket?: Buffer };
    const visitor = this.#visitors.get(socket)!;
    if (code === 'ECONNRESET' || visitor.isAnswering || rawPacket === undefined) {
      socket.destroy();
      return;
    }
    const isFirst = visitor.requests === 0;
    const foreign = isFirst ? foreignProtocol('websockets', rawPacket) : undefined;
    if (foreign !== undefined) {
      socket.destroy();
      this.#events.connectionRejected?.(visitor.arrival.peer, foreign);
      return;
    }
    const isTooLarge = code === 'HPE_HEADER_OVERFLOW';
    const refusal = isTooLarge ? headerTooLarge(this.#headersSize) : noRequest;
    refuseOnSocket(socket, refusal);
    this.#tellOf(refusal, visitor);
  }

  #tellOf({ told, reason }: HttpRefusal, { arrival }: Visitor): void {
    // The reason goes into a sentence, of which what was told is one already.
    const quoted = `it was told: ${told.replace(/\.$/, '')}`;
    this.#events.connectionRejected?.(arrival.peer, reason ?? quoted);
  }
}

const lateness: Readonly<Record<HalfOpenEnd, string>> = {
  'took too long': 'no whole request for a WebSocket came within the time for it',
  'listener ended': 'the listener ended before its request for a WebSocket was whole',
  'crowded out': 'too many others came before its request for a WebSocket was whole',
};
