/** The table of `--watch` on a terminal, which gets its own screen back in the end. */

import process from 'node:process';
import type { Writable } from 'node:stream';
import type { Io } from './command.ts';
import { UsageError } from './usage-error.ts';
import type { WatchTable } from './watch-table.ts';

/** What is known of a terminal that is written to. */
interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const redrawMilliseconds = 250;

const sequences = {
  // The other screen, no cursor, and lines that end where the window ends.
  enter: '\x1b[?1049h\x1b[?25l\x1b[?7l',
  leave: '\x1b[?7h\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  restOfLine: '\x1b[K',
  restOfScreen: '\x1b[J',
} as const;

/** Draws until it is disposed of, or the signal of `io` is aborted, at most four times a second. */
export class WatchScreen implements Disposable {
  readonly #table: WatchTable;
  readonly #terminal: Terminal;
  readonly #stack = new DisposableStack();
  #note = '';
  #drawn = '';

  /** @throws UsageError when there is no terminal */
  constructor(table: WatchTable, io: Io) {
    const terminal: Terminal = io.stdout;
    if (!terminal.isTTY) {
      throw new UsageError(
        '--watch draws on a terminal, and the output is none: run it without > and |, or leave ' +
          'it out to have a line for each message.',
      );
    }
    this.#table = table;
    this.#terminal = terminal;
    this.#enter();
    const timer = setInterval(() => this.#draw(), redrawMilliseconds);
    this.#stack.defer(() => clearInterval(timer));
    this.#listen(io.signal);
    if (io.ownsProcess) this.#listenToProcess();
  }

  /** Shows a line below the table, until there is another. */
  note(line: string): void {
    this.#note = line;
  }

  /** The terminal is as it was, and below what was on it stands the table, if there is any. */
  [Symbol.dispose](): void {
    if (this.#stack.disposed) return;
    this.#stack.dispose();
    this.#terminal.write(sequences.leave);
    if (!this.#table.isEmpty) this.#terminal.write(`${this.#lines().join('\n')}\n`);
  }

  #listen(signal: AbortSignal): void {
    const close = () => this[Symbol.dispose]();
    const redraw = () => {
      this.#drawn = '';
      this.#draw();
    };
    signal.addEventListener('abort', close);
    this.#terminal.on('resize', redraw);
    this.#stack.defer(() => {
      signal.removeEventListener('abort', close);
      this.#terminal.off('resize', redraw);
    });
  }

  /** Signals that end or stop the process with nobody asked find the terminal as it was. */
  #listenToProcess(): void {
    const end = (name: NodeJS.Signals) => {
      this[Symbol.dispose]();
      process.kill(process.pid, name);
    };
    const suspend = () => {
      this.#terminal.write(sequences.leave);
      process.kill(process.pid, 'SIGSTOP');
    };
    const resume = () => {
      this.#drawn = '';
      this.#enter();
    };
    const leave = () => this[Symbol.dispose]();
    const listeners = [
      ['SIGHUP', end],
      ['SIGQUIT', end],
      ['SIGTSTP', suspend],
      ['SIGCONT', resume],
    ] as const;
    for (const [name, listener] of listeners) process.on(name, listener);
    process.on('exit', leave);
    this.#stack.defer(() => {
      for (const [name, listener] of listeners) process.off(name, listener);
      process.off('exit', leave);
    });
  }

  #enter(): void {
    this.#terminal.write(sequences.enter);
    this.#draw();
  }

  #draw(): void {
    // A terminal that lags would only show later what has been for long.
    if (this.#terminal.writableNeedDrain) return;
    const text = this.#lines()
      .map((line) => line + sequences.restOfLine)
      .join('\n');
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#terminal.write(sequences.home + text + sequences.restOfScreen);
  }

  #lines(): string[] {
    const { columns = 80, rows = 24 } = this.#terminal;
    return this.#table.lines({ columns, rows }, performance.now() / 1000, this.#note);
  }
}
