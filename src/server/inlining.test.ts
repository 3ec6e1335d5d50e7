/** The engine's flag for inlining. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { it } from 'node:test';
import { inlinedBytesFlag } from './inlining.ts';

it('is a flag that this engine knows, with a number that is less', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  const [name, value] = inlinedBytesFlag.split('=');
  const known = new RegExp(`^ +${name} .*\\n.*default: ${name}=(\\d+)$`, 'm').exec(options);
  assert.ok(known !== null, name);
  assert.ok(Number(known[1]) < Number(value), known[0]);
});
