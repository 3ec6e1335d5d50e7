/** The manual pages: that they are published, that they say all, and that readers can read them. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { manPages } from '../scripts/man-pages.ts';
import { commands, loadCommands } from '../src/cli/commands.ts';
import { messageFormat } from '../src/cli/message-format.ts';
import { subSections } from '../src/cli/sub-help.ts';

const pages = await manPages();
const isMissing = spawnSync('groff', ['--version']).error !== undefined;
const skip = isMissing ? 'groff is not installed: apt-get install groff-base' : false;

describe('the manual pages', () => {
  it('are one for each command, and one for all', () => {
    const names = Object.keys(commands).map((name) => `pantala-${name}.1`);
    assert.deepEqual([...pages.keys()], ['pantala.1', ...names]);
  });

  it('are named in package.json, so that npm installs them', () => {
    const { man } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual(
      man,
      [...pages.keys()].map((file) => `dist/man/${file}`),
    );
  });

  for (const [file, text] of pages) {
    it(`${file} gives groff nothing to complain of`, { skip }, () => {
      const result = spawnSync('groff', ['-ww', '-man', '-z'], { input: text, encoding: 'utf8' });
      assert.deepEqual([result.status, result.stderr], [0, '']);
    });
  }

  it('say what the help says, in characters that can be copied', { skip }, async () => {
    for (const [name, { options, sections = [], usage }] of await loadCommands()) {
      const input = pages.get(`pantala-${name}.1`);
      const groff = ['-man', '-Tascii', '-P-cbou', '-rLL=1000n'];
      const { stdout } = spawnSync('groff', groff, { input, encoding: 'utf8' });
      const shown = stdout.replace(/\s+/g, ' ');
      const rows = [
        ...options.map(({ flags, help }) => [flags, help]),
        ...sections.flatMap((section) => section.rows),
      ];
      for (const words of [usage, ...rows.flat()]) {
        assert.ok(shown.includes(words.replace(/\s+/g, ' ')), `${name}: ${words}`);
      }
    }
  });

  it('tell every code of -F that there is, and no other', () => {
    const told = subSections.flatMap(({ rows }) => rows.map(([code]) => code));
    for (const letter of '%ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') {
      assert.equal(told.includes(`%${letter}`), isFormat(`%${letter}`), `%${letter}`);
    }
  });
});

function isFormat(format: string): boolean {
  try {
    messageFormat(format, { pretty: false, complain: () => undefined });
    return true;
  } catch {
    return false;
  }
}
