/** Files with secrets: how they are read, and what is warned of. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { accessWarnings, readGuardedFile } from './guarded-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
after(() => rmSync(folder, { recursive: true }));

const makePipe = 'mkfifo';
const noPermissions = process.getuid === undefined && 'this system has no file permissions';

function file(name: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, 'ann:x\n');
  chmodSync(path, mode);
  return path;
}

describe('a file with secrets', { skip: noPermissions }, () => {
  it('is read without a warning when it is open to its owner alone', () => {
    assert.deepEqual(readGuardedFile(file('own', 0o600)), { text: 'ann:x\n', warnings: [] });
  });

  it('is read with a warning when it is open to the world', () => {
    const path = file('open', 0o644);
    const { text, warnings } = readGuardedFile(path);
    assert.equal(text, 'ann:x\n');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0].message, /^File .*open has world readable permissions\. Future /);
    assert.equal(warnings[0].remedy, `To fix this, use 'chmod 0600 ${path}'.`);
  });

  it('is read through a symbolic link, as Kubernetes makes them', () => {
    symlinkSync(file('target', 0o600), join(folder, 'link'));
    assert.equal(readGuardedFile(join(folder, 'link')).text, 'ann:x\n');
  });

  it('is refused when it is none: a folder, a pipe without a writer, nothing', () => {
    mkdirSync(join(folder, 'folder'));
    execFileSync(makePipe, [join(folder, 'pipe')]);
    const codes = ['folder', 'pipe', 'nothing'].map((name) => {
      try {
        return readGuardedFile(join(folder, name)).text;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    });
    assert.deepEqual(codes, ['EISDIR', 'EISDIR', 'ENOENT']);
  });
});

describe('the warnings of a file', () => {
  const reader = { uid: 100, gid: 200, name: 'pantala' };

  it('name an owner and a group that are not those of the reader', () => {
    const warnings = accessWarnings('/pw', { mode: 0o100640, uid: 0, gid: 0 }, reader);
    assert.deepEqual(
      warnings.map(({ message, remedy }) => `${message} ${remedy}`),
      [
        'File /pw owner is not pantala. Future versions will refuse to load this file. ' +
          "To fix this, use 'chown pantala /pw'.",
        'File /pw group is not 200. Future versions will refuse to load this file. ' +
          "To fix this, use 'chgrp 200 /pw'.",
      ],
    );
  });

  it('give the number of a reader without a name', () => {
    const nameless = { ...reader, name: undefined };
    const [{ message }] = accessWarnings('/pw', { mode: 0o100600, uid: 0, gid: 200 }, nameless);
    assert.match(message, /owner is not 100\./);
  });

  it('are none where files have no owners', () => {
    const windows = { uid: undefined, gid: undefined, name: 'u' };
    assert.deepEqual(accessWarnings('/pw', { mode: 0o100666, uid: 0, gid: 0 }, windows), []);
  });
});
