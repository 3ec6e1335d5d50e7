/** Tests what the scripts for shells are made of; test/interop has the shells. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadCommands } from './commands.ts';
import { completedCommands } from './completed-command.ts';
import { completion } from './completion.ts';
import { programNames } from './program-names.ts';
import { testIo } from './test-io.ts';

const commands = completedCommands(await loadCommands());

describe('completion', () => {
  it('has every command with its flags, and help', () => {
    const sub = commands.find(({ name }) => name === 'sub');
    const output = sub?.flags.find(({ names }) => names.includes('--output'));
    assert.equal(output?.arguments[0].type, 'words');
    const port = sub?.flags.find(({ names }) => names.includes('-p'));
    assert.deepEqual(port?.names, ['-p', '--port']);
    assert.deepEqual(port?.arguments, [{ name: 'PORT', type: 'other', words: [] }]);
    assert.equal(commands.at(-1)?.name, 'help');
  });

  it('takes the arguments of flags for what they are named', () => {
    const all = commands.flatMap(({ flags }) => flags.flatMap((flag) => flag.arguments));
    const typesOf = (name: string) =>
      new Set(all.filter((each) => each.name === name).map(({ type }) => type));
    assert.deepEqual(typesOf('FILE'), new Set(['file']));
    assert.deepEqual(typesOf('FOLDER'), new Set(['folder']));
    assert.deepEqual(typesOf('HOST'), new Set(['host']));
  });

  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`has every name of Mosquitto's in ${shell}`, async () => {
      const { io, stdout } = testIo();
      assert.equal(await completion.run([shell], io), 0);
      for (const name of Object.keys(programNames)) assert.ok(stdout.text.includes(name), name);
    });
  }

  for (const args of [[], ['ksh'], ['bash', 'zsh'], ['constructor']]) {
    it(`names the shells for '${args.join(' ')}'`, async () => {
      const { io, stderr } = testIo();
      assert.equal(await completion.run(args, io), 1);
      assert.match(stderr.text, /one of bash, zsh, fish/);
    });
  }
});
