/**
 * Holds the table of rooms: which folder of src may import what. ARCHITECTURE.md shows it as a
 * diagram; `node scripts/setup.mjs test/architecture.test.ts --write` draws that anew.
 */

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';

/**
 * What a room may import besides itself: rooms, single files of rooms, packages, `node:`. `dom:`
 * stands for the globals of a browser, against which such a room is checked.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  packet: [],
  topic: [],
  session: ['packet'],
  broker: ['packet', 'topic', 'session'],
  client: ['packet', 'topic', 'session'],
  transport: ['session/link.ts', 'client/ports.ts', 'node:'],
  browser: ['client/ports.ts', 'packet', 'session', 'dom:'],
  mqttjs: ['client', 'packet', 'session', 'topic', 'transport', 'node:'],
  storage: ['broker/ports.ts', 'client/ports.ts', 'broker/state', 'packet', 'node:', 'lmdb'],
  auth: ['broker/ports.ts', 'packet', 'topic', 'node:'],
  certificate: ['node:'],
  plugin: ['broker/ports.ts', 'packet', 'topic', 'session', 'node:', 'jose'],
  server:
    'packet topic session broker client transport storage auth certificate plugin node:'.split(' '),
  cli: [
    ...'packet topic session broker client transport storage auth certificate server'.split(' '),
    ...['plugin/protobuf-wire.ts', 'node:', 'cbor2'],
  ],
};

/** Tests beside the sources may use these as well; paths are as seen from src. */
const allowedInTests = [
  'node:',
  'fast-check',
  'ws',
  'auth/anonymous.ts',
  '../test/contract',
  '../test/harness',
];

const drawnIn = 'ARCHITECTURE.md';
const drawing = /(?<=<!-- rooms:start -->\n).*(?=<!-- rooms:end -->)/s;

interface SourceFile {
  readonly path: string;
  /** The folder of src it is in; empty for the public entries, which may import anything. */
  readonly room: string;
  readonly lines: readonly string[];
}

const sources = globSync('src/**/*.ts').sort().map(readSource);

if (process.argv.includes('--write')) {
  writeFileSync(drawnIn, readFileSync(drawnIn, 'utf8').replace(drawing, diagram()));
} else {
  describe('the rooms', () => {
    it('import only what the table allows them', () => {
      assertNone(sources.flatMap(forbiddenImports));
    });

    it('that are pure ask neither a clock nor chance', () => {
      const pure = sources.filter((source) => isPure(source.room) && !isTest(source));
      assertNone(pure.flatMap((source) => linesWith(/\bDate\b|\bMath\.random\b/, source)));
    });

    it('are drawn in ARCHITECTURE.md as the table has them', () => {
      const drawn = drawing.exec(readFileSync(drawnIn, 'utf8'))?.[0];
      assert.equal(
        drawn,
        diagram(),
        'redraw it: node scripts/setup.mjs test/architecture.test.ts --write',
      );
    });
  });

  describe('a source file', () => {
    it('says on its first line what it is for', () => {
      assertNone(namesOf(sources, ({ lines }) => !lines[0].startsWith('/**')));
    });

    it('has at most 500 lines, tests aside', () => {
      assertNone(namesOf(sources, (source) => source.lines.length > 501 && !isTest(source)));
    });

    it('keeps its comments within 100 columns, as the formatter does the code', () => {
      assertNone(sources.flatMap((source) => linesWith(/^(?=\s*(?:\/\/|\/?\*)).{101}/, source)));
    });

    it('is no barrel: what it exports is its own', () => {
      assertNone(namesOf(sources, ({ path }) => posix.basename(path) === 'index.ts'));
    });
  });
}

function readSource(name: string): SourceFile {
  const path = name.replaceAll(sep, '/');
  const folders = path.split('/').slice(1, -1);
  return { path, room: folders[0] ?? '', lines: readFileSync(name, 'utf8').split('\n') };
}

function forbiddenImports(source: SourceFile): string[] {
  const { path, room, lines } = source;
  if (room === '') return [];
  if (!(room in rooms)) return [`${path}: "${room}" is no room: give it a row in the table`];
  const allowed = [room, ...rooms[room], ...(isTest(source) ? allowedInTests : [])];
  return importsOf(source)
    .filter(({ target }) => !allowed.some((entry) => covers(entry, target)))
    .map(({ target, offset }) => {
      const line = lines.join('\n').slice(0, offset).split('\n').length;
      const remedy = `"${room}" may import only: ${allowed.join(', ')}`;
      return `${path}:${line}: imports "${target}", but ${remedy}`;
    });
}

/** Every module a file names, types included; files of src as `room/file.ts`. */
function importsOf({ path, lines }: SourceFile): { target: string; offset: number }[] {
  const specifiers =
    /(?:^(?:import|export)(?:[\s\w*{},]+\bfrom)?\s*|\bimport\(\s*)['"]([^'"]+)['"]/gm;
  return [...lines.join('\n').matchAll(specifiers)].map((match) => {
    const specifier = match[1];
    const isFile = specifier.startsWith('.');
    const file = posix.relative('src', posix.join(posix.dirname(path), specifier));
    return { target: isFile ? file : specifier, offset: match.index };
  });
}

function covers(entry: string, target: string): boolean {
  return target === entry || target.startsWith(entry.endsWith(':') ? entry : `${entry}/`);
}

/** A room whose whole row is other rooms. */
function isPure(room: string): boolean {
  return room in rooms && rooms[room].every((entry) => entry.split('/')[0] in rooms);
}

function isTest({ path }: SourceFile): boolean {
  return path.endsWith('.test.ts');
}

function linesWith(pattern: RegExp, { path, lines }: SourceFile): string[] {
  return lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : []));
}

function namesOf(sources: SourceFile[], isWrong: (source: SourceFile) => boolean): string[] {
  return sources.filter(isWrong).map(({ path }) => path);
}

function assertNone(findings: string[]): void {
  assert.equal(findings.length, 0, `\n${findings.join('\n')}`);
}

/** The rooms that have something in them; an arrow leads on along the arrows at its end. */
function diagram(): string {
  const existing = Object.keys(rooms).filter((name) => sources.some(({ room }) => room === name));
  const edges = existing.flatMap((room) => edgesFrom(room, existing));
  const lines = [
    'flowchart TD',
    '  subgraph pure [pure: neither Node nor browser, no clock, no I/O]',
    ...existing.filter(isPure).map((room) => `    ${room}`),
    '  end',
    ...edges.map((edge) => `  ${edge}`),
  ];
  return `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\`\n`;
}

function edgesFrom(room: string, existing: readonly string[]): string[] {
  return rooms[room].flatMap((entry) => {
    const [target, file] = entry.split('/');
    if (!existing.includes(target)) return [];
    if (file !== undefined) return [`${room} -. ${file} .-> ${target}`];
    const isImplied = rooms[room].some((other) => rooms[other]?.includes(entry));
    return isImplied ? [] : [`${room} --> ${target}`];
  });
}
