/** An HTTP server of a test's own, which remembers what it was asked. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ServiceRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: ServiceRequest) => void;

export class HttpService implements AsyncDisposable {
  readonly requests: ServiceRequest[] = [];
  /** Connections that have been opened. */
  connectionCount = 0;
  /** Requests that are being answered. */
  openCount = 0;
  openCountMax = 0;
  answer: Answer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.connectionCount++;
      this.#sockets.add(socket);
    });
  }

  static async start(answer: Answer): Promise<HttpService> {
    const service = new HttpService(answer);
    const { promise, resolve } = Promise.withResolvers<void>();
    service.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const taken = { path: request.url!, headers: request.headers, body };
      this.requests.push(taken);
      this.openCount++;
      this.openCountMax = Math.max(this.openCountMax, this.openCount);
      response.on('close', () => this.openCount--);
      this.answer(response, taken);
    });
  }
}

/** Sends JSON. */
export function json(value: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

/** Sends a status and nothing else. */
export function status(code: number): Answer {
  return (response) => {
    response.writeHead(code);
    response.end();
  };
}
