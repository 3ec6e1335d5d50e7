/** Writes docs/client-commands.md from the tables: node scripts/client-commands-doc.ts */

import { writeFileSync } from 'node:fs';
import { unservedClientFlags } from '../src/cli/client-flags.ts';
import type { Flag } from '../src/cli/flags.ts';
import { pubFlags } from '../src/cli/pub-flags.ts';
import { rrFlags } from '../src/cli/rr-flags.ts';
import { subFlags } from '../src/cli/sub-flags.ts';
import type { Invocation } from '../test/interop/invocation.ts';
import { pubInvocations } from '../test/interop/invocations-pub.ts';
import { rrInvocations } from '../test/interop/invocations-rr.ts';
import { subInvocations } from '../test/interop/invocations-sub.ts';
import { usageInvocations } from '../test/interop/invocations-usage.ts';
import { wayInvocations } from '../test/interop/invocations-ways.ts';

const tools = { pub: pubFlags, sub: subFlags, rr: rrFlags } as const;
type Row = Pick<Flag<never>, 'names' | 'argument' | 'help'>;

const invocations = [
  ...usageInvocations,
  ...pubInvocations,
  ...subInvocations,
  ...rrInvocations,
  ...wayInvocations,
];

/** The text of docs/client-commands.md. */
export function clientCommandsDoc(): string {
  return `${[introduction, flagTable(), refused, unservedTable(), files, formats, ...differences()].join('\n\n')}\n`;
}

const introduction = `# pub, sub and rr

<!-- Written by scripts/client-commands-doc.ts from the tables in src/cli/*-flags.ts and
test/interop/invocations-*.ts. Do not edit. -->

\`pantala pub\`, \`sub\` and \`rr\` stand in for mosquitto_pub, mosquitto_sub and mosquitto_rr of Mosquitto 2.1:
the same flags, formats, messages and exit codes.

## Flags`;

const refused = `## Flags that are refused

An engine of OpenSSL is nothing that Node can use, and MPTCP is no socket that it can open.`;

const files = `## Files with flags

Default flags are read from \`$XDG_CONFIG_HOME/mosquitto_pub\`, \`mosquitto_sub\` or \`mosquitto_rr\`, or from
that name in \`$HOME/.config\`; on Windows from \`%USERPROFILE%\\mosquitto_pub.conf\` and so on. \`-o FILE\` names
another one instead. A line has one flag and, behind a blank, its argument, which goes on to the end of
the line; \`-D\` takes its three or four words. Lines that begin with \`#\` are comments. The command line has
the last word.`;

const formats = `## Formats

\`-F\` takes text with codes. \`%%\`, \`%A\` topic alias, \`%C\` content type, \`%D\` correlation data, \`%E\` message
expiry, \`%F\` payload format indicator, \`%I\` time in ISO 8601, \`%j\` JSON with the payload as a text, \`%J\` JSON
with the payload as the JSON that it is, \`%l\` length, \`%m\` packet identifier, \`%P\` user properties, \`%p\` payload,
\`%q\` QoS, \`%R\` response topic, \`%r\` retain flag, \`%S\` subscription identifier, \`%t\` topic, \`%U\` time since 1970,
\`%x\` and \`%X\` hexadecimal digits, \`%f\` and \`%d\` the payload as a float or double of IEEE 754. Between \`%\` and the
letter may stand \`-\` (to the left) or \`0\` (zeros in front), a width, and behind a point the greatest width of
a text, the decimals of a float, or how many hexadecimal digits go together: \`%.2x\` prints \`48 69\`, and
\`%.2:x\` prints \`48:69\`. \`@\` and a letter is that code of strftime, \`@N\` nanoseconds, \`@@\` an \`@\`. \`\\\\\`, \`\\0\`, \`\\a\`,
\`\\e\`, \`\\n\`, \`\\r\`, \`\\t\` and \`\\v\` are single characters.`;

/** Each flag once, with the tools that have it. */
function flagTable(): string {
  const rows = new Map<string, { row: Row; of: string[] }>();
  for (const [tool, flags] of Object.entries(tools)) {
    for (const row of flags as readonly Row[]) {
      const key = `${row.names.join()} ${row.help}`;
      const known = rows.get(key) ?? { row, of: [] };
      known.of.push(tool);
      rows.set(key, known);
    }
  }
  const sorted = [...rows.values()].sort((one, other) => compare(one.row, other.row));
  return table(
    ['Flag', 'Of', 'Meaning'],
    sorted.map(({ row, of }) => [flagsOf(row), of.join(', '), row.help]),
  );
}

function compare(one: Row, other: Row): number {
  const key = ({ names }: Row) => names[0].replace(/^-+/, '');
  return key(one).localeCompare(key(other), 'en');
}

function flagsOf({ names, argument }: Row): string {
  return `\`${[names.join(', '), argument].filter(Boolean).join(' ')}\``;
}

function unservedTable(): string {
  const rows = unservedClientFlags.map(({ names, remedy }) => [
    names.map((name) => `\`${name}\``).join(', '),
    remedy,
  ]);
  return table(['Flag', 'Instead'], rows);
}

function differences(): string[] {
  const intro = `## Where they differ from the originals

${invocations.length} command lines are run side by side, ours and those of Debian's Mosquitto 2.0.11, at its broker and at
ours, and stdout, stderr and exit code are compared. Everywhere the help that is pointed to is our own, and
blank lines before that are one. These differ further, each for the reason above it; \`$T\` is a topic.`;
  const byReason = Map.groupBy(
    invocations.filter(({ differs }) => differs !== undefined),
    ({ differs }) => differs!.because,
  );
  const sections = [...byReason].map(([because, list]) => {
    const lines = [...new Set(list.map(lineOf))];
    return `### ${because.charAt(0).toUpperCase()}${because.slice(1)}\n\n${lines.join('\n')}`;
  });
  return [intro, ...sections];
}

function lineOf({ run, at }: Invocation): string {
  const place = at === undefined || at === 'nowhere' || at === 'plain' ? '' : places[at];
  return `- \`${run.replaceAll('|', '\\|')}\`${place}`;
}

const places = {
  closed: ', where nobody may come in',
  limited: ', where the topic is denied',
  small: ', where only QoS 0 is served',
  tls: '',
  psk: '',
} as const;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/client-commands.md', import.meta.url), clientCommandsDoc());
}
