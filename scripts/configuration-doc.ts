/** Writes docs/configuration.md from the table of options: node scripts/configuration-doc.ts */

import { writeFileSync } from 'node:fs';
import type { Option } from '../src/server/option.ts';
import { generalOptions, listenerOptions, structureOptions } from '../src/server/options.ts';
import { unservedOptions } from '../src/server/unserved-options.ts';

/** The text of docs/configuration.md. */
export function configurationDoc(): string {
  return `${[introduction, ...servedSections(), ...unservedSections()].join('\n\n')}\n`;
}

const introduction = `# Configuration

<!-- Written by scripts/configuration-doc.ts from src/server/options.ts. Do not edit. -->

\`pantala serve -c FILE\` reads a mosquitto.conf, with Mosquitto 2.1's names and defaults. Each line
is a name, a space and a value that goes on to the end of the line. Lines that begin with \`#\` are
comments. An option that Pantala does not know, or does not serve yet, stops the start with the
file, the line and what to do about it.

Without a listener in the configuration only clients on the same machine can connect, and they need
no user name. With one, \`allow_anonymous true\` lets clients in without a user name.

Without a configuration file sessions and retained messages are kept on disk; with one, only if it
says \`persistence true\`. [Persistence](persistence.md) has the details.

\`pantala serve -c FILE --test-config\` checks a file and starts nothing. Reloading a running broker
is not served yet; the tables say what a reload will change.`;

function servedSections(): string[] {
  return [
    '## Listeners and log',
    tableOf(structureOptions),
    '## One value for the whole broker',
    tableOf(selected(generalOptions, (option) => !option.own)),
    "### Pantala's own",
    'Mosquitto does not know them, and refuses a file that has one of them.',
    tableOf(selected(generalOptions, (option) => option.own === true)),
    '## One value for each listener',
    'They apply to the `listener` above them.',
    tableOf(listenerOptions),
  ];
}

function unservedSections(): string[] {
  return [
    '## Not served yet',
    'Mosquitto has these, and Pantala will.',
    ...unservedOptions.flatMap(({ title, options }) => [
      `### ${title}`,
      table(
        ['option', 'what it does'],
        Object.entries(options).map(([name, help]) => [code(name), help]),
      ),
    ]),
  ];
}

function selected(
  options: Readonly<Record<string, Option>>,
  belongs: (option: Option) => boolean,
): Record<string, Option> {
  return Object.fromEntries(Object.entries(options).filter(([, option]) => belongs(option)));
}

function tableOf(options: Readonly<Record<string, Option>>): string {
  return table(
    ['option', 'value', 'default', 'reloadable', 'since', 'what it does'],
    Object.entries(options).map(([name, option]) => [
      code(name),
      syntaxOf(option),
      option.default === undefined ? '' : code(String(option.default)),
      option.reload ? 'yes' : 'no',
      option.since,
      option.help,
    ]),
  );
}

function syntaxOf(option: Option): string {
  switch (option.type) {
    case 'flag':
      return `${code('true')} or ${code('false')}`;
    case 'integer':
      return rangeOf(option.min ?? option.floor, option.max);
    case 'choice':
      return option.values.map(code).join(' or ');
    case 'text':
      return 'text';
    case 'duration':
      return 'a count and one of `s h d w m y`';
    case 'structure':
      return code(option.syntax);
    default:
      return option satisfies never;
  }
}

function rangeOf(least: number | undefined, max: number | undefined): string {
  return max === undefined ? `${least} or more` : `${least} to ${max}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationDoc());
}
