/** A program of examples/, as its users run it but for the port. */

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import type { Readable } from 'node:stream';

export class ExampleProgram implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcessByStdio<null, Readable, null>;

  private constructor(child: ChildProcessByStdio<null, Readable, null>, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves when it listens. */
  static async start(name: string): Promise<ExampleProgram> {
    const child = spawn(
      process.execPath,
      ['--import', './test/harness/own-package.ts', `examples/${name}.ts`],
      { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
      text += piece;
      const port = /^listening on 127\.0\.0\.1:(\d+)$/m.exec(text)?.[1];
      if (port !== undefined) {
        child.stdout.resume();
        return new ExampleProgram(child, Number(port));
      }
    }
    assert.fail(`examples/${name}.ts ended before it listened: ${text}`);
  }

  /** Ends it as a supervisor does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    assert.deepEqual(await once(this.#child, 'exit'), [0, null]);
  }
}
