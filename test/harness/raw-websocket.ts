/** A client of HTTP and WebSocket that sends whatever bytes the test wants. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

const mask = Buffer.from([0x11, 0x22, 0x33, 0x44]);

/** A frame as a client sends it. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array = new Uint8Array(),
  { isFinal = true, isMasked = true } = {},
): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (isFinal ? 0x80 : 0) | opcode;
  header[1] = (isMasked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([header, payload]);
  return Buffer.concat([header, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

/** A request for a WebSocket; `fields` replace or, when undefined, remove those of its header. */
export function upgradeRequest(fields: Readonly<Record<string, string | undefined>> = {}): string {
  const header = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'mqtt',
    ...fields,
  };
  const lines = Object.entries(header)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /mqtt HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Sends bytes, and returns what comes until the other side ends the connection. */
export async function converse(port: number, sent: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  // A server that has said no need not read the rest.
  socket.on('error', () => {});
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('close', () => resolve());
  socket.write(sent);
  await closed;
  return Buffer.concat(received).toString('latin1');
}

export interface HttpAnswer {
  readonly status: number;
  readonly header: ReadonlyMap<string, string>;
  readonly body: string;
}

export function readAnswer(text: string): HttpAnswer {
  const [head, ...rest] = text.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  const header = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(first.split(' ')[1]), header, body: rest.join('\r\n\r\n') };
}

/** An open WebSocket. */
export class RawWebSocket implements AsyncDisposable {
  readonly answer: HttpAnswer;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket, text: string) {
    this.#socket = socket;
    this.answer = readAnswer(text);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#wake.resolve());
  }

  static async open(port: number, request = upgradeRequest()): Promise<RawWebSocket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.write(request);
    let text = '';
    while (!text.includes('\r\n\r\n')) {
      const [bytes] = await once(socket, 'data');
      text += bytes.toString('latin1');
    }
    const end = text.indexOf('\r\n\r\n') + 4;
    const webSocket = new RawWebSocket(socket, text.slice(0, end));
    webSocket.#take(Buffer.from(text.slice(end), 'latin1'));
    return webSocket;
  }

  send(...pieces: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(pieces));
  }

  /** Takes nothing more from the network; `read` goes on. */
  stall(): void {
    this.#socket.pause();
  }

  read(): void {
    this.#socket.resume();
  }

  /** Sends nothing more. */
  end(): void {
    this.#socket.end();
  }

  /** The next frame; undefined when the connection has ended before it. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#parse();
      if (frame !== undefined || this.#socket.closed) return frame;
      await this.#wake.promise;
    }
  }

  /** The code of the close frame that comes next, if it is one. */
  async closeCode(): Promise<number> {
    const frame = await this.next();
    assert.equal(frame?.opcode, opcodes.close);
    return frame!.payload.readUInt16BE(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #parse(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    assert.equal(bytes[1] & 0x80, 0, 'a server does not mask');
    const short = bytes[1] & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(2)
          : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return undefined;
    this.#bytes = bytes.subarray(start + length);
    return { opcode: bytes[0] & 0x0f, payload: bytes.subarray(start, start + length) };
  }
}
