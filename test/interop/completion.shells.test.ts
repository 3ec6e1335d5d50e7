/** What `pantala completion` prints, in the shells that it is for, with a tab on a terminal. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { completion } from '../../src/cli/completion.ts';
import { testIo } from '../../src/cli/test-io.ts';

interface Completion {
  /** What is typed: `\t` is the tab. */
  readonly typed: string;
  /** What the program is then called with. */
  readonly args: string;
}

const completions: readonly Completion[] = [
  { typed: 'pantala pu\t', args: 'pub' },
  { typed: 'pantala sub --outp\t hex', args: 'sub --output hex' },
  { typed: 'pantala sub --output nd\t', args: 'sub --output ndjson' },
  { typed: 'pantala sub -t --outp\t', args: 'sub -t --outp' },
  { typed: 'pantala sub -D connect x y --qui\t', args: 'sub -D connect x y --quiet' },
  { typed: 'pantala sub -D unsub\t', args: 'sub -D unsubscribe' },
  { typed: 'pantala pub -t x -f file\t', args: 'pub -t x -f file-1' },
  { typed: 'pantala pub -t file\t', args: 'pub -t file' },
  { typed: 'pantala store comp\t', args: 'store compact' },
  { typed: 'pantala store check fold\t', args: 'store check folder/' },
  { typed: 'pantala help comple\t', args: 'help completion' },
  { typed: 'mosquitto_pub --repeat-d\t 5', args: '--repeat-delay 5' },
  { typed: 'mosquitto_passwd -H arg\t', args: '-H argon2id' },
  { typed: 'mosquitto --test-c\t', args: '--test-config' },
];

const programs = ['pantala', 'mosquitto', 'mosquitto_pub', 'mosquitto_passwd'];

/** How a shell is started bare, and told to begin. */
const shells: readonly { name: string; command: string; start: readonly string[] }[] = [
  { name: 'bash', command: 'bash --norc --noprofile -i', start: ['bind "set bell-style none"'] },
  { name: 'zsh', command: 'zsh -f -i', start: ['autoload -U compinit; compinit -u -D'] },
];

function missing(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  const absent = names.find((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return absent && `${absent} is not installed: apt-get install ${packages[absent] ?? absent}`;
}

const packages: Readonly<Record<string, string>> = { script: 'bsdutils' };

describe('completion', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-completion-'));
    writeFileSync(join(folder, 'file-1'), '');
    mkdirSync(join(folder, 'folder'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function scriptFor(shell: string): Promise<string> {
    const { io, stdout } = testIo();
    assert.equal(await completion.run([shell], io), 0);
    const path = join(folder, `pantala.${shell}`);
    writeFileSync(path, stdout.text);
    return path;
  }

  for (const { name, command, start } of shells) {
    const skip = missing('script', name) ?? false;
    it(`completes what is typed in ${name}`, { skip }, async () => {
      const input = [
        ...start,
        `source ${await scriptFor(name)}`,
        // The words stand in pieces here, so that the echo of them is none.
        ...programs.map((program) => `${program}() { printf '%s:%s\\n' 'CALLED' "$*"; }`),
        ...completions.map(({ typed }) => typed),
        'exit',
        '',
      ];
      const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
        cwd: folder,
        input: input.join('\n'),
        encoding: 'utf8',
        env: { ...process.env, TERM: 'dumb', HOME: folder },
      });
      const called = [...stdout.matchAll(/CALLED:(.*?) ?\r?\n/g)].map(([, args]) => args);
      const expected = completions.map(({ args }) => args);
      // Whether the slash stays that a folder ends with is up to the shell.
      assert.deepEqual(
        called.map((args) => args.replace(/\/$/, '')),
        expected.map((args) => args.replace(/\/$/, '')),
        stdout,
      );
    });
  }

  it('completes what is typed in fish', { skip: missing('fish') ?? false }, async () => {
    const path = await scriptFor('fish');
    for (const { typed, args } of completions) {
      const [line] = typed.split('\t');
      const result = spawnSync('fish', ['-N', '-c', `source ${path}; complete -C '${line}'`], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, HOME: folder },
      });
      assert.equal(result.stderr, '');
      const offered = result.stdout.split('\n').map((each) => each.split('\t')[0]);
      const [wanted] = args.slice(args.lastIndexOf(line.split(' ').at(-1)!)).split(' ');
      const isCompleted = wanted !== line.split(' ').at(-1);
      assert.equal(offered.includes(wanted), isCompleted, `${line}: ${result.stdout}`);
    }
  });
});
