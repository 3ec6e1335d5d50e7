/** Files with default flags. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { givenOptionLines, usualOptionLines } from './option-file.ts';
import { UsageError } from './usage-error.ts';

describe('a file with flags', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  for (const { line, means } of [
    { line: '-h broker.example', means: ['-h', 'broker.example'] },
    { line: '  -c\r', means: ['-c'] },
    { line: '-m  two words', means: ['-m', ' two words'] },
    { line: '# -c', means: undefined },
    { line: ' ', means: undefined },
    {
      line: '-D publish content-type text/plain; charset=utf-8',
      means: ['-D', 'publish', 'content-type', 'text/plain; charset=utf-8'],
    },
    {
      line: '--property connect  user-property a b c',
      means: ['--property', 'connect', 'user-property', 'a', 'b c'],
    },
    { line: '-D publish', means: ['-D', 'publish'] },
  ]) {
    it(`takes ${JSON.stringify(line)} for ${JSON.stringify(means)}`, () => {
      const path = write('lines', `${line}\n`);
      assert.deepEqual(givenOptionLines(path), means === undefined ? [] : [means]);
    });
  }

  it('is looked for where the environment says', () => {
    mkdirSync(join(folder, '.config'));
    write('mosquitto_pub', '-q 1');
    write(join('.config', 'mosquitto_pub'), '-q 2');
    write('mosquitto_pub.conf', '-q 0');
    const found = (env: Record<string, string>, platform: NodeJS.Platform = 'linux') =>
      usualOptionLines('mosquitto_pub', env, platform);
    assert.deepEqual(found({ XDG_CONFIG_HOME: folder, HOME: folder }), [['-q', '1']]);
    assert.deepEqual(found({ HOME: folder }), [['-q', '2']]);
    assert.deepEqual(found({ HOME: folder, USERPROFILE: folder }, 'win32'), [['-q', '0']]);
  });

  it('need not be there, unless it was named', () => {
    assert.deepEqual(usualOptionLines('mosquitto_pub', {}), []);
    assert.deepEqual(usualOptionLines('mosquitto_pub', {}, 'win32'), []);
    assert.deepEqual(usualOptionLines('mosquitto_pub', { HOME: join(folder, 'nobody') }), []);
    const path = join(folder, 'nothing');
    const fault = `Unable to open options file "${path}".`;
    assert.throws(() => givenOptionLines(path), new UsageError(fault));
  });
});
