/** Tests what the options of the log and of the process do. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import process from 'node:process';
import { after } from 'node:test';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import { connected, freePort, main, running, Serving, until } from '../process/serving.ts';
import { itDiffers, itReloads, itShows } from './option-test.ts';
import { open, type Served } from './served.ts';
import { TestFolder } from './test-folder.ts';
import { WireClient } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());
chmodSync(folder.path, 0o755);
const isWindows = process.platform === 'win32';

/** Where the log tells of the next client. */
async function placesOf(served: Served, file: string): Promise<string[]> {
  const reader = await served.client('reader');
  await reader.subscribe('$SYS/broker/log/#');
  const clientId = crypto.randomUUID();
  await served.client(clientId);
  const isIn = (text: string) => text.includes(` as ${clientId} (`);
  const isInStderr = isIn(served.logText); // writes what waits
  const isInStdout = isIn(served.stdout.text);
  const isInTopic = (await reader.payloads()).some(isIn);
  const isInFile = () => existsSync(file) && isIn(readFileSync(file, 'utf8'));
  const places = { stderr: isInStderr, stdout: isInStdout, topic: isInTopic };
  const found = Object.entries(places).flatMap(([place, isThere]) => (isThere ? [place] : []));
  // It takes its time.
  if (found.length === 0 && existsSync(file)) await until(isInFile);
  return isInFile() ? [...found, 'file'] : found;
}

for (const [value, places] of [
  ['stdout', ['stdout']],
  ['topic', ['topic']],
  ['none', []],
  [`file ${folder.file('log')}`, ['file']],
] as const) {
  itDiffers('log_dest', `${value.split(' ')[0]}: the log is there, and nowhere else`, {
    line: `log_dest ${value}`,
    without: ['stderr'],
    with: [...places],
    see: (served) => placesOf(served, folder.file('log')),
  });
}
itDiffers('log_dest', 'may be given several times', {
  line: ['log_dest stdout', 'log_dest topic', 'log_dest stderr'],
  without: ['stderr'],
  with: ['stderr', 'stdout', 'topic'],
  see: (served) => placesOf(served, folder.file('log')),
});

itDiffers('log_type', 'lines of other types are left out', {
  line: ['log_type error', 'log_type subscribe'],
  without: ['New client connected'],
  with: [' c 0 a/#'],
  async see(served) {
    const { length } = served.logText;
    const client = await served.client();
    await client.subscribe('a/#');
    return served.logText.slice(length).match(/New client connected|(?<=:) c 0 a\/#/g) ?? [];
  },
});

/** A process of its own, which listens on a port of this machine. */
async function serving(lines: readonly string[], { env = {}, hasLog = true, command }: Start = {}) {
  const port = await freePort();
  const who = lines.some((line) => line.startsWith('user ')) ? [] : ['user root'];
  const file = folder.write(
    'pantala.conf',
    `listener ${port} 127.0.0.1`,
    ...open.slice(1),
    ...who,
    ...lines,
  );
  chmodSync(file, 0o644);
  const broker = new Serving(['-c', file], { env, ...(command && { command }) });
  if (hasLog) await broker.stderr.until(running);
  return { broker, port, file };
}

interface Start {
  readonly env?: Readonly<Record<string, string>>;
  readonly hasLog?: boolean;
  readonly command?: readonly string[];
}

function replaceIn(file: string, before: string, after: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(before, after));
}

itReloads(
  'allow_anonymous',
  async () => {
    const { broker, port, file } = await serving([]);
    await using _running = broker;
    const answer = async () => {
      const client = new WireClient(connect(port, '127.0.0.1'));
      return { client, connack: await client.connect() };
    };
    const { client, connack } = await answer();
    assert.equal(connack?.reasonCode, reasonCodes.success);
    replaceIn(file, 'allow_anonymous true', 'allow_anonymous false');
    broker.signal('SIGHUP');
    assert.equal(await client.ended(), reasonCodes.notAuthorized, 'who is there has to go');
    assert.equal((await answer()).connack?.reasonCode, reasonCodes.notAuthorized);
  },
  { skip: isWindows ? 'Windows has no such signal' : undefined },
);

itShows('pid_file', 'has the id of the process in it, as long as that runs', async () => {
  const path = folder.file('pid');
  const { broker } = await serving([`pid_file ${path}`]);
  await using running = broker;
  assert.equal(readFileSync(path, 'utf8'), String(running.pid));
  broker.signal('SIGTERM');
  assert.equal(await broker.ended, 0);
  assert.equal(existsSync(path), isWindows);
});

const notRoot =
  process.geteuid?.() === 0 ? undefined : 'only root can become another user: run it as root';
itShows(
  'user',
  'is who the process is, once it has started',
  async () => {
    const { broker, port } = await serving(['user nobody']);
    await using running = broker;
    const [, uid] = /^Uid:\s+([0-9]+)/m.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))!;
    const [, nobody] = /^nobody:[^:]*:([0-9]+):/m.exec(readFileSync('/etc/passwd', 'utf8'))!;
    assert.equal(uid, nobody);
    (await connected(port, 'c')).destroy();
  },
  { skip: notRoot },
);

// What takes the place of the logger of this machine.
const logged = folder.file('syslog');
folder.folder('bin');
const logger = folder.write(
  'bin/logger',
  '#!/bin/sh',
  '[ "$1" = --help ] && { echo "  --prio-prefix"; exit; }',
  `exec cat >>'${logged}'`,
);
chmodSync(logger, 0o755);
const env = { PATH: `${folder.file('bin')}${delimiter}${process.env.PATH}` };
const syslogged = () => (existsSync(logged) ? readFileSync(logged, 'utf8') : '');
const noLogger = isWindows ? 'Windows has no syslog' : undefined;

itShows(
  'log_dest',
  'syslog: the log goes to the logger of the system, as lines of a daemon',
  async () => {
    const { broker } = await serving(['log_dest syslog', 'log_timestamp false'], {
      env,
      hasLog: false,
    });
    await using _running = broker;
    // Facility 3, daemon: 3 · 8 + 6, information.
    await until(() => /^<30>pantala version \S+ running\n/m.test(syslogged()));
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
    assert.match(syslogged(), /^<30>pantala version \S+ terminating\n$/m);
    assert.equal(broker.stderr.text, '');
  },
  { skip: noLogger },
);

const local = ['log_dest syslog', 'log_dest stderr', 'log_timestamp false'];
itShows(
  'log_facility',
  'the lines for syslog are of this local facility',
  async () => {
    const { broker } = await serving([...local, 'log_facility 5'], { env });
    await using _running = broker;
    // (16 + 5) · 8 + 6
    await until(() => /^<174>pantala version \S+ running\n/m.test(syslogged()));
  },
  { skip: noLogger },
);
itReloads(
  'log_facility',
  async () => {
    const { broker, file } = await serving([...local, 'log_facility 4'], { env });
    await using _running = broker;
    await until(() => /^<166>pantala version \S+ running\n/m.test(syslogged()));
    replaceIn(file, 'log_facility 4', 'log_facility 6');
    broker.signal('SIGHUP');
    await broker.stderr.until(/Reloading config\./);
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
    // (16 + 6) · 8 + 6
    assert.match(syslogged(), /^<182>pantala version \S+ terminating\n/m);
    assert.doesNotMatch(broker.stderr.text, /takes a restart/);
  },
  { skip: noLogger },
);

// The disk does not answer: what waits for it waits for ever.
const deadDisk = folder.write(
  'dead-disk.cjs',
  "if (!require('node:worker_threads').isMainThread) {",
  "  require('node:fs').fdatasyncSync = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
  "  require('node:module').syncBuiltinESMExports();",
  '}',
);
chmodSync(deadDisk, 0o644);

for (const [durability, isAcknowledged] of [
  ['sync', false],
  ['os', true],
  ['none', true],
] as const) {
  const what = isAcknowledged ? 'does not wait' : 'waits';
  itShows('durability', `${durability}: an acknowledgement ${what} for the disk`, async () => {
    const { broker, port } = await serving(
      [
        ...['persistence true', `persistence_location ${folder.folder(durability)}`],
        `durability ${durability}`,
      ],
      { command: [process.execPath, '--require', deadDisk, main] },
    );
    await using _running = broker;
    const socket = await connected(port, 'c');
    const types: number[] = [];
    const done = Promise.withResolvers<void>();
    const last = isAcknowledged ? 0x40 : 0xd0; // PUBACK, PINGRESP
    socket.on('data', (bytes: Buffer) => {
      types.push(...packetTypesIn(bytes));
      if (types.includes(last)) done.resolve();
    });
    socket.write(Uint8Array.from([0x33, 6, 0, 1, 0x74, 0, 1, 0x78])); // QoS 1, retained
    socket.write(Uint8Array.from([0xc0, 0]));
    await done.promise;
    if (!isAcknowledged) assert.deepEqual(types, [0xd0]);
    socket.destroy();
  });
}

/** Of packets that are shorter than 128 bytes and come whole. */
function packetTypesIn(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes[at + 1] + 2) types.push(bytes[at]);
  return types;
}
