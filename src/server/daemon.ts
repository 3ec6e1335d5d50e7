/**
 * `-d`: the broker in the background. Node cannot fork: the command line starts a second process
 * of the same program, cut off from the terminal, and ends when that one listens.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { Writable } from 'node:stream';

/** How the first process tells the second what it is. */
const variable = 'PANTALA_DAEMON';

/** What the second process tells the first. */
type Report =
  | { readonly type: 'text'; readonly text: string }
  /** Its ports are open: nothing more will be said. */
  | { readonly type: 'listening' };

/** A program and its arguments, as they were given to this process. */
export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
}

export interface DaemonOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: Writable;
  /** Ends the second process while it has not listened yet. */
  readonly signal: AbortSignal;
}

/**
 * Starts the same program in the background, in the same working directory, so that relative paths
 * lead where they did.
 *
 * @returns 0 once it listens; otherwise what it ended with, after its words have been written
 */
export async function startDaemon(
  { program, args }: Invocation,
  { env, stderr, signal }: DaemonOptions,
): Promise<number> {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...env, [variable]: '1' },
  });
  const stop = () => child.kill();
  signal.addEventListener('abort', stop);
  try {
    return await outcomeOf(child, stderr);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function outcomeOf(child: ChildProcess, stderr: Writable): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let said = '';
  child.on('message', (report: Report) => {
    if (report.type === 'text') {
      said += report.text;
      return;
    }
    child.disconnect();
    child.unref();
    resolve(0);
  });
  child.on('error', ({ message }) => {
    stderr.write(`Error: The broker cannot be started in the background (${message}).\n`);
    resolve(1);
  });
  // Not `exit`, after which some of its words may still be on their way.
  child.on('close', (code, name) => {
    stderr.write(said === '' ? silentEnd(name ?? code) : said);
    resolve(code ?? 1);
  });
  return promise;
}

function silentEnd(how: string | number | null): string {
  return (
    `Error: The broker ended (${how}) before it listened.\n` +
    'Its log may say why; without -d it shows what goes wrong.\n'
  );
}

/** The broker's side of it. */
export class Daemon {
  /** Takes the place of stderr until the broker listens; from then on what is written is lost. */
  readonly stderr: Writable;
  #isListening = false;
  #unsent = 0;
  readonly #sent = Promise.withResolvers<void>();

  /** @returns undefined in a process that was not started by `startDaemon` */
  static ofThisProcess(): Daemon | undefined {
    if (process.env[variable] === undefined || process.send === undefined) return undefined;
    delete process.env[variable];
    return new Daemon();
  }

  private constructor() {
    // The first process may be killed.
    process.on('disconnect', () => {
      this.#isListening = true;
    });
    this.stderr = new Writable({
      decodeStrings: false,
      write: (chunk, _encoding, done) => {
        this.#report({ type: 'text', text: String(chunk) });
        done();
      },
    });
  }

  /** The ports are open: the first process may end. */
  listening(): void {
    this.#report({ type: 'listening' });
    this.#isListening = true;
  }

  /** Resolves when the first process has been told everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#unsent > 0) await this.#sent.promise;
    if (process.connected) process.disconnect?.();
  }

  #report(report: Report): void {
    if (this.#isListening || !process.connected) return;
    this.#unsent++;
    process.send!(report, undefined, undefined, () => {
      this.#unsent--;
      if (this.#unsent === 0) this.#sent.resolve();
    });
  }
}
