/** `pantala passwd`, with files in a folder of its own. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { parsePasswordFile } from '../auth/password-file.ts';
import { isPasswordOf } from '../auth/password-hash.ts';
import { main } from './main.ts';
import { testIo } from './test-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A name that no file has yet, or that of a new file with this text. */
function file(text?: string, mode = 0o600): string {
  const path = join(folder, `passwords-${++files}`);
  if (text === undefined) return path;
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

async function passwd(args: readonly string[], input?: string) {
  const { io, stdout, stderr } = testIo();
  io.stdin.push(input ?? null);
  if (input !== undefined) io.stdin.push(null);
  const code = await main(['passwd', ...args], io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const done = (stdout: string) => ({ code: 0, stdout, stderr: '' });
const refused = (stderr: string, code = 1) => ({ code, stdout: '', stderr });

/** Which of the users of a file have which of these passwords. */
async function logins(path: string, passwords: readonly string[]): Promise<string[]> {
  const { users, faults } = parsePasswordFile(readFileSync(path, 'utf8'));
  assert.deepEqual(faults, []);
  const found: string[] = [];
  for (const [user, hash] of users) {
    for (const password of passwords) {
      if (await isPasswordOf(hash, Buffer.from(password))) found.push(`${user} ${password}`);
    }
  }
  return found;
}

// The cheapest that is not the default.
const fast = ['-H', 'sha512-pbkdf2', '-I', '3'];

describe('pantala passwd', () => {
  it('makes a file that its owner alone can read', async () => {
    const path = file();
    const result = await passwd(['-c', '-b', path, 'ann', 'secret']);
    assert.deepEqual(result, done('Adding password for user ann\n'));
    assert.match(readFileSync(path, 'utf8'), /^ann:\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    assert.deepEqual(await logins(path, ['secret', 'other']), ['ann secret']);
    if (process.getuid !== undefined) assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('makes no file where there is one', async () => {
    const path = file('ann:x\n');
    const { code, stderr } = await passwd(['-c', '-b', path, 'ann', 'secret']);
    assert.equal(code, 1);
    const message = `Error: Unable to open file ${path} for writing. File already exists.\n`;
    assert.equal(stderr, `${message}Leave out -c to add a user to it.\n`);
    assert.equal(readFileSync(path, 'utf8'), 'ann:x\n');
  });

  it('prints the line for a file called -', async () => {
    const { code, stdout, stderr } = await passwd(['-c', '-b', '-', 'ann', 'secret']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^ann:\$argon2id\$[^\n]+\n$/);
  });

  it('adds, changes and deletes users, and leaves the other lines as they are', async () => {
    const path = file('# ours\n\nbob:\xff\xfeold');
    const before = '# ours\n\nbob:';
    const add = await passwd([...fast, '-b', path, 'ännchen', 'first']);
    assert.deepEqual(add, done('Adding password for user ännchen\n'));
    assert.match(readFileSync(path, 'utf8'), /^# ours\n\nbob:[^\n]+old\nännchen:\$7\$3\$[^\n]+\n$/);
    const change = await passwd([...fast, '-b', path, 'ännchen', 'second']);
    assert.deepEqual(change, done('Updating password for user ännchen\n'));
    assert.deepEqual(await passwd(['-D', path, 'bob']), done(''));
    assert.deepEqual(await logins(path, ['first', 'second']), ['ännchen second']);
    assert.deepEqual(await passwd(['-D', path, 'ännchen']), done(''));
    assert.equal(readFileSync(path, 'utf8'), before.slice(0, -'bob:'.length));
  });

  it('deletes nobody who is not there', async () => {
    const path = file('bob:x\n');
    const result = await passwd(['-D', path, 'ann']);
    assert.deepEqual(result, refused('Warning: User ann not found in password file.\n'));
    assert.equal(readFileSync(path, 'utf8'), 'bob:x\n');
  });

  it('hashes the passwords of a file in plain text, and those that are hashed only once', async () => {
    const path = file('# plain\nann:one\r\nbob: two:2 \n');
    assert.deepEqual(await passwd([...fast, '-U', path]), done(''));
    assert.match(readFileSync(path, 'utf8'), /^# plain\nann:\$7\$3\$[^\n]+\nbob:\$7\$3\$[^\n]+\n$/);
    assert.deepEqual(await logins(path, ['one', 'two:2']), ['ann one', 'bob two:2']);
    const before = readFileSync(path, 'utf8');
    const { code, stderr } = await passwd(['-U', path]);
    const warning = 'Warning: 2 of the passwords were hashed already and stay as they are.\n';
    assert.deepEqual([code, stderr], [0, warning]);
    assert.equal(readFileSync(path, 'utf8'), before);
  });

  for (const type of ['argon2id', 'sha512-pbkdf2', 'sha512']) {
    it(`writes ${type} when asked to`, async () => {
      const path = file('');
      await passwd(['-H', type, '-b', path, 'ann', 'secret']);
      const prefix = { argon2id: '$argon2id$', 'sha512-pbkdf2': '$7$1000$', sha512: '$6$' }[type]!;
      assert.ok(readFileSync(path, 'utf8').startsWith(`ann:${prefix}`));
      assert.deepEqual(await logins(path, ['secret']), ['ann secret']);
    });
  }
});

describe('the file', { skip: process.getuid === undefined && 'no file permissions here' }, () => {
  it('keeps its permissions, is warned of, and leaves nothing beside it', async () => {
    const path = file('', 0o640);
    assert.deepEqual((await passwd([...fast, '-b', path, 'ann', 'x'])).stderr, '');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    chmodSync(path, 0o704);
    const { code, stderr } = await passwd([...fast, '-b', path, 'ann', 'x']);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^Warning: File .* has world readable permissions\. .*\nTo fix this, use 'chmod/,
    );
    assert.equal(statSync(path).mode & 0o777, 0o704);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.')),
      [],
    );
  });

  it('is replaced behind a symbolic link, which stays', async () => {
    const path = file('');
    symlinkSync(path, `${path}-link`);
    await passwd([...fast, '-b', `${path}-link`, 'ann', 'x']);
    assert.deepEqual(await logins(path, ['x']), ['ann x']);
  });

  it('that is missing is told, with what to do', async () => {
    const path = file();
    const message = `Error: Unable to open password file ${path}. No such file or directory.\n`;
    const result = await passwd(['-b', path, 'ann', 'x']);
    assert.deepEqual(result, refused(`${message}Make it with -c.\n`));
  });

  for (const text of ['ann', 'ann:', ':x', ' : ']) {
    it(`with a line that is none, '${text}', stays as it is`, async () => {
      const path = file(`bob:x\n${text}\n`);
      const { code, stderr } = await passwd(['-b', path, 'carol', 'x']);
      assert.equal(code, 1);
      assert.match(stderr, /^Error: Corrupt password file at line 2\.\n/);
      assert.equal(readFileSync(path, 'utf8'), `bob:x\n${text}\n`);
    });
  }
});

describe('a password that is asked for', () => {
  it('is read twice, as lines of what is no terminal', async () => {
    const path = file();
    const { code, stdout } = await passwd([...fast, '-c', path, 'ann'], 'sécret:\r\nsécret:\n');
    const prompts = 'Password: \nReenter password: \n';
    assert.deepEqual([code, stdout], [0, `${prompts}Adding password for user ann\n`]);
    assert.deepEqual(await logins(path, ['sécret:']), ['ann sécret:']);
  });

  it('is asked for on stderr when the line goes to stdout', async () => {
    const { stdout, stderr } = await passwd([...fast, '-c', '-', 'ann'], 'x\nx');
    assert.equal(stderr, 'Password: \nReenter password: \n');
    assert.match(stdout, /^ann:\$7\$3\$[^\n]+\n$/);
  });

  const refusals: Readonly<Record<string, { input: string; code: number; message: string }>> = {
    'that differ': { input: 'a\nb\n', code: 2, message: 'Passwords do not match.' },
    'of nothing': { input: '\n\n', code: 1, message: 'Empty password.' },
    'that end early': { input: 'a\n', code: 1, message: 'Empty password.' },
    'that are too long': {
      input: `${'x'.repeat(65_536)}\n`,
      code: 1,
      message: 'Password must be less than 65536 characters long.',
    },
  };
  for (const [what, { input, code, message }] of Object.entries(refusals)) {
    it(`is refused: two ${what}`, async () => {
      const path = file('bob:x\n');
      const result = await passwd([path, 'ann'], input);
      assert.deepEqual([result.code, result.stderr], [code, `Error: ${message}\n`]);
      assert.equal(readFileSync(path, 'utf8'), 'bob:x\n');
    });
  }
});

describe('on a terminal, a password', () => {
  /** What is typed comes in pieces; the terminal is told to show it or not. */
  async function typed(pieces: readonly (string | 'stop')[]) {
    const { io, stdout, stderr, abort } = testIo();
    const modes: boolean[] = [];
    Object.assign(io.stdin, { isTTY: true, setRawMode: (isRaw: boolean) => modes.push(isRaw) });
    const path = file();
    const code = main(['passwd', ...fast, '-c', path, 'ann'], io);
    for (const [index, piece] of pieces.entries()) {
      await stdout.until(index === 0 ? /Password: / : /Reenter password: /);
      if (piece === 'stop') abort();
      else io.stdin.push(piece);
    }
    return { code: await code, modes, stdout: stdout.text, stderr: stderr.text, path };
  }

  it('is not shown, and can be mended', async () => {
    const { code, modes, stdout, path } = await typed(['wrong\x15séx\x7fè\x08cret\r', 'sécret\n']);
    assert.equal(code, 0);
    assert.deepEqual(modes, [true, false]);
    assert.doesNotMatch(stdout, /cret\b/);
    assert.deepEqual(await logins(path, ['sécret']), ['ann sécret']);
  });

  for (const [what, piece] of [
    ['Ctrl-C', '\x03'],
    ['a signal', 'stop'],
  ]) {
    it(`is given up with ${what}, and the terminal is as it was`, async () => {
      const { code, modes, stderr } = await typed(['secret\r', piece]);
      assert.deepEqual([code, modes, stderr], [1, [true, false], '']);
    });
  }
});

describe('a command line', () => {
  const refusals: Readonly<Record<string, string>> = {
    '-H': '-H argument given but not enough other arguments.',
    '-H md5 f u': "Unknown hash type 'md5': it is one of argon2id, sha512-pbkdf2, sha512",
    '-I': '-I argument given but not enough other arguments.',
    '-I 0 f u': 'Number of iterations must be > 0.',
    '-I many f u': 'Number of iterations must be > 0.',
    '-I 10000001 f u': 'Number of iterations must be at most 10000000: each login takes that long.',
    '-c -D f u': '-c and -D cannot be used together.',
    '-c -U f': '-c and -U cannot be used together.',
    '-D -U f': '-D and -U cannot be used together.',
    '-b -D f u': '-b and -D cannot be used together.',
    '-c f': '-c argument given but password file or username missing.',
    '-c -b f u': '-c argument given but password file, username, or password missing.',
    '-D f': '-D argument given but password file or username missing.',
    '-U': '-U argument given but password file missing.',
    '-U f u': '-U argument given but password file missing.',
    'f a:b': "Username must not contain the ':' character.",
    'f a\tb': 'Username must not contain control characters.',
    'f #a': "Username must not begin with '#', which makes a comment of its line.",
    [`f ${'u'.repeat(65_536)}`]: 'Username must be less than 65536 characters long.',
    [`-b f u ${'p'.repeat(65_536)}`]: 'Password must be less than 65536 characters long.',
  };
  for (const [line, message] of Object.entries(refusals)) {
    it(`is refused: ${line.slice(0, 30)}`, async () => {
      assert.deepEqual(await passwd(line.split(' ')), refused(`Error: ${message}\n`));
    });
  }

  it('is refused with an empty name, and with blanks around it', async () => {
    assert.equal((await passwd(['f', ''])).stderr, 'Error: Username must not be empty.\n');
    const blank = 'Error: Username must not begin or end with a blank.\n';
    assert.equal((await passwd(['f', ' a'])).stderr, blank);
  });

  for (const line of ['', 'f', 'f u p', '-b f u', '-x f u']) {
    it(`shows the usage and fails: '${line}'`, async () => {
      const { code, stdout, stderr } = await passwd(line === '' ? [] : line.split(' '));
      assert.deepEqual([code, stderr], [1, '']);
      assert.match(stdout, /^Usage: pantala passwd /);
    });
  }

  it('shows the usage when asked to', async () => {
    const { code, stdout } = await passwd(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: pantala passwd [\s\S]* -U /);
  });
});
