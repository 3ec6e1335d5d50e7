/** `pantala store`: looks into the file in which a broker that is stopped keeps its state. */

import { LayoutError } from '../broker/state/recall.ts';
import { type Command, type HelpSection, helpText, type Io } from './command.ts';
import { checkStore } from './store-check.ts';
import { compact } from './store-compact.ts';
import { dumpStore } from './store-dump.ts';
import { storePath, takeStore } from './store-place.ts';
import { printStats } from './store-stats.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

/** What there is to do: the words of the help, and how it is done. */
interface Action {
  readonly help: string;
  /** @returns the exit code; throws ToolFailure, LayoutError and what the system throws */
  readonly run: (path: string, io: Io, options: { readonly json: boolean }) => Promise<number>;
}

const actions: Readonly<Record<string, Action>> = {
  check: { help: 'read everything, and report what is wrong', run: checkStore },
  stats: { help: 'count sessions, subscriptions and messages, and their bytes', run: printStats },
  dump: { help: 'print every record as a line of JSON', run: dumpStore },
  compact: { help: 'make the file as small as it can be', run: compact },
};

const exitCodeSection: HelpSection = {
  title: 'Exit codes',
  rows: [
    ['0', 'the store is sound, and the command is done'],
    ['1', 'something is wrong with the store, there is none, or a broker has it in use'],
  ],
};

export const store: Command = {
  summary: 'Looks into the stored state of a broker that is stopped.',
  usage: `${Object.keys(actions).join('|')} [DIR] [--file NAME] [--json]`,
  operand: 'FOLDER',
  options: [
    ...Object.entries(actions).map(([flags, { help }]) => ({ flags, help })),
    { flags: 'DIR', help: 'the directory of the file, or the file; by default that of `serve`' },
    { flags: '--file NAME', help: 'the name of the file in DIR, as `persistence_file` has it' },
    { flags: '--json', help: 'with stats: print one JSON object' },
    { flags: '-h, --help', help: 'print this help' },
  ],
  sections: [exitCodeSection],
  async run(args, io) {
    try {
      const invocation = readArguments(args);
      if (invocation !== undefined) return await runAction(invocation, io);
      io.stdout.write(helpText('pantala store', store));
      return 0;
    } catch (error) {
      return explain(error, io);
    }
  },
};

interface Invocation {
  readonly action: Action;
  readonly place: string | undefined;
  readonly file: string | undefined;
  readonly json: boolean;
}

/**
 * @returns undefined when help was asked for
 * @throws UsageError
 */
function readArguments(args: readonly string[]): Invocation | undefined {
  const words: string[] = [];
  let file: string | undefined;
  let json = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === '-h' || arg === '--help') return undefined;
    if (arg === '--json') json = true;
    else if (arg === '--file') {
      file = args[++at];
      if (!file) throw new UsageError('--file argument given but no name specified.');
    } else if (arg.startsWith('-')) throw new UsageError(`Unknown option '${arg}'.`);
    else words.push(arg);
  }
  const [name, place, ...rest] = words;
  if (name === undefined) throw new UsageError(`Say what to do: ${wordsOf(actions)}.`);
  if (!Object.hasOwn(actions, name)) {
    throw new UsageError(`Unknown action '${name}': it is one of ${wordsOf(actions)}.`);
  }
  if (rest.length > 0) throw new UsageError(`One directory can be named, '${rest[0]}' is another.`);
  if (json && name !== 'stats') throw new UsageError("Option '--json' goes with stats only.");
  return { action: actions[name], place, file, json };
}

function wordsOf(table: Readonly<Record<string, unknown>>): string {
  return Object.keys(table).join(', ');
}

async function runAction({ action, json, ...place }: Invocation, io: Io): Promise<number> {
  const path = storePath(place, io.env);
  await using _lock = await takeStore(path, (line) => io.stderr.write(`${line}\n`));
  return await action.run(path, io, { json });
}

function explain(error: unknown, io: Io): number {
  io.stderr.write(explanation(error));
  return exitCodes.other;
}

function explanation(error: unknown): string {
  if (error instanceof UsageError) {
    return `Error: ${error.message}\n\nUse 'pantala store --help' to see usage.\n`;
  }
  if (error instanceof ToolFailure) return `${error.message}\n`;
  if (error instanceof LayoutError) {
    return `Error: ${error.message}. Use the version of pantala that wrote it.\n`;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') throw error;
  return `Error: ${message}.\n`;
}
