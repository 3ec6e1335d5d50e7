/** A broker that runs for one measurement, as a process of its own on a core of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError } from './bench-error.ts';
import type { BrokerKind } from './broker-kinds.ts';
import type { Certificate } from './certificate.ts';
import type { Transport } from './loads.ts';
import { pinnedTo } from './machine.ts';

const startSeconds = 10;
const stopSeconds = 3;

export interface BrokerOptions {
  readonly core: number | undefined;
  readonly transport: Transport;
  readonly certificate: Certificate | undefined;
}

export class BrokerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #stderr = '';

  /** @throws BenchError when it does not listen in time */
  static async start(kind: BrokerKind, options: BrokerOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(kind, await freePort(), options);
    try {
      await broker.#listening(kind.name);
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    return broker;
  }

  private constructor(kind: BrokerKind, port: number, options: BrokerOptions) {
    this.port = port;
    this.#folder = mkdtempSync(join(tmpdir(), 'pantala-bench-'));
    const { core, transport, certificate } = options;
    // As many connections as the machine allows: Node asks for that itself, Mosquitto does not.
    const [command, ...args] = [
      ...['sh', '-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh'],
      ...pinnedTo(core),
      ...kind.command({ port, transport, certificate, folder: this.#folder }),
    ];
    this.#child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
  }

  /** Its process and those that it has started. */
  get processes(): readonly number[] {
    return descendants(this.#child.pid as number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return this.#removeFolder();
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopSeconds * 1000);
    await exit;
    clearTimeout(timer);
    this.#removeFolder();
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #listening(name: string): Promise<void> {
    const deadline = Date.now() + startSeconds * 1000;
    while (!(await accepts(this.port))) {
      if (this.#hasEnded) throw new BenchError(`${name} ended at once: ${this.#stderr.trim()}`);
      if (Date.now() > deadline)
        throw new BenchError(`${name} did not listen in ${startSeconds} s`);
      await delay(20);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function descendants(pid: number): number[] {
  const children = globSync(`/proc/${pid}/task/*/children`).flatMap((file) => {
    return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number);
  });
  return [pid, ...children.flatMap(descendants)];
}
