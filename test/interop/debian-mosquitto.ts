/** Debian's own Mosquitto as a process, on a port that is free, for our clients to connect to. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from './running-broker.ts';
import { TextLines } from './text-lines.ts';

// Debian puts it where only root looks.
const programs = ['mosquitto', '/usr/sbin/mosquitto'] as const;

/** Why tests that need it cannot run, if they cannot. */
export function missingMosquitto(): string | undefined {
  if (installed() !== undefined) return undefined;
  return 'mosquitto is not installed: apt-get install mosquitto';
}

/** Starts a broker with these lines of mosquitto.conf behind those for its listener and log. */
export async function startMosquitto(
  configLines: readonly string[],
  givenPort?: number,
): Promise<RunningBroker> {
  const host = '127.0.0.1';
  const port = givenPort ?? (await freePort(host));
  const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, [`listener ${port} ${host}`, ...logged, ...configLines, ''].join('\n'));
  const child = spawn(installed()!, ['-c', file]);
  const closed = once(child, 'close');
  const lines = new TextLines();
  child.stderr.pipe(lines);
  const stop = async () => {
    child.kill();
    await closed;
    rmSync(folder, { recursive: true });
  };
  const others = configLines.findIndex((line) => line.startsWith('listener '));
  const own = others < 0 ? configLines : configLines.slice(0, others);
  const kind = own.includes('protocol websockets') ? 'websockets' : 'ipv4';
  await Promise.race([lines.seen(`Opening ${kind} listen socket on port ${port}.`), closed]);
  await listening(host, port);
  return {
    host,
    port,
    logged: (line) => lines.seen(line),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** It says so just before. */
async function listening(host: string, port: number): Promise<void> {
  for (let tries = 100; tries > 0; tries--) {
    const socket = connect(port, host);
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await sleep(5);
  }
}

const logged = [
  'log_dest stderr',
  'log_timestamp false',
  ...['error', 'warning', 'information', 'subscribe'].map((type) => `log_type ${type}`),
];

function installed(): string | undefined {
  return programs.find((program) => spawnSync(program, ['-h']).error === undefined);
}

export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
