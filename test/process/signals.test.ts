/** What signals do to a broker that is a process of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import process from 'node:process';
import { after, it } from 'node:test';
import { connected, Folder, freePort, main, running, Serving, until } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const env = { STATE_DIRECTORY: folder.file('state') };
const isWindows = process.platform === 'win32' && 'Windows has no such signals';

const pipeMaker = 'mkfifo';

/** A bound for the test, longer than any supervisor waits. */
const limit = { timeout: 60_000 };

it(
  'SIGTERM ends it with 0 within seconds, with 1,000 clients that take nothing',
  limit,
  async () => {
    const port = await freePort();
    const config = folder.config(
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'log_type none',
    );
    await using broker = new Serving(['-c', config]);
    await listening(port);
    const clients = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => connected(port, `client-${i}`)),
    );
    // Some ask for more than they take, so that output waits for them.
    const subscribe = Uint8Array.from([0x82, 6, 0, 1, 0, 1, 0x23, 0]);
    for (const client of clients.slice(0, 20)) client.pause().write(subscribe);
    const payload = Buffer.alloc(60_000);
    const publish = Buffer.concat([Buffer.from([0x30, 0xe3, 0xd4, 0x03, 0, 1, 0x74]), payload]);
    for (let i = 0; i < 200; i++) clients[999].write(publish);
    await new Promise<void>((resolve) => clients[999].write('', () => resolve()));
    const start = performance.now();
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seconds < 5, `took ${seconds.toFixed(1)} s`);
    for (const client of clients) client.destroy();
  },
);

it('SIGHUP goes on in a new log file, and says that it reloads', {
  ...limit,
  skip: isWindows,
}, async () => {
  const port = await freePort();
  const log = folder.file('hup.log');
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', `log_dest file ${log}`];
  const config = folder.config(...lines);
  await using broker = new Serving(['-c', config]);
  await until(() => existsSync(log) && running.test(readFileSync(log, 'utf8')));
  renameSync(log, `${log}.1`);
  broker.signal('SIGHUP');
  await until(() => existsSync(log));
  assert.match(readFileSync(`${log}.1`, 'utf8'), /: Reloading config\.\n/);
  broker.signal('SIGTERM');
  assert.equal(await broker.ended, 0);
  assert.match(readFileSync(log, 'utf8'), /^[0-9]+: pantala version \S+ terminating\n$/);
});

it('SIGUSR1 and SIGUSR2 tell what Mosquitto would do, and it serves on', {
  ...limit,
  skip: isWindows,
}, async () => {
  const port = await freePort();
  await using broker = new Serving(['-p', String(port)], { env });
  await broker.stderr.until(running);
  const client = await connected(port, 'c');
  client.write(Uint8Array.from([0x82, 8, 0, 1, 0, 3, 0x61, 0x2f, 0x23, 1])); // a/#
  await once(client, 'data');
  broker.signal('SIGUSR1');
  await broker.stderr.until(/: Nothing is left to save: every change is stored as it happens\.\n/);
  broker.signal('SIGUSR2');
  await broker.stdout.until(/#/);
  assert.equal(broker.stdout.text, '    a\n      # (c, 1)\n');
  client.end();
  broker.signal('SIGTERM');
  assert.equal(await broker.ended, 0);
  assert.doesNotMatch(broker.stderr.text, /Debugger/);
});

for (const flag of ['--require', '--import']) {
  it(`SIGUSR1 leaves no debugger open, however early it comes: ${flag}`, {
    ...limit,
    skip: isWindows,
  }, async () => {
    // Comes before the first line of ours is run.
    const early = folder.file('early.cjs');
    writeFileSync(early, "process.kill(process.pid, 'SIGUSR1')");
    const command = [process.execPath, flag, early, 'bin/pantala'];
    await using broker = new Serving(['-p', String(await freePort())], { env, command });
    await broker.stderr.until(running);
    const address = /ws:\/\/127\.0\.0\.1:(?<port>[0-9]+)\//.exec(broker.stderr.text)?.groups;
    assert.ok(address, 'Node opens none any more: the precaution can go');
    await assert.rejects(listeningOnce(Number(address.port)), { code: 'ECONNREFUSED' });
  });
}

it('SIGTERM ends it with 0 within seconds, while its disk does not answer', {
  ...limit,
  skip: isWindows,
}, async () => {
  const pipe = folder.file('disk');
  await once(spawn(pipeMaker, [pipe]), 'exit');
  // In the thread of the store, waiting for the disk becomes waiting for a pipe: in the kernel.
  const hang = folder.file('hang.cjs');
  writeFileSync(
    hang,
    `const fs = require('node:fs');
     if (!require('node:worker_threads').isMainThread) {
       fs.fdatasyncSync = () => fs.readFileSync(${JSON.stringify(pipe)});
       require('node:module').syncBuiltinESMExports();
     }`,
  );
  const port = await freePort();
  const command = [process.execPath, '--require', hang, main];
  await using broker = new Serving(['-p', String(port)], { env, command });
  await broker.stderr.until(running);
  const client = await connected(port, 'c');
  client.write(Uint8Array.from([0x33, 5, 0, 1, 0x74, 0, 1])); // QoS 1, retained: to the disk
  client.write(Uint8Array.from([0xc0, 0]));
  await once(client, 'data');
  const start = performance.now();
  broker.signal('SIGTERM');
  assert.equal(await broker.ended, 0);
  assert.ok(performance.now() - start < 9000);
  assert.match(
    broker.stderr.text,
    /: Warning: Not everything has stopped within 5 seconds; .* What was acknowledged is stored\.\n/,
  );
  client.destroy();
});

it('a fault of its own is in the log as well, and ends it', {
  ...limit,
  skip: isWindows,
}, async () => {
  const fault = folder.file('fault.cjs');
  writeFileSync(fault, "process.on('SIGWINCH', () => { throw new Error('boom'); })");
  const log = folder.file('fault.log');
  const config = folder.config(`listener ${await freePort()} 127.0.0.1`, `log_dest file ${log}`);
  const command = [process.execPath, '--require', fault, main];
  await using broker = new Serving(['-c', config], { env, command });
  await until(() => existsSync(log) && running.test(readFileSync(log, 'utf8')));
  broker.signal('SIGWINCH');
  assert.equal(await broker.ended, 1);
  assert.match(broker.stderr.text, /Error: boom\n {4}at /);
  assert.match(
    readFileSync(log, 'utf8'),
    /: Error: This is a fault of pantala itself: .*\n[0-9]+: Error: boom\n[0-9]+: {5}at /,
  );
});

it('an end that a thread held by the kernel would put off comes all the same', {
  ...limit,
  skip: isWindows,
}, async () => {
  // A pipe that nobody writes to holds a thread as a dead disk does.
  const pipe = folder.file('pipe');
  await once(spawn(pipeMaker, [pipe]), 'exit');
  const script = folder.file('stuck.mjs');
  const endNow = new URL('../../src/server/end-now.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { Worker } from 'node:worker_threads';
     import { endNow } from '${endNow}';
     const text = 'require("fs").readFileSync(' + JSON.stringify(process.argv[2]) + ')';
     const worker = new Worker(text, { eval: true });
     worker.on('online', () => setTimeout(endNow, 100, 7));`,
  );
  const child = spawn(process.execPath, [script, pipe], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  assert.equal(code, 7);
});

async function listening(port: number): Promise<void> {
  for (;;) {
    try {
      return await listeningOnce(port);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function listeningOnce(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
