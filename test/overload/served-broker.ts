/** The broker in a process of its own, as `pantala serve` runs it. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { listenSockets } from '../../src/transport/listen-sockets.ts';

export interface ServedBrokerOptions {
  /** `ulimit -n`: files and sockets that it may have open. */
  readonly openFilesMax?: number;
}

export class ServedBroker implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #directory: string;
  #log = '';

  private constructor(port: number, directory: string, process: ChildProcess) {
    this.port = port;
    this.#directory = directory;
    this.#process = process;
    process.stderr!.on('data', (text) => {
      this.#log += text;
    });
  }

  /** Starts one for everybody on a port of this machine. */
  static async start({ openFilesMax }: ServedBrokerOptions = {}): Promise<ServedBroker> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'pantala-served-'));
    const command = [process.execPath, 'src/cli/main.ts', 'serve', '-p', String(port)];
    const [program, ...args] =
      openFilesMax === undefined
        ? command
        : ['sh', '-c', `ulimit -n ${openFilesMax}; exec "$@"`, 'sh', ...command];
    const child = spawn(program, args, {
      env: { ...process.env, STATE_DIRECTORY: directory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const broker = new ServedBroker(port, directory, child);
    await broker.logged('running');
    return broker;
  }

  get log(): string {
    return this.#log;
  }

  /** Resolves when the log has this text. */
  async logged(text: string): Promise<void> {
    while (!this.#log.includes(text)) await once(this.#process.stderr!, 'data');
  }

  /** Memory that it holds. */
  get residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
  }

  /** Seconds of processor time that it has used. */
  get processorSeconds(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  }

  /** A new client gets its CONNACK. */
  async expectAnswer(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write(bytesOf('10 ["MQTT" 04 02 0000 "after"]'));
    assert.deepEqual(await once(socket, 'data'), [Buffer.of(0x20, 2, 0, 0)]);
    socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const listener = await listenSockets(() => undefined, { port: 0, host: '127.0.0.1' });
  await listener.close();
  return listener.port;
}
