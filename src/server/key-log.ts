/** The file of `--tls-keylog`: session keys as NSS writes them, which packet analysers read. */

import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { StartError } from './start-error.ts';

// Whoever can read it can read every connection.
const ownerOnly = 0o600;

/**
 * Appends the lines of the `keylog` events of TLS sockets and servers:
 * `tlsServer.on('keylog', (line) => keyLog.write(line))`.
 */
export class KeyLog implements Disposable {
  readonly #fd: number;
  #isClosed = false;

  /** @throws StartError when the file cannot be opened, or others could read it. */
  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'a', ownerOnly);
      fchmodSync(this.#fd, ownerOnly); // it may have been there already
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new StartError(`Unable to open the TLS key log '${path}' for writing (${code}).`);
    }
  }

  /** @param line with the line feed at its end, as Node hands it out */
  write(line: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      writeSync(this.#fd, line); // at once: an analyser that follows the file is already waiting
    } catch {
      // A full disk must not end a connection.
    }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }
}
