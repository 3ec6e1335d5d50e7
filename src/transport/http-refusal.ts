/** Answers to requests that do not become a WebSocket, and are not for a file either. */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface HttpRefusal {
  readonly status: number;
  /** A sentence for whoever asked. */
  readonly told: string;
  /** For the operator, who may do something about it; where absent, what was told. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request that Node's server has an answer for. */
export function refuseRequest(response: ServerResponse, { status, told, headers }: HttpRefusal) {
  const body = `${told}\n`;
  response.writeHead(status, { ...textHeaders(body), Connection: 'close', ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Answers on a socket that Node's server has let go of, or never understood. */
export function refuseOnSocket(socket: Duplex, { status, told, headers }: HttpRefusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${told}\n`;
  const fields = { ...textHeaders(body), Connection: 'close', ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
  socket.on('error', () => {}); // 'close' follows
  socket.end(text, () => socket.destroy());
}

function textHeaders(body: string): Record<string, string> {
  return {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Content-Type-Options': 'nosniff',
  };
}
