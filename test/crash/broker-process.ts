/** A broker as a process that can be stopped at any moment and started again on the same files. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { within } from './watch.ts';

/** `memory` is ours without its store: it must be found to lose everything. */
export type BrokerKind = 'pantala' | 'memory' | 'mosquitto';

export type Durability = 'sync' | 'os' | 'none';

export interface BrokerSettings {
  readonly kind: BrokerKind;
  readonly port: number;
  /** Where its configuration is written, beside the folder of its state. */
  readonly folder: string;
  /** Where its state is. */
  readonly stateFolder: string;
  readonly durability: Durability;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const stderrCharactersMax = 20_000;
const startSecondsMax = 20;
const stopSecondsMax = 20;

// No process outlives the test, however that ends.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class BrokerProcess implements AsyncDisposable {
  /** Resolves when it has ended. */
  readonly exited: Promise<Exit>;
  /** Resolves when it has ended without being asked to. */
  readonly collapsed: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #running = Promise.withResolvers<number>();
  #stderr = '';
  #exit: Exit | undefined;
  #isEnding = false;

  constructor(settings: BrokerSettings) {
    const file = join(settings.folder, `broker-${settings.port}.conf`);
    writeFileSync(file, configText(settings));
    const [command, ...args] = commandOf(settings.kind, file);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    this.#child = child;
    child.stderr!.on('data', (chunk) => this.#read(String(chunk)));
    const collapse = Promise.withResolvers<Exit>();
    this.collapsed = collapse.promise;
    this.exited = this.#end();
    void this.exited.then((exit) => {
      if (!this.#isEnding) collapse.resolve(exit);
    });
  }

  /** The last of what it has written. */
  get stderr(): string {
    return this.#stderr;
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  /**
   * Resolves to the milliseconds from its start until it listened.
   *
   * @throws Error when it ends instead
   * @throws StuckError
   */
  async listening(): Promise<number> {
    const ended = this.exited.then(({ code, signal }): never => {
      throw new Error(
        `the broker ended (${signal ?? code}) instead of listening:\n${this.#stderr}`,
      );
    });
    return await within(Promise.race([this.#running.promise, ended]), startSecondsMax, () => {
      return `the broker listens; it has written\n${this.#stderr}`;
    });
  }

  /** Stops it without its doing (SIGKILL), asks it to stop (SIGTERM), or has it pause. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends a signal that ends it, and waits for the end. */
  async end(name: 'SIGKILL' | 'SIGTERM'): Promise<Exit> {
    this.#isEnding = true;
    this.signal(name);
    return await within(this.exited, stopSecondsMax, () => {
      return `the broker ends on ${name}; it has written\n${this.#stderr}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.signal('SIGKILL');
    await this.exited;
  }

  async #end(): Promise<Exit> {
    const [code, signal] = await once(this.#child, 'close');
    running.delete(this.#child);
    this.#exit = { code, signal };
    return this.#exit;
  }

  #read(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-stderrCharactersMax);
    if (/version \S+ running/.test(this.#stderr)) {
      this.#running.resolve(performance.now() - this.#startedAt);
    }
  }
}

const mosquittoProgram = '/usr/sbin/mosquitto';

/** Why Mosquitto cannot take the place of the broker, if it cannot. */
export function missingMosquitto(): string | undefined {
  if (spawnSync(mosquittoProgram, ['-h']).error === undefined) return undefined;
  return 'mosquitto is not installed: apt-get install mosquitto';
}

function commandOf(kind: BrokerKind, file: string): string[] {
  if (kind === 'mosquitto') return [mosquittoProgram, '-c', file];
  return [process.execPath, 'src/cli/main.ts', 'serve', '-c', file];
}

function configText({ kind, port, stateFolder, durability }: BrokerSettings): string {
  const persistence = ['persistence true', `persistence_location ${stateFolder}/`];
  const byKind: Readonly<Record<BrokerKind, readonly string[]>> = {
    pantala: [...persistence, `durability ${durability}`],
    memory: ['persistence false'],
    mosquitto: [...persistence, `user ${userInfo().username}`],
  };
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'max_queued_messages 0',
    'log_dest stderr',
    ...byKind[kind],
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * A port that is free now, and that no client is given by chance while the broker is down: a
 * client on the port that it connects to would meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
