/** A program that is a client, as its users run it but for the place of the server. */

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface ClientProgramOptions {
  readonly url?: string;
  readonly args?: readonly string[];
}

export class ClientProgram implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: string[] = [];
  readonly #ended: Promise<readonly unknown[]>;
  #more = Promise.withResolvers<void>();

  constructor(path: string, { url = '', args = [] }: ClientProgramOptions = {}) {
    const hook = resolve('test/harness/own-package.ts');
    this.#child = spawn(process.execPath, ['--import', hook, path, ...args], {
      env: { ...process.env, MQTT_URL: url },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'close');
    createInterface(this.#child.stdout)
      .on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      })
      .on('close', () => this.#wake());
  }

  /** All that it has printed. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Resolves with the first line like this. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      assert.ok(!this.#child.stdout.closed, `it has ended: ${this.#lines.join('\n')}`);
      await this.#more.promise;
    }
  }

  /** Waits for its end. @returns its exit code */
  async ended(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }

  /** Without a chance to say goodbye. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it as a supervisor does, if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}
