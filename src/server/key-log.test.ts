/** Tests the file of TLS keys. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { KeyLog } from './key-log.ts';
import { StartError } from './start-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-key-log-'));
after(() => rmSync(folder, { recursive: true }));

const line = (text: string) => new TextEncoder().encode(`${text}\n`);

describe('the TLS key log', () => {
  it('has each line in the file at once, after what was there', () => {
    const path = join(folder, 'keys');
    writeFileSync(path, 'before\n');
    using keyLog = new KeyLog(path);
    keyLog.write(line('CLIENT_RANDOM 01 02'));
    assert.equal(readFileSync(path, 'utf8'), 'before\nCLIENT_RANDOM 01 02\n');
  });

  it('is for its owner alone, even where it was not', {
    skip: process.platform === 'win32' && 'Windows has no such modes',
  }, () => {
    const path = join(folder, 'open');
    writeFileSync(path, '', { mode: 0o644 });
    using _keyLog = new KeyLog(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('takes nothing any more once it is closed', () => {
    const path = join(folder, 'closed');
    const keyLog = new KeyLog(path);
    keyLog[Symbol.dispose]();
    keyLog.write(line('late'));
    keyLog[Symbol.dispose]();
    assert.equal(readFileSync(path, 'utf8'), '');
  });

  it('that cannot be opened is a reason not to start', () => {
    assert.throws(() => new KeyLog(join(folder, 'missing', 'keys')), StartError);
  });
});
