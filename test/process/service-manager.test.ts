/** What systemd is told, with a service manager made for the test. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { ServiceManager } from '../../src/server/service-manager.ts';
import { Datagrams, missingPython } from './datagrams.ts';
import { Folder, freePort, Serving } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const program = 'systemd-notify';
const hasNotifier = spawnSync(program, ['--version']).error === undefined;
const skip =
  missingPython() ??
  (hasNotifier ? false : 'systemd-notify is not installed: apt-get install systemd');

const fail = (text: string): void => assert.fail(text);

/** The assignments of each message, but for barriers, which say nothing. */
function told(manager: Datagrams): string[][] {
  return manager.all
    .map(({ text }) => text.split('\n').filter((line) => !/^(BARRIER|MAINPID)=/.test(line)))
    .filter((lines) => lines.length > 0);
}

describe('a service manager', { skip, timeout: 60_000 }, () => {
  it('is told in order how the broker of a process is doing', async () => {
    const socket = folder.file('notify');
    await using manager = await Datagrams.at(socket);
    const port = await freePort();
    const env = { NOTIFY_SOCKET: socket, STATE_DIRECTORY: folder.file('state') };
    await using broker = new Serving(['-p', String(port)], { env });
    await manager.until(/READY=1/);
    const client = connect(port, '127.0.0.1');
    // Rejects when the port is not open yet.
    await once(client, 'connect');
    client.destroy();
    assert.match(manager.all[0].text, new RegExp(`^MAINPID=${broker.pid}$`, 'm'));
    broker.signal('SIGHUP');
    await manager.until(/RELOADING=1(?:.|\n)*READY=1/);
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
    const kinds = told(manager).map((lines) => lines[0].replace(/(?<=USEC=).*/, '…'));
    assert.deepEqual(kinds, ['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
  });

  it('at an abstract socket is told as well', async () => {
    const socket = `@pantala-${process.pid}`;
    await using datagrams = await Datagrams.at(socket);
    await using manager = ServiceManager.of({
      env: { ...process.env, NOTIFY_SOCKET: socket },
      warn: fail,
    });
    manager!.ready('here');
    await datagrams.until(/READY=1/);
    assert.deepEqual(told(datagrams), [['READY=1', 'STATUS=here']]);
  });

  it('learns when a reload began by the clock that it compares with', async () => {
    const socket = folder.file('reload');
    await using datagrams = await Datagrams.at(socket);
    await using manager = ServiceManager.of({
      env: { ...process.env, NOTIFY_SOCKET: socket },
      warn: fail,
    });
    manager!.reloading();
    await datagrams.until(/RELOADING=1/);
    const microseconds = /^MONOTONIC_USEC=([0-9]+)$/m.exec(datagrams.all[0].text)?.[1];
    // Linux has the same clock in /proc/uptime but for the time it was suspended.
    const now = Number(process.hrtime.bigint() / 1000n);
    assert.ok(Number(microseconds) <= now && Number(microseconds) > now - 60e6);
  });

  it('with a watchdog gets signs of life, as long as the event loop turns', async () => {
    const socket = folder.file('watchdog');
    await using datagrams = await Datagrams.at(socket);
    const env = {
      ...process.env,
      NOTIFY_SOCKET: socket,
      WATCHDOG_USEC: '100000',
      WATCHDOG_PID: String(process.ppid),
    };
    await using manager = ServiceManager.of({ env, warn: fail });
    manager!.ready();
    await datagrams.until(/(?:WATCHDOG=1(?:.|\n)*){3}/);
    const before = datagrams.all.length;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await new Promise(setImmediate);
    const during = datagrams.all.slice(before).filter(({ text }) => text.includes('WATCHDOG'));
    assert.ok(during.length <= 2, `${during.length} signs of life from a loop that stood still`);
  });

  it('whose watchdog is for another process gets none', async () => {
    const socket = folder.file('other');
    await using datagrams = await Datagrams.at(socket);
    const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' };
    const manager = ServiceManager.of({ env, warn: fail, parentPid: 2 });
    manager!.ready();
    manager!.stopping();
    await manager![Symbol.asyncDispose]();
    await datagrams.until(/STOPPING=1/);
    assert.doesNotMatch(JSON.stringify(datagrams.all), /WATCHDOG/);
  });
});

it('no service manager is told anything where none asks', () => {
  assert.equal(ServiceManager.of({ env: {}, warn: fail }), undefined);
  assert.equal(ServiceManager.of({ env: { NOTIFY_SOCKET: '' }, warn: fail }), undefined);
});

it('a service manager that cannot be told is warned of once', async () => {
  const warnings: string[] = [];
  const manager = ServiceManager.of({
    env: { NOTIFY_SOCKET: folder.file('nobody') },
    warn: (text) => warnings.push(text),
    program: folder.file('no-such-program'),
  });
  manager!.ready();
  manager!.stopping();
  await manager![Symbol.asyncDispose]();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /^Warning: The service manager cannot be told .*ENOENT.*'Type=exec'/);
});
