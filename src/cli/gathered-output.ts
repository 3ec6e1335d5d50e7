/** Output in one write per turn of the event loop, however many lines a turn has. */

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { bytesOfText } from './byte-text.ts';

// Within a turn this much is written early, so that memory does not grow with its length.
const flushCharacters = 64 * 1024;

export class GatheredOutput {
  readonly #stream: Writable;
  readonly #closed: AbortController;
  #text = '';
  #isBlocked = false;

  /** @param closed is aborted when nobody reads the stream any more */
  constructor(stream: Writable, closed: AbortController) {
    this.#stream = stream;
    this.#closed = closed;
    stream.on('error', () => closed.abort());
  }

  /** True when the reader lags: then wait for `drained` before more is written. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** @param text a character for each byte: see byte-text.ts */
  write(text: string): void {
    if (text === '') return;
    if (this.#text === '') setImmediate(() => this.flush());
    this.#text += text;
    if (this.#text.length >= flushCharacters) this.flush();
  }

  flush(): void {
    if (this.#text === '') return;
    const bytes = bytesOfText(this.#text);
    this.#text = '';
    if (this.#closed.signal.aborted || this.#stream.write(bytes) || this.#isBlocked) return;
    this.#isBlocked = true;
    this.#stream.once('drain', () => {
      this.#isBlocked = false;
    });
  }

  /** Resolves when the reader has caught up, or is gone. */
  async drained(): Promise<void> {
    const { signal } = this.#closed;
    if (this.#isBlocked) await once(this.#stream, 'drain', { signal }).catch(() => undefined);
  }
}
