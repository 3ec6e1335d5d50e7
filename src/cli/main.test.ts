/** Tests how the command line finds its commands. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { version } from '../server/version.ts';
import { columns } from './command.ts';
import { main } from './main.ts';
import { testIo } from './test-io.ts';

async function run(...args: string[]) {
  const { io, stdout, stderr } = testIo();
  const code = await main(args, io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

describe('pantala', () => {
  it('prints its version', async () => {
    assert.deepEqual(await run('--version'), {
      code: 0,
      stdout: `pantala ${version}\n`,
      stderr: '',
    });
  });

  for (const arg of ['--help', '-h', 'help']) {
    it(`lists its commands with ${arg}`, async () => {
      const { code, stdout } = await run(arg);
      assert.equal(code, 0);
      assert.match(stdout, /^ {2}serve +Runs the broker\.$/m);
    });
  }

  it('shows the help of a command with help', async () => {
    const { code, stdout } = await run('help', 'sub');
    assert.equal(code, 0);
    assert.equal(stdout, (await run('sub', '--help')).stdout);
  });

  it('lists its commands and fails without one', async () => {
    const { code, stdout, stderr } = await run();
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: pantala COMMAND/);
  });

  it('guesses what an unknown command was meant to be', async () => {
    assert.deepEqual(await run('server'), {
      code: 1,
      stdout: '',
      stderr: "Error: Unknown command 'server'. Did you mean 'serve'?\n",
    });
  });

  it('knows no command that every object has', async () => {
    const { code, stderr } = await run('constructor');
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Unknown command 'constructor'\. Try 'pantala --help'/);
  });

  it('gives a command its arguments', async () => {
    const { code, stdout } = await run('serve', '--help');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: pantala serve /m);
  });
});

it('columns begin where the longest entry allows it', () => {
  const rows = [
    ['a', 'first'],
    ['long', 'second'],
  ] as const;
  assert.deepEqual(columns(rows), ['  a     first', '  long  second']);
});
