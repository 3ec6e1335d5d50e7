/** Compiles the load generator in bench/load and runs it. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BenchError } from './bench-error.ts';
import type { Load } from './loads.ts';
import { type Cores, pinnedTo } from './machine.ts';

/** What the generator prints; a run has those that fit its load. */
export type FigureName =
  | 'messagesPerSecond'
  | 'connectionsPerSecond'
  /** Subscribing and unsubscribing alike. */
  | 'requestsPerSecond'
  /** Of payload, in millions, also for each second of the broker's processor time. */
  | 'megabytesPerSecond'
  | 'megabytesPerCpuSecond'
  /** Until the last of the connections was accepted, or all messages of a storm had come. */
  | 'seconds'
  /** Of the broker's processor time, for each message delivered or connection accepted. */
  | 'cpuMicroseconds'
  /** Latencies, in microseconds. */
  | 'p50'
  | 'p99'
  | 'p999'
  /** As p99, but before the storm. */
  | 'p99Before'
  /** Resident memory of the broker for each idle connection. */
  | 'kilobytes'
  /** Shares of one core. */
  | 'brokerBusy'
  | 'generatorBusy'
  /** Copies of messages that were due and had not come three seconds after the end. */
  | 'missing';

export type Figures = Readonly<Partial<Record<FigureName, number>>>;

export interface Run {
  readonly load: Load;
  readonly port: number;
  /** The broker and its children, whose processor time and memory count. */
  readonly processes: readonly number[];
  readonly seconds: number;
  readonly signal: AbortSignal;
}

const compiler = 'cc';

export class LoadGenerator implements Disposable {
  /** Whether it was compiled with TLS. */
  readonly hasTls = hasOpenSsl();
  readonly #folder = mkdtempSync(join(tmpdir(), 'pantala-bench-'));
  readonly #program = join(this.#folder, 'load');
  readonly #cores: Cores;

  /** @throws BenchError when there is no compiler, or it refuses the source */
  constructor(cores: Cores) {
    this.#cores = cores;
    const source = join(import.meta.dirname, 'load', 'load.c');
    const tls = this.hasTls ? ['-DWITH_TLS', '-lssl', '-lcrypto'] : [];
    const { error, status } = spawnSync(compiler, ['-O2', '-o', this.#program, source, ...tls], {
      stdio: ['ignore', 2, 2],
    });
    if (error === undefined && status === 0) return;
    this[Symbol.dispose]();
    throw new BenchError(
      error === undefined
        ? `${compiler} refused ${source}, for the reason above`
        : `the load generator is written in C and ${compiler} does not run (${error.message}): ` +
            'install a C compiler (apt-get install gcc libc6-dev)',
    );
  }

  /** @throws BenchError when the broker refuses, closes or never answers */
  async measure({ load, port, processes, seconds, signal }: Run): Promise<Figures> {
    const options = {
      port,
      broker: processes.join(','),
      duration_ms: Math.round(seconds * 1000),
      warm_up_ms: 500,
      ...load.options,
    };
    const [command, ...args] = [
      ...pinnedTo(this.#cores.generator),
      this.#program,
      ...Object.entries(options).map(([name, value]) => `${name}=${value}`),
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    const { promise: closed, resolve, reject } = Promise.withResolvers<number | null>();
    child.on('error', reject);
    child.on('close', resolve);
    const [status, stdout, stderr] = await Promise.all([
      closed,
      text(child.stdout),
      text(child.stderr),
    ]);
    if (status !== 0) throw new BenchError(stderr.trim() || `load ended with ${status}`);
    return JSON.parse(stdout);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function hasOpenSsl(): boolean {
  const input = '#include <openssl/ssl.h>\n';
  return spawnSync(compiler, ['-E', '-'], { input }).status === 0;
}
