/** The lines of a text that comes in pieces: a log, or the output of a process. */

import { Writable } from 'node:stream';

export class TextLines extends Writable {
  readonly #lines: string[] = [];
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  #unfinished = '';

  constructor() {
    super({ decodeStrings: false });
  }

  get all(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when this very line has come, perhaps long ago. */
  seen(line: string): Promise<void> {
    if (this.#lines.includes(line)) return Promise.resolve();
    const awaited = this.#awaited.get(line) ?? Promise.withResolvers<void>();
    this.#awaited.set(line, awaited);
    return awaited.promise;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#unfinished + chunk).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) {
      this.#lines.push(line);
      this.#awaited.get(line)?.resolve();
    }
    done();
  }
}
