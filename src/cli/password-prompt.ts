/** Asks for a password: on a terminal without showing it, from anything else as lines. */

import type { Readable, Writable } from 'node:stream';
import { ToolFailure } from './tool-failure.ts';

export interface PromptStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly stdout: Writable;
  readonly signal: AbortSignal;
}

/**
 * Asks twice, as one does not see what one types.
 *
 * @throws ToolFailure when there is none, or two different ones
 */
export async function askPassword(streams: PromptStreams): Promise<Uint8Array> {
  const { stdout } = streams;
  const input = new SecretInput(streams);
  try {
    const passwords: Uint8Array[] = [];
    for (const prompt of ['Password: ', 'Reenter password: ']) {
      stdout.write(prompt);
      passwords.push(await input.line());
      stdout.write('\n');
    }
    if (Buffer.compare(passwords[0], passwords[1]) === 0) return passwords[0];
    throw new ToolFailure(2, 'Error: Passwords do not match.');
  } finally {
    input.close();
  }
}

/** What MQTT can send. */
const bytesMax = 65_535;

const keys = {
  ctrlC: 0x03,
  ctrlD: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  ctrlU: 0x15,
  delete: 0x7f,
} as const;

class SecretInput {
  readonly #stdin: PromptStreams['stdin'];
  readonly #signal: AbortSignal;
  readonly #isTerminal: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #hasEnded = false;

  constructor({ stdin, signal }: PromptStreams) {
    this.#stdin = stdin;
    this.#signal = signal;
    this.#isTerminal = stdin.isTTY === true && stdin.setRawMode !== undefined;
    if (this.#isTerminal) stdin.setRawMode!(true);
    for (const event of ['end', 'close', 'error']) {
      stdin.once(event, () => {
        this.#hasEnded = true;
      });
    }
  }

  /** @throws ToolFailure when it is empty, or there is no more */
  async line(): Promise<Uint8Array> {
    let line: number[] = [];
    for (;;) {
      const byte = await this.#next();
      if (byte === undefined || byte === keys.lineFeed) break;
      if (!this.#isTerminal) {
        line.push(byte);
        continue;
      }
      if (byte === keys.ctrlC) throw interrupted();
      if (byte === keys.carriageReturn || byte === keys.ctrlD) break;
      if (byte === keys.ctrlU) line = [];
      else if (byte === keys.delete || byte === keys.backspace) line = withoutLastCharacter(line);
      else line.push(byte);
    }
    while (line.at(-1) === keys.carriageReturn) line.pop();
    if (line.length === 0) throw new ToolFailure(1, 'Error: Empty password.');
    if (line.length > bytesMax) {
      throw new ToolFailure(1, 'Error: Password must be less than 65536 characters long.');
    }
    return Uint8Array.from(line);
  }

  close(): void {
    if (this.#isTerminal) this.#stdin.setRawMode!(false);
    // Otherwise the process would wait for more.
    this.#stdin.destroy();
  }

  async #next(): Promise<number | undefined> {
    while (this.#bytes.length === 0) {
      if (this.#signal.aborted) throw interrupted();
      const chunk: Buffer | string | null = this.#stdin.read();
      if (chunk !== null) this.#bytes = Buffer.from(chunk);
      else if (this.#hasEnded || this.#stdin.readableEnded) return undefined;
      else await this.#change();
    }
    const [byte] = this.#bytes;
    this.#bytes = this.#bytes.subarray(1);
    return byte;
  }

  /** Resolves when there is something to read, or never will be. */
  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const events = ['readable', 'end', 'close'];
    for (const event of events) this.#stdin.once(event, wake);
    this.#signal.addEventListener('abort', wake, { once: true });
    await promise;
    for (const event of events) this.#stdin.off(event, wake);
    this.#signal.removeEventListener('abort', wake);
  }
}

function interrupted(): ToolFailure {
  return new ToolFailure(1, '');
}

/** All bytes of a character of UTF-8. */
function withoutLastCharacter(line: readonly number[]): number[] {
  let length = line.length - 1;
  while (length > 0 && (line[length] & 0xc0) === 0x80) length -= 1;
  return line.slice(0, Math.max(length, 0));
}
