/** What a shell can complete of a command, out of its table of options. */

import type { Command } from './command.ts';
import { programNames } from './program-names.ts';

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Mosquitto's names for it. */
  readonly programs: readonly string[];
  readonly flags: readonly CompletedFlag[];
  /** What it can be told to do, where that is a list, as in `pantala store check`. */
  readonly actions: readonly CompletedWord[];
  readonly operand: CompletedArgument['type'];
}

export interface CompletedFlag extends Pick<CompletedWord, 'help'> {
  readonly names: readonly string[];
  readonly arguments: readonly CompletedArgument[];
}

export interface CompletedWord {
  readonly word: string;
  readonly help: string;
}

export interface CompletedArgument {
  /** As the help names it: `PORT`. */
  readonly name: string;
  readonly type: 'file' | 'folder' | 'host' | 'words' | 'other';
  /** What it can be, where that is a list. */
  readonly words: readonly string[];
}

export function completedCommands(
  commands: readonly (readonly [string, Command])[],
): CompletedCommand[] {
  const help: CompletedCommand = {
    name: 'help',
    summary: 'Prints the help of a command.',
    programs: [],
    flags: [],
    actions: commands.map(([word, { summary }]) => ({ word, help: summary })),
    operand: 'other',
  };
  return [...commands.map(([name, command]) => completed(name, command)), help];
}

function completed(name: string, { summary, options, operand }: Command): CompletedCommand {
  const flags = options.filter(({ flags }) => flags.startsWith('-'));
  const actions = options.filter(({ flags }) => /^[a-z]/.test(flags));
  return {
    name,
    summary,
    programs: Object.keys(programNames).filter((program) => programNames[program] === name),
    flags: flags.map(completedFlag),
    actions: actions.map(({ flags, help }) => ({ word: flags, help })),
    operand: types.get(operand ?? '') ?? 'other',
  };
}

/** `-p, --port PORT` */
function completedFlag({ flags, help, values }: Command['options'][number]): CompletedFlag {
  const words = flags.split(' ');
  const names = words.filter((word) => word.startsWith('-')).map((word) => word.replace(',', ''));
  const rest = words.filter((word) => !word.startsWith('-'));
  return { names, help, arguments: rest.map((word, at) => argumentOf(word, at === 0 && values)) };
}

const types: ReadonlyMap<string, CompletedArgument['type']> = new Map([
  ['FILE', 'file'],
  ['PATH', 'file'],
  ['FOLDER', 'folder'],
  ['DIR', 'folder'],
  ['HOST', 'host'],
]);

function argumentOf(name: string, words: readonly string[] | undefined | false): CompletedArgument {
  if (words) return { name, type: 'words', words };
  return { name, type: types.get(name) ?? 'other', words: [] };
}
