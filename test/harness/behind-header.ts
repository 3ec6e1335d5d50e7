/** The client's end of a connection whose first bytes are sent together with a header. */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What is written first leaves in one piece with the header, or each byte in a piece of its own. */
export class BehindHeader extends Duplex {
  readonly #socket: Socket;
  readonly #pieces: 'in one piece' | 'byte by byte';
  #header: Buffer | undefined;

  constructor(socket: Socket, header: Buffer, pieces: 'in one piece' | 'byte by byte') {
    super();
    this.#socket = socket;
    this.#header = header;
    this.#pieces = pieces;
    socket.on('data', (bytes) => this.push(bytes));
    socket.on('end', () => this.push(null));
  }

  override _read(): void {}

  override async _write(bytes: Buffer, _encoding: string, done: () => void): Promise<void> {
    const header = this.#header;
    this.#header = undefined;
    const all = header === undefined ? bytes : Buffer.concat([header, bytes]);
    if (header === undefined || this.#pieces === 'in one piece') {
      this.#socket.write(all, done);
      return;
    }
    for (const byte of all) {
      this.#socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    done();
  }
}
