/** `pantala serve` as a process of its own, which a test signals, watches and ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { WrittenText } from '../../src/cli/test-io.ts';

/** The command line without the program that looks for a better Node. */
export const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const running = /version \S+ running\n/;

/** A folder for one test file; everybody may look into it, as a broker may change its user. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pantala-process-'));

  constructor() {
    chmodSync(this.path, 0o755);
  }

  /** Writes a configuration file. */
  config(...lines: readonly string[]): string {
    const path = this.file('pantala.conf');
    writeFileSync(path, lines.join('\n'));
    return path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export interface ServingOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Another program than Node with the command line. */
  readonly command?: readonly string[];
}

export class Serving implements AsyncDisposable {
  readonly stdout = new WrittenText();
  readonly stderr = new WrittenText();
  /** The exit code, or the signal that has ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], { env, cwd, command }: ServingOptions = {}) {
    const [program, ...before] = command ?? [process.execPath, main];
    this.#child = spawn(program, [...before, 'serve', ...args], {
      cwd,
      env: { ...process.env, NOTIFY_SOCKET: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.pipe(this.stdout);
    this.#child.stderr!.pipe(this.stderr);
    this.ended = once(this.#child, 'close').then(([code, signal]) => signal ?? code);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

export async function freePort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A client of MQTT 3.1.1 that has got its CONNACK. */
export async function connected(port: number, clientId: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const id = Buffer.from(clientId);
  const head = [0x10, 12 + id.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, id.length];
  socket.write(Uint8Array.from([...head, ...id]));
  await once(socket, 'data');
  return socket;
}

/** Resolves once `isSo` is true; looks again and again, as nothing tells of it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
