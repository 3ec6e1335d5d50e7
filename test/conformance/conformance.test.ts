/** Holds docs/conformance.md to the statements and the test names, and the script to its rules. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  claimsIn,
  conformancePage,
  findProblems,
  missingOfServer,
  readClaims,
  unknownIds,
} from '../../scripts/conformance.ts';
import { chapters5, chapters311 } from './statements/chapters.ts';
import { mqtt311 } from './statements/mqtt-3.1.1.ts';
import { mqtt5 } from './statements/mqtt-5.ts';

const lists = [
  { title: 'MQTT 5.0', statements: mqtt5, chapters: chapters5, length: 251, skips: '2.2.1-1' },
  { title: 'MQTT 3.1.1', statements: mqtt311, chapters: chapters311, length: 141, skips: '' },
];

for (const { title, statements, chapters, length, skips } of lists) {
  describe(`the statements of ${title}`, () => {
    it('are as many as Appendix B has', () => {
      assert.equal(Object.keys(statements).length, length);
    });

    it('are numbered without a gap but the one in the specification', () => {
      const isGap = (id: string) => !(id in statements) && id !== skips;
      const gaps = Object.keys(statements).flatMap(lowerNumbers).filter(isGap);
      assert.deepEqual(gaps, []);
    });

    it('stand in chapters with a title', () => {
      const untitled = Object.keys(statements).filter((id) => !(chapterOf(id) in chapters));
      assert.deepEqual(untitled, []);
    });

    it('are worded in at most 100 characters', () => {
      const long = Object.values(statements).filter(({ says }) => says.length > 100);
      assert.deepEqual(long, []);
    });

    it('bind the server now, whatever the client library still lacks', () => {
      const excused = Object.entries(statements).filter(
        ([, { binds, later }]) => binds !== 'client' && later === 'client library',
      );
      assert.deepEqual(excused, []);
    });
  });
}

describe('claims', () => {
  const cases = [
    { source: `it('does so [MQTT-1.5.4-1]', f)`, found: ['MQTT-1.5.4-1 does so'] },
    { source: `{ name: "isn't [MQTT3-3.1.2-8]" }`, found: [`MQTT3-3.1.2-8 isn't`] },
    {
      source: 'it(`does so [MQTT-4.3.2-1, MQTT-4.3.3-1] twice`)',
      found: ['MQTT-4.3.2-1 does so twice', 'MQTT-4.3.3-1 does so twice'],
    },
    { source: `it('does so [MQTT-1.5.4-1] [MQTT-1.5.4-2]')`, found: 2 },
    { source: `// as [MQTT-1.5.4-1] has it, it's so`, found: [] },
    { source: `/* [MQTT-1.5.4-1] */ it('does so')`, found: [] },
    { source: `connect('mqtt://host'); it('does so [MQTT-1.5.4-1]')`, found: 1 },
    { source: `it('escapes \\'it\\' [MQTT-1.5.4-1]')`, found: 1 },
  ];
  for (const { source, found } of cases) {
    it(`are read where they stand in ${source}`, () => {
      const claims = claimsIn(source, 'a.test.ts').map(({ id, name }) => `${id} ${name}`);
      if (typeof found === 'number') assert.equal(claims.length, found);
      else assert.deepEqual(claims, found);
    });
  }

  it('of ids that no specification has are problems', () => {
    for (const id of ['MQTT-3.3.1-99', 'MQTT3-1.5.4-1', 'mqtt-3.3.1-1', 'MQTT-4.6.0-2..4']) {
      const [problem = ''] = unknownIds(claimsIn(`it('does so [${id}]')`, 'a.test.ts'));
      assert.ok(problem.startsWith(`a.test.ts: "does so" names [${id}]`), problem);
    }
  });

  it('cover their statements, which are missing without them', () => {
    const claim = { id: 'MQTT-3.12.4-1', file: 'a.test.ts', name: 'answers | pings' };
    const row = /^\| MQTT-3\.12\.4-1 .*$/m;
    assert.match(row.exec(conformancePage([]))?.[0] ?? '', /\| missing \| {2}\|$/);
    assert.match(
      row.exec(conformancePage([claim]))?.[0] ?? '',
      /\| covered \| `a\.test\.ts`: answers \\\| pings \|$/,
    );
    assert.equal(missingOfServer([]).length - missingOfServer([claim]).length, 1);
  });
});

describe('docs/conformance.md', () => {
  it('says what the tests prove, and every claim names a statement', () => {
    const written = readFileSync('docs/conformance.md', 'utf8');
    assert.equal(findProblems(readClaims(), written).join('\n'), '');
  });

  it('is a problem when it says something else', () => {
    const problems = findProblems([], `${conformancePage([])}more`);
    assert.match(problems.join('\n'), /docs\/conformance\.md is not up to date/);
  });
});

function chapterOf(id: string): string {
  return id.split(/[.-]/, 2).join('.');
}

/** The ids before this one in its section: `3.1.0-1` for `3.1.0-2`, none for `3.1.0-1`. */
function lowerNumbers(id: string): string[] {
  const [section, number] = id.split('-');
  return Array.from({ length: Number(number) - 1 }, (_, index) => `${section}-${index + 1}`);
}
