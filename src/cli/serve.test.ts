/** Tests `pantala serve`: Mosquitto's flags, exit codes and first lines. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Changes } from '../broker/state/changes.ts';
import { tables } from '../broker/state/keys.ts';
import { version } from '../server/version.ts';
import { LmdbStore } from '../storage/lmdb-store.ts';
import { serve } from './serve.ts';
import { testIo, WrittenText } from './test-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-serve-'));
after(() => rmSync(folder, { recursive: true }));

/** Keeps the state of brokers without a configuration file out of the home directory. */
const env = { STATE_DIRECTORY: join(folder, 'state') };
Object.assign(process.env, env);

async function run(...args: string[]) {
  const { io, stdout, stderr } = testIo(env);
  const code = await serve.run(args, io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The path of a configuration file with these lines. */
function configFile(...lines: string[]): string {
  const path = join(folder, 'pantala.conf');
  writeFileSync(path, lines.join('\n'));
  return path;
}

const running = / running\n/;

async function freePort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the arguments of serve', () => {
  const wrong: Record<string, readonly string[]> = {
    "Unknown option '-x'.\nSee 'pantala serve --help' for all.": ['-x'],
    "Unknown option 'file'.\nSee 'pantala serve --help' for all.": ['file'],
    "Unknown option 'constructor'.\nSee 'pantala serve --help' for all.": ['constructor'],
    '--tls-keylog argument given, but no file specified.': ['--tls-keylog'],
    '-c argument given, but no config file specified.': ['-c'],
    '-p argument given, but no port specified.': ['-p'],
    'Invalid port specified (0).\nGive a number from 1 to 65535.': ['-p', '0'],
    'Invalid port specified (65536).\nGive a number from 1 to 65535.': ['--port', '65536'],
    'Invalid port specified (mqtt).\nGive a number from 1 to 65535.': ['-p', 'mqtt'],
    "Only 10 ports can be specified on the command line.\nWrite a 'listener' line for each in a configuration file.":
      Array(11).fill(['-p', '1']).flat(),
    'Please provide a configuration file to test.\nName it with -c.': ['--test-config'],
  };
  for (const [message, args] of Object.entries(wrong)) {
    it(`are refused with exit code 3: ${message}`, async () => {
      assert.deepEqual(await run(...args), { code: 3, stdout: '', stderr: `Error: ${message}\n` });
    });
  }

  it('print help with exit code 0', async () => {
    const { code, stdout } = await run('-h');
    assert.equal(code, 0);
    assert.equal(stdout.split('\n')[0], `pantala version ${version}`);
    assert.match(stdout, /^Usage: pantala serve \[-c FILE\] \[-d\] /m);
    for (const { flags } of serve.options) assert.ok(stdout.includes(flags));
  });

  it('print the version with exit code 0', async () => {
    const expected = { code: 0, stdout: `pantala version ${version}\n`, stderr: '' };
    assert.deepEqual(await run('--version'), expected);
    assert.deepEqual(await run('-v', '--version', '-x'), expected);
  });
});

describe('a configuration file', () => {
  it('that is wrong is refused with exit code 3, place and remedy', async () => {
    const path = configFile('listener 1883', 'max_qoss 1');
    assert.deepEqual(await run('-c', path), {
      code: 3,
      stdout: '',
      stderr:
        "Error: Unknown configuration variable 'max_qoss'.\n" +
        `Error found at ${path}:2. Did you mean 'max_qos'?\n`,
    });
  });

  it('that is missing is refused with exit code 3', async () => {
    const { code, stderr } = await run('-c', join(folder, 'nope.conf'));
    assert.equal(code, 3);
    assert.match(stderr, /^Error: Unable to open config file '.*nope\.conf'\.\n/);
  });

  it('is only checked with --test-config', async () => {
    const open = configFile('listener 1883\nallow_anonymous true');
    assert.deepEqual(await run('-c', open, '--test-config'), {
      code: 0,
      stdout: '',
      stderr: 'Configuration file is OK.\n',
    });
    assert.equal((await run('--test-config', '-c', configFile('listener x'))).code, 3);
  });

  it('is checked with the files that it names, and what is strange about it is told', async () => {
    const closed = await run('-c', configFile('listener 1883'), '--test-config');
    assert.match(
      closed.stderr,
      /^Warning: No client can connect[^\n]*\nConfiguration file is OK.\n$/,
    );
    const file = configFile('listener 1883\npassword_file /nowhere/pw\nacl_file /nowhere/acl');
    assert.deepEqual(await run('-c', file, '--test-config'), {
      code: 1,
      stdout: '',
      stderr: [
        'Error: Unable to open password_file "/nowhere/pw".',
        `Error found at ${file}:2. Check that '/nowhere/pw' is a file that exists and may be read (ENOENT).`,
        'Error: Unable to open acl_file "/nowhere/acl".',
        `Error found at ${file}:3. Check that '/nowhere/acl' is a file that exists and may be read (ENOENT).`,
        '',
      ].join('\n'),
    });
  });

  it('with plugins that are not there is refused with exit code 13, as by the start', async () => {
    const file = configFile('listener 1883', 'plugin /nowhere/a.ts', 'plugin /nowhere/b.ts');
    const [first, second] = ['a', 'b'].map(
      (name) =>
        `Error: Unable to load plugin "/nowhere/${name}.ts".\nThere is no such file: check the name.\n`,
    );
    const checked = await run('-c', file, '--test-config');
    assert.deepEqual(checked, { code: 13, stdout: '', stderr: first + second });
    const started = await run('-c', file);
    assert.equal(started.code, 13);
    const lines = started.stderr.replace(/^\d+: /gm, '');
    assert.ok(lines.endsWith(first), lines);
  });

  it('with a plugin in C is refused with exit code 13', async () => {
    const { code, stderr } = await run('-c', configFile('plugin /usr/lib/x.so'), '--test-config');
    assert.equal(code, 13);
    assert.match(stderr, /^Error: Unable to load plugin "\/usr\/lib\/x.so"\.\n/);
  });
});

describe('a broker', () => {
  it('without a configuration says what Mosquitto says, and stops when told', async () => {
    const { io, stderr, abort } = testIo(env);
    const port = await freePort();
    const code = serve.run(['-p', String(port)], io);
    await stderr.until(running);
    abort();
    assert.equal(await code, 0);
    const lines = stderr.text.replaceAll(/^[0-9]{10}: /gm, '').split('\n');
    assert.deepEqual(
      lines.filter((line) => !/no ipv6|^State is kept in /.test(line)),
      [
        `pantala version ${version} starting`,
        'Using default config.',
        'Starting in local only mode. Only clients on this machine can connect.',
        "To let others in, write 'listener 1883' in a file and start with -c FILE.",
        `Opening ipv4 listen socket on port ${port}.`,
        `Opening ipv6 listen socket on port ${port}.`,
        `pantala version ${version} running`,
        `pantala version ${version} terminating`,
        '',
      ],
    );
    const state = `${join(folder, 'state', String(port), 'pantala.mdb')}`;
    const counts = '0 sessions, 0 queued messages, 0 retained messages';
    assert.ok(lines.includes(`State is kept in ${state}: ${counts}.`), 'tells where state is');
  });

  it('tells of stored records that it can do nothing with', async () => {
    const port = await freePort();
    const path = join(folder, 'stray.mdb');
    const changes = new Changes();
    changes.beginPut(tables.received, 9, 1);
    changes.endPut();
    const store = new LmdbStore({ path, syncs: false });
    const done = Promise.withResolvers<unknown>();
    store.commit(changes.view(), done.resolve);
    assert.equal(await done.promise, undefined);
    await store.close();

    const { io, stderr, abort } = testIo(env);
    const where = [`persistence_location ${folder}`, 'persistence_file stray.mdb'];
    const file = configFile(`listener ${port} 127.0.0.1`, 'persistence true', ...where);
    const code = serve.run(['-c', file], io);
    await stderr.until(running);
    abort();
    assert.equal(await code, 0);
    assert.match(
      stderr.text,
      /Warning: .*stray\.mdb: 1 record left out, unreadable or of no session/,
    );
  });

  it('with a configuration names its file, and keeps its process id while it runs', async () => {
    const { io, stderr, abort } = testIo(env);
    const pidFile = join(folder, 'pantala.pid');
    const listener = `listener ${await freePort()} 127.0.0.1`;
    const path = configFile(listener, 'allow_anonymous true', `pid_file ${pidFile}`);
    const code = serve.run(['-c', path], io);
    await stderr.until(running);
    assert.ok(stderr.text.includes(`Config loaded from ${path}.\n`));
    assert.equal(readFileSync(pidFile, 'utf8'), String(process.pid));
    abort();
    assert.equal(await code, 0);
    assert.equal(existsSync(pidFile), false);
  });

  it('tells of a visitor that goes without a word as Mosquitto does', async () => {
    const { io, stderr, abort } = testIo(env);
    const port = await freePort();
    const code = serve.run(['-p', String(port)], io);
    await stderr.until(running);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await stderr.until(/disconnected/);
    abort();
    assert.equal(await code, 0);
    const line =
      /Client 127\.0\.0\.1 \[127\.0\.0\.1:[0-9]+\] disconnected: connection closed by client\.\n/;
    assert.match(stderr.text, line);
  });

  it('logs nothing with -q, even with -v', async () => {
    for (const flags of [
      ['-q', '-v'],
      ['-v', '-q'],
    ]) {
      const { io, stdout, stderr, abort } = testIo(env);
      const code = serve.run([...flags, '-p', String(await freePort())], io);
      abort();
      assert.equal(await code, 0);
      assert.equal(stdout.text + stderr.text, '');
    }
  });

  it('whose port is in use ends with exit code 1', async () => {
    await using blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const { code, stderr } = await run('-c', configFile(`listener ${port} 127.0.0.1`));
    assert.equal(code, 1);
    assert.match(stderr, /: Error: Address already in use: port [0-9]+ of 127\.0\.0\.1\./);
  });

  it('whose files cannot be written ends with exit code 1', async () => {
    const missing = join(folder, 'missing', 'file');
    for (const option of ['pid_file', 'log_dest file']) {
      const { code, stderr } = await run('-c', configFile(`${option} ${missing}`));
      assert.equal(code, 1);
      assert.match(stderr, /Error: Unable to .*missing.* \(ENOENT\)\./);
    }
  });

  it('says on stderr why it cannot start, even where the log is elsewhere', async () => {
    const log = join(folder, 'start.log');
    const lines = [`log_dest file ${log}`, `pid_file ${join(folder, 'missing', 'file')}`];
    const { stderr } = await run('-c', configFile(...lines));
    assert.match(stderr, /^Error: Unable to write pid file /);
    assert.match(readFileSync(log, 'utf8'), /: Error: Unable to write pid file /);
  });

  it('takes the place of a stale process id, and leaves that of another broker', async () => {
    const { io, stderr, abort } = testIo(env);
    const pidFile = join(folder, 'stale.pid');
    writeFileSync(pidFile, '1234567890');
    const path = configFile(`listener ${await freePort()} 127.0.0.1`, `pid_file ${pidFile}`);
    const code = serve.run(['-c', path], io);
    await stderr.until(running);
    assert.equal(readFileSync(pidFile, 'utf8'), String(process.pid));
    writeFileSync(pidFile, '42');
    abort();
    assert.equal(await code, 0);
    assert.equal(readFileSync(pidFile, 'utf8'), '42');
  });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  it(`a process of its own serves, and ends with exit code 0 after ${signal}`, async (context) => {
    const port = await freePort();
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, 'serve', '-p', String(port)]);
    context.after(() => child.kill('SIGKILL'));
    const stderr = new WrittenText();
    child.stderr.pipe(stderr);
    await stderr.until(running);
    const socket = connect(port, '127.0.0.1');
    socket.write(
      Uint8Array.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x63]),
    );
    const [connack] = await once(socket, 'data');
    assert.deepEqual([...connack], [0x20, 2, 0, 0]);
    child.kill(signal);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    socket.destroy();
  });
}
