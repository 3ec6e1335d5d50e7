/** Writes docs/configuration.md from the table of options: node scripts/configuration-doc.ts */

import { writeFileSync } from 'node:fs';
import { accessOptions } from '../src/server/access-options.ts';
import { generalOptions } from '../src/server/general-options.ts';
import { listenerOptions } from '../src/server/listener-options.ts';
import type { Option } from '../src/server/option.ts';
import { structureOptions } from '../src/server/structure-options.ts';
import { tlsOptions } from '../src/server/tls-options.ts';
import { unservedOptions } from '../src/server/unserved-options.ts';

/** The text of docs/configuration.md. */
export function configurationDoc(): string {
  return `${[introduction, ...servedSections(), ...unservedSections()].join('\n\n')}\n`;
}

const introduction = `# Configuration

<!-- Written by scripts/configuration-doc.ts from the tables in src/server/*-options.ts. Do not edit. -->

\`pantala serve -c FILE\` reads a mosquitto.conf, with Mosquitto 2.1's names and defaults. Each line
is a name, a space and a value that goes on to the end of the line; a path may stand in double quotes.
Lines that begin with \`#\` are comments. An option that Pantala does not know, or does not serve, stops
the start with the file, the line and what to do about it.

Without a listener in the configuration only clients on the same machine can connect, and they need
no user name. With one, clients need a user name and a password ([access](access.md)), a certificate or
a pre-shared key ([TLS](tls.md)), unless \`allow_anonymous true\` lets everyone in.

Without a configuration file sessions and retained messages are kept on disk; with one, only if it
says \`persistence true\`. [Persistence](persistence.md) has the details.

\`pantala serve -c FILE --test-config\` checks a file, and the certificates, password files and ACL files
that it names, looks for its plugins, and starts nothing.

## Reload

SIGHUP has a running broker read the configuration again. What the tables call reloadable holds from
then on, for new connections and where it can for those that are there; of other options that have
changed the log says that they take a restart. Certificates, keys, authorities, CRLs, password, ACL and
PSK files are read again too, also without SIGHUP as soon as one of them changes. No client is
disconnected but those that may not be there any more. If anything is wrong, nothing changes, and the
log says what.`;

function servedSections(): string[] {
  return [
    '## Listeners, log and plugins',
    tableOf(structureOptions),
    '## Access',
    'One value for the whole broker; after `per_listener_settings true` one for each listener.',
    tableOf(accessOptions),
    '## One value for the whole broker',
    tableOf(selected(generalOptions, (option) => !option.own)),
    "### Pantala's own",
    'Mosquitto does not know them, and refuses a file that has one of them.',
    tableOf(selected(generalOptions, (option) => option.own === true)),
    '## One value for each listener',
    'They apply to the `listener` above them.',
    tableOf(listenerOptions),
    '## Encryption of a listener',
    '[TLS](tls.md) tells how to come by certificates.',
    tableOf(tlsOptions),
  ];
}

function unservedSections(): string[] {
  return [
    '## Not served',
    'Mosquitto has these. Each stops the start.',
    ...unservedOptions.flatMap(({ title, remedy, off, options }) => [
      `### ${title}`,
      off === undefined ? remedy : `${remedy} With the value ${code(off)} it is passed over.`,
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
      option.deprecated === undefined
        ? option.help
        : `${option.help} Deprecated: ${lowerFirst(option.deprecated)}`,
    ]),
  );
}

function lowerFirst(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
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
    case 'path':
      return 'a path';
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
