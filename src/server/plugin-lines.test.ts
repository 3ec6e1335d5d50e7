/** Failures of plugins in the log: each is told, but none floods it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log } from './log.ts';
import { pluginEvents } from './plugin-lines.ts';

function scene() {
  const lines: string[] = [];
  let now = 0;
  const log = { write: (type: string, text: string) => lines.push(`${type} ${text}`) };
  const { hookFailed } = pluginEvents(log as unknown as Log, () => now);
  const fail = (hook: string, error: unknown = new Error('oops')) =>
    hookFailed!({ plugin: 'gate.ts', hook, error });
  return { lines, fail, pass: (seconds: number) => (now += seconds * 1000) };
}

describe('a hook that fails', () => {
  it('is told with its plugin, its name and the first line of its error', () => {
    const { lines, fail } = scene();
    fail('publish', new Error('no database\nat somewhere'));
    fail('authorize', 'just text');
    assert.deepEqual(lines, [
      "error Error: Plugin gate.ts has failed in 'publish': no database.",
      "error Error: Plugin gate.ts has failed in 'authorize': just text.",
    ]);
  });

  it('again and again is told once in ten seconds, with how often', () => {
    const { lines, fail, pass } = scene();
    for (let i = 0; i < 5; i++) fail('publish');
    assert.equal(lines.length, 1);
    pass(10);
    fail('publish');
    assert.equal(
      lines[1],
      "error Error: Plugin gate.ts has failed in 'publish': oops. (4 times more before)",
    );
  });
});
