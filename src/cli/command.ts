/** What a command of the command line is, and what it may use. */

import type { Readable, Writable } from 'node:stream';

/** Everything that a command may use of its process, so that tests need none. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Aborted by SIGINT and SIGTERM: finish what must be finished, and return. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the user has typed to get here, such as `mosquitto_pub`; `pantala COMMAND` by default. */
  readonly calledAs?: string;
  /**
   * The process is there for this command alone, which may answer its signals, become another user
   * or go to the background. Absent where it is a guest, as in a test.
   */
  readonly ownsProcess?: boolean;
}

/** One option in the help of a command. */
export interface CommandOption {
  /** All its forms: `-p, --port PORT`. */
  readonly flags: string;
  readonly help: string;
  /** What the argument can be, where that is a list. */
  readonly values?: readonly string[];
}

/** Something more that the help tells, below the options. */
export interface HelpSection {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** One command; its file exports one of these under the command's name. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the command's name: `[-c FILE] [-p PORT]...`. */
  readonly usage: string;
  readonly options: readonly CommandOption[];
  /** What its operands are, for shells that complete them. */
  readonly operand?: 'FILE' | 'FOLDER';
  readonly sections?: readonly HelpSection[];

  /** @returns the exit code; 0 is success. What goes wrong has been written to `io.stderr`. */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** The help of a command, as `--help` prints it. @param program what the user calls it by */
export function helpText(program: string, command: Command): string {
  const { summary, usage, options, sections = [] } = command;
  const lines = columns(options.map(({ flags, help }) => [flags, help]));
  const more = sections.flatMap(({ title, rows }) => ['', `${title}:`, ...columns(rows)]);
  return [`Usage: ${program} ${usage}`, '', summary, '', ...lines, ...more, ''].join('\n');
}

/** What the user calls a command by. */
export function programOf({ calledAs }: Io, name: string): string {
  return calledAs ?? `pantala ${name}`;
}

/** Two columns, indented; the second begins where the longest entry of the first allows it. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
