/** The file of `log_dest file`, which tools may move away while it is open. */

import { appendFileSync, createWriteStream, openSync, type WriteStream } from 'node:fs';
import { StartError } from './start-error.ts';

// Only the owner reads it, as with Mosquitto: it names users and addresses.
const ownerOnly = 0o600;

/** Appends to a file without blocking. */
export class LogFile {
  readonly #path: string;
  #stream: WriteStream;

  /** @throws StartError */
  constructor(path: string) {
    this.#path = path;
    this.#stream = open(path);
  }

  /** Bytes that the disk has not taken yet. */
  get waitingBytes(): number {
    return this.#stream.writableLength;
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  /** Past what waits: for the last words of a process, which has no time to wait for the disk. */
  writeNow(text: string): void {
    try {
      appendFileSync(this.#path, text);
    } catch {
      // Nobody is left to be told.
    }
  }

  /** Goes on in a file of the same name; keeps the old one when that cannot be opened. */
  reopen(): void {
    const before = this.#stream;
    this.#stream = open(this.#path);
    before.end();
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream.once('close', resolve);
    this.#stream.end();
    return promise;
  }
}

function open(path: string): WriteStream {
  try {
    const fd = openSync(path, 'a', ownerOnly);
    // A full disk must not stop the broker: what could not be written is lost.
    return createWriteStream(path, { fd }).on('error', () => undefined);
  } catch (error) {
    throw new StartError(
      `Unable to open log file ${path} for writing (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}
