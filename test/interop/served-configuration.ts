/** `pantala serve` in this process, with a configuration of its own. */

import { serve } from '../../src/cli/serve.ts';
import { testIo } from '../../src/cli/test-io.ts';

export class ServedConfiguration implements AsyncDisposable {
  /** Undefined while it runs. */
  exitCode: number | undefined;
  readonly #written = testIo();
  readonly #ended: Promise<void>;

  private constructor(file: string) {
    this.#ended = serve.run(['-c', file], this.#written.io).then((code) => {
      this.exitCode = code;
    });
  }

  /** Resolves once it runs, or has ended. */
  static async start(file: string): Promise<ServedConfiguration> {
    const served = new ServedConfiguration(file);
    await Promise.race([served.logged(/ running\n/), served.#ended]);
    return served;
  }

  get log(): string {
    return this.#written.stderr.text;
  }

  logged(pattern: RegExp): Promise<void> {
    return this.#written.stderr.until(pattern);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#written.abort();
    await this.#ended;
  }
}
