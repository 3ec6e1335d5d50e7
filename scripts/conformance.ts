/**
 * Writes docs/conformance.md: every normative statement of MQTT 5.0 and 3.1.1 with the tests that
 * name it. With --check it writes nothing and fails when that page or a test name is wrong.
 */

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { sep } from 'node:path';
import process from 'node:process';
import { chapters5, chapters311 } from '../test/conformance/statements/chapters.ts';
import { mqtt311 } from '../test/conformance/statements/mqtt-3.1.1.ts';
import { mqtt5 } from '../test/conformance/statements/mqtt-5.ts';
import type { Statement, Statements } from '../test/conformance/statements/statement.ts';

/** Whether a statement that binds the server and that nothing proves fails the check. */
const serverMustBeComplete = true;

const page = 'docs/conformance.md';
const writeCommand = 'node scripts/conformance.ts';

/** Where test names stand; the test of this script names statements that it does not prove. */
const testFiles = ['src/**/*.test.ts', 'src/packet/packet-vectors*.ts', 'test/**/*.test.ts'];
const ownTest = 'test/conformance/conformance.test.ts';

const specifications: readonly Specification[] = [
  { title: 'MQTT 5.0', prefix: 'MQTT-', statements: mqtt5, chapters: chapters5 },
  { title: 'MQTT 3.1.1', prefix: 'MQTT3-', statements: mqtt311, chapters: chapters311 },
];

const states = ['covered', 'not served yet', 'not applicable', 'missing'] as const;
type State = (typeof states)[number];

interface Specification {
  readonly title: string;
  /** What a test name writes before the statement's number. */
  readonly prefix: string;
  readonly statements: Statements;
  /** Titles by the first two parts of a statement's number. */
  readonly chapters: Readonly<Record<string, string>>;
}

/** A test name that says it proves a statement. */
export interface Claim {
  /** As the name writes it: `MQTT-3.3.1-6`. */
  readonly id: string;
  readonly file: string;
  /** The test's name without its ids. */
  readonly name: string;
}

/** The claims of the whole tree, in the order of files and lines. */
export function readClaims(): Claim[] {
  const files = globSync(testFiles).map((file) => file.replaceAll(sep, '/'));
  return [...new Set(files)]
    .filter((file) => file !== ownTest)
    .sort()
    .flatMap((file) => claimsIn(readFileSync(file, 'utf8'), file));
}

/** The claims in the strings of one file; comments may cite a statement without proving it. */
export function claimsIn(source: string, file: string): Claim[] {
  const commentOrString =
    /\/\/.*|\/\*[\s\S]*?\*\/|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g;
  return [...source.matchAll(commentOrString)].flatMap(([, single, double, template]) => {
    const text = single ?? double ?? template ?? '';
    const brackets = /\s*\[(mqtt[^\]]*)\]/gi;
    const name = text.replaceAll(brackets, '').trim();
    return [...text.matchAll(brackets)]
      .flatMap(([, ids]) => ids.split(/,\s*/))
      .map((id) => ({ id, file, name }));
  });
}

/** What is wrong with the claims and the page; empty when all is well. */
export function findProblems(claims: readonly Claim[], written: string): string[] {
  const problems = unknownIds(claims);
  if (serverMustBeComplete) problems.push(...missingOfServer(claims));
  if (written !== conformancePage(claims)) {
    problems.push(`${page} is not up to date: write it anew with "${writeCommand}"`);
  }
  return problems;
}

/** The ids that no specification has: mistyped, or of the other version. */
export function unknownIds(claims: readonly Claim[]): string[] {
  const known = new Set(specifications.flatMap(idsOf));
  return claims
    .filter(({ id }) => !known.has(id))
    .map(({ id, file, name }) => {
      return `${file}: "${name}" names [${id}], which test/conformance/statements does not have`;
    });
}

/** The statements that bind the server and have neither a test nor a reason. */
export function missingOfServer(claims: readonly Claim[]): string[] {
  const claimed = claimsById(claims);
  return specifications.flatMap((specification) => {
    const { prefix, statements } = specification;
    return Object.entries(statements)
      .filter(([, { binds }]) => binds !== 'client')
      .filter(([id, entry]) => stateOf(entry, claimed.get(prefix + id)) === 'missing')
      .map(([id, { says }]) => `no test names [${prefix}${id}]: ${says}`);
  });
}

/** The text of docs/conformance.md. */
export function conformancePage(claims: readonly Claim[]): string {
  const claimed = claimsById(claims);
  const lines = [
    '# Conformance',
    '',
    `Written by \`${writeCommand}\` from test/conformance/statements and the names of the tests.`,
    'Every numbered statement of the two specifications is here, worded by us; a test proves a',
    'statement by naming it in brackets: `[MQTT-3.3.1-6]` of MQTT 5.0, `[MQTT3-3.3.1-6]` of 3.1.1.',
    'A statement that binds both sides binds the server, too.',
    '',
    ...summary(claimed),
    ...specifications.flatMap((specification) => chapterTables(specification, claimed)),
  ];
  return `${lines.join('\n')}\n`;
}

type ClaimsById = ReadonlyMap<string, readonly Claim[]>;

function claimsById(claims: readonly Claim[]): ClaimsById {
  return Map.groupBy(claims, ({ id }) => id);
}

function stateOf({ later, notApplicable }: Statement, claims: readonly Claim[] = []): State {
  if (claims.length > 0) return 'covered';
  if (notApplicable) return 'not applicable';
  return later ? 'not served yet' : 'missing';
}

function summary(claimed: ClaimsById): string[] {
  const rows = specifications.flatMap(({ title, prefix, statements }) =>
    (['server', 'client', 'both'] as const).map((bound) => {
      const found = Object.entries(statements)
        .filter(([, { binds }]) => binds === bound)
        .map(([id, entry]) => stateOf(entry, claimed.get(prefix + id)));
      const counts = states.map((state) => found.filter((one) => one === state).length);
      return row([title, bound, found.length, ...counts]);
    }),
  );
  return [...head(['', 'binds', 'statements', ...states]), ...rows, ''];
}

function chapterTables(specification: Specification, claimed: ClaimsById): string[] {
  const { title, prefix, statements, chapters } = specification;
  const byChapter = Map.groupBy(Object.entries(statements), ([id]) => chapterOf(id));
  const tables = [...byChapter].flatMap(([chapter, entries]) => [
    `### ${chapter} ${chapters[chapter]}`,
    '',
    ...head(['id', 'binds', 'says', 'state', 'tests']),
    ...entries.map(([id, entry]) => statementRow(prefix + id, entry, claimed.get(prefix + id))),
    '',
  ]);
  return [`## ${title}`, '', ...tables];
}

function statementRow(id: string, entry: Statement, claims: readonly Claim[] = []): string {
  const state = stateOf(entry, claims);
  const reasons: Readonly<Record<State, string | undefined>> = {
    covered: claims.map(testCell).join('<br>'),
    'not served yet': entry.later,
    'not applicable': entry.notApplicable,
    missing: '',
  };
  return row([id, entry.binds, entry.says, state, reasons[state] ?? '']);
}

function testCell({ file, name }: Claim): string {
  return name ? `\`${file}\`: ${name.replaceAll('<', '&lt;')}` : `\`${file}\``;
}

function idsOf({ prefix, statements }: Specification): string[] {
  return Object.keys(statements).map((id) => prefix + id);
}

/** `3.3` of `3.3.1-6`. */
function chapterOf(id: string): string {
  return id.split(/[.-]/, 2).join('.');
}

function head(cells: readonly string[]): string[] {
  return [row(cells), row(cells.map(() => '---'))];
}

function row(cells: readonly (string | number)[]): string {
  const texts = cells.map((cell) => String(cell).replace(/\s+/g, ' ').replaceAll('|', '\\|'));
  return `| ${texts.join(' | ')} |`;
}

if (import.meta.main) {
  const claims = readClaims();
  if (!process.argv.includes('--check')) writeFileSync(page, conformancePage(claims));
  const problems = findProblems(claims, readFileSync(page, 'utf8'));
  for (const problem of problems) console.error(problem);
  console.log(`${missingOfServer(claims).length} statements that bind the server have no test`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
