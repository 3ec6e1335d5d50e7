/** What the documents point to exists: links, files, npm scripts, commands and their options. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';

interface Page {
  readonly path: string;
  readonly text: string;
}

/** Something that a page names, and where it does. */
interface Mention {
  readonly page: string;
  readonly name: string;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const pages = read(globSync(['*.md', 'docs/**/*.md', 'changes/README.md']));

// A decision tells of its day: what it names may have gone since.
const lastingPages = pages.filter(({ path }) => !path.startsWith(join('docs', 'decisions')));

describe('the documents', () => {
  it('link to files and headings that exist', () => {
    const links = mentions(pages, /\]\((?!\w+:)([^)\s]+)\)/g);
    assertNone(links.filter(({ page, name }) => !leadsSomewhere(page, name)));
  });

  it('name files that exist', () => {
    const path = /`((?:\.ci|bench|bin|changes|docs|examples|scripts|src|test)\/[\w./*-]*)`/g;
    assertNone(mentions(lastingPages, path).filter(({ name }) => globSync(name).length === 0));
  });

  it('name npm scripts that exist', () => {
    const called = mentions(lastingPages, /\bnpm run ([\w:-]+)/g);
    assertNone(called.filter(({ name }) => !(name in scripts)));
  });

  it('tell of every npm script in CONTRIBUTING.md', () => {
    const text = readFileSync('CONTRIBUTING.md', 'utf8');
    const told = ({ name }: Mention) => text.match(new RegExp(`\`(npm (run )?)?${name}\``));
    const all = Object.keys(scripts).map((name) => ({ page: 'package.json', name }));
    assertNone(all.filter((script) => !told(script)));
  });

  it('use commands and options that the help knows', () => {
    assertNone(mentions(lastingPages, /^\$? ?(pantala .*)$/gm).flatMap(unknownWords));
  });
});

describe('the sources', () => {
  it('refer to documents that exist', () => {
    const sources = read(globSync('{src,test,bench,scripts}/**/*.ts'));
    const documents = mentions(
      sources,
      /\b(docs\/[\w/-]+\.md|(?:ARCHITECTURE|CONTRIBUTING|SECURITY)\.md)\b/g,
    );
    assertNone(documents.filter(({ name }) => !existsSync(name)));
  });
});

function read(paths: string[]): Page[] {
  return paths.sort().map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

function mentions(from: readonly Page[], pattern: RegExp): Mention[] {
  return from.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(([, name]) => ({ page: path, name })),
  );
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path, heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  return heading === undefined || anchors(readFileSync(target, 'utf8')).includes(heading);
}

/** The names by which the headings of a page can be linked to, as GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function unknownWords({ page, name: line }: Mention): Mention[] {
  const [, command, ...words] = line.replace(/'[^']*'|"[^"]*"/g, 'text').split(/\s+/);
  const args = ['bin/pantala', command, '--help'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) return [{ page, name: `pantala ${command}` }];
  const options = words.filter((word) => /^--?[A-Za-z]/.test(word));
  const known: string[] = stdout.match(/(?<![\w-])--?[A-Za-z][\w-]*/g) ?? [];
  return options
    .filter((option) => !known.includes(option))
    .map((option) => ({ page, name: `pantala ${command} ${option}` }));
}

function assertNone(wrong: readonly Mention[]): void {
  const lines = wrong.map(({ page, name }) => `${page}: ${name}`);
  assert.equal(lines.length, 0, `\n${lines.join('\n')}`);
}
