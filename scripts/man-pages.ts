/** Writes a manual page for each command into dist/man, from what `--help` prints. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../src/cli/command.ts';
import { loadCommands } from '../src/cli/commands.ts';
import { programNames } from '../src/cli/program-names.ts';
import { version } from '../src/server/version.ts';

type Rows = readonly (readonly [string, string])[];

/** The text of each page by the name of its file. */
export async function manPages(): Promise<Map<string, string>> {
  const commands = await loadCommands();
  const names = commands.map(([name]) => name);
  return new Map([
    ['pantala.1', overview(commands)],
    ...commands.map(
      ([name, command]) => [`pantala-${name}.1`, page(name, command, names)] as const,
    ),
  ]);
}

function overview(commands: readonly (readonly [string, Command])[]): string {
  const names = Object.entries(programNames).map(
    ([name, command]) => [name, `as pantala ${command}`] as const,
  );
  return joined([
    ...head('pantala', 'a broker, a client and tools for MQTT 3.1, 3.1.1 and 5.0'),
    '.SH SYNOPSIS',
    `${bold('pantala')} ${italic('COMMAND')} [${italic('OPTION')}]...`,
    '.SH COMMANDS',
    ...list(commands.map(([name, { summary }]) => [name, summary])),
    '.SH NAMES',
    escaped('Called by one of these names, pantala is that program of Mosquitto; '),
    `${bold('pantala compat install')} makes links under them.`,
    ...list(names),
    ...seeAlso(commands.map(([name]) => name)),
  ]);
}

function page(name: string, command: Command, names: readonly string[]): string {
  const { summary, usage, options, sections = [] } = command;
  const description = summary.charAt(0).toLowerCase() + summary.slice(1).replace(/\.$/, '');
  return joined([
    ...head(`pantala-${name}`, description),
    '.SH SYNOPSIS',
    `${bold(`pantala ${name}`)} ${escaped(usage)}`,
    '.SH OPTIONS',
    ...list(options.map(({ flags, help }) => [flags, help])),
    ...sections.flatMap(({ title, rows }) => [`.SH ${quoted(title.toUpperCase())}`, ...list(rows)]),
    ...seeAlso(['', ...names.filter((each) => each !== name)]),
  ]);
}

function head(name: string, description: string): string[] {
  return [
    `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`pantala ${version}`)} "User Commands"`,
    // Commands are no prose, and are copied: neither hyphens nor spaces are put into them.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(description)}`,
  ];
}

function list(rows: Rows): string[] {
  return rows.flatMap(([term, text]) => ['.TP', `${marked(term)}`, escaped(text)]);
}

/** `-p, --port PORT` with bold flags and an italic argument. */
function marked(term: string): string {
  if (!/^-/.test(term)) return bold(term);
  return term
    .split(' ')
    .map((word) => {
      if (!word.startsWith('-')) return italic(word);
      return word.endsWith(',') ? `${bold(word.slice(0, -1))},` : bold(word);
    })
    .join(' ');
}

function seeAlso(names: readonly string[]): string[] {
  const pages = names.map((name) => `${bold(name === '' ? 'pantala' : `pantala-${name}`)}(1)`);
  return ['.SH SEE ALSO', pages.join(',\n')];
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}

/** With characters that look the same where they are typed as where they are read. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./, '\\&.');
}

function joined(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

if (import.meta.main) {
  const folder = join('dist', 'man');
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of await manPages()) writeFileSync(join(folder, file), text);
}
