/** An Io for tests: what a command writes is kept. */

import { EventEmitter, once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { Io } from './command.ts';

/** An Io without a process, and what has been written to it. */
export interface TestIo {
  readonly io: Io;
  readonly stdout: WrittenText;
  readonly stderr: WrittenText;
  /** As SIGTERM does. */
  abort(): void;
}

export function testIo(env: Io['env'] = {}): TestIo {
  const controller = new AbortController();
  const stdin = new PassThrough();
  const stdout = new WrittenText();
  const stderr = new WrittenText();
  return {
    io: { stdin, stdout, stderr, signal: controller.signal, env },
    stdout,
    stderr,
    abort: () => controller.abort(),
  };
}

/** A stream that keeps what is written to it as text. */
export class WrittenText extends Writable {
  readonly #growth = new EventEmitter();
  #text = '';

  constructor() {
    super({ decodeStrings: false });
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves once `pattern` is in the text. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#text)) await once(this.#growth, 'more');
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.#text += String(chunk);
    done();
    this.#growth.emit('more');
  }
}
