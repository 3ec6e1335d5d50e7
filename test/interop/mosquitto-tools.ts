/** mosquitto_pub, mosquitto_sub and mosquitto_rr, each run as a process. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { RunningBroker } from './running-broker.ts';
import { TextLines } from './text-lines.ts';

type Tool = 'mosquitto_pub' | 'mosquitto_sub' | 'mosquitto_rr';

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: Uint8Array;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Why tests that need a tool cannot run, if they cannot. */
export function missingTools(): string | undefined {
  const tools: readonly Tool[] = ['mosquitto_pub', 'mosquitto_sub', 'mosquitto_rr'];
  const missing = tools.find((tool) => spawnSync(tool, ['--help']).error !== undefined);
  if (missing === undefined) return undefined;
  return `${missing} is not installed: apt-get install mosquitto-clients`;
}

const versionNames: Readonly<Record<ProtocolVersion, string>> = {
  3: 'mqttv31',
  4: 'mqttv311',
  5: 'mqttv5',
};

// Milliseconds, so that a tool that waits in vain ends before the test does.
const timeout = 20_000;

/** The tools at one broker, in one version of MQTT. */
export class MosquittoTools {
  readonly #broker: RunningBroker;
  readonly #version: ProtocolVersion;

  constructor(broker: RunningBroker, version: ProtocolVersion) {
    this.#broker = broker;
    this.#version = version;
  }

  /** Runs mosquitto_pub to its end. */
  publish(args: readonly string[], input: string | Uint8Array = ''): Promise<Outcome> {
    return this.start('mosquitto_pub', args, input).outcome;
  }

  /** Starts mosquitto_sub, and waits until the broker has subscribed it to the last `-t`. */
  async subscribe(clientId: string, args: readonly string[]): Promise<RunningTool> {
    const tool = this.start('mosquitto_sub', ['-i', clientId, ...args]);
    const filter = args[args.lastIndexOf('-t') + 1];
    await this.subscribed(clientId, filter);
    return tool;
  }

  async subscribed(clientId: string, filter: string): Promise<void> {
    const possible = [0, 1, 2].map((qos) => `${clientId} ${qos} ${filter}`);
    await Promise.race(possible.map((line) => this.#broker.logged(line)));
  }

  start(tool: Tool, args: readonly string[], input: string | Uint8Array = ''): RunningTool {
    const { host, port } = this.#broker;
    const version = versionNames[this.#version];
    const common = ['-h', host, '-p', String(port), '-V', version];
    return new RunningTool(spawn(tool, [...common, ...args], { timeout }), input);
  }
}

export class RunningTool implements AsyncDisposable {
  /** Resolves when the process has ended. */
  readonly outcome: Promise<Outcome>;
  readonly #process: ChildProcess;
  readonly #stdout = new TextLines();

  /** @param input undefined: it goes on for ever, and has its first line */
  constructor(process: ChildProcess, input: string | Uint8Array | undefined) {
    this.#process = process;
    // A tool that does not like its flags may be gone before it is given anything.
    const stdin = process.stdin!.on('error', () => undefined);
    if (input === undefined) stdin.write('first\n');
    else stdin.end(input);
    process.stdout!.on('data', (bytes) => this.#stdout.write(bytes));
    this.outcome = this.#finish();
  }

  /** Resolves when it has printed this line. */
  printed(line: string): Promise<void> {
    return this.#stdout.seen(line);
  }

  /** Sends it a signal; without a name one that lets it say no goodbye. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Outcome> {
    this.#process.kill(signal);
    return this.outcome;
  }

  /** Whether the signal would run a handler of its own, as Linux tells it. */
  catches(signal: NodeJS.Signals): boolean {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'latin1');
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
    return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  }

  /** From now on nobody reads what it prints. */
  closeStdout(): void {
    this.#process.stdout!.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #finish(): Promise<Outcome> {
    const chunks: Buffer[] = [];
    let stderr = '';
    this.#process.stdout!.on('data', (bytes) => chunks.push(bytes));
    this.#process.stderr!.on('data', (bytes) => {
      stderr += bytes;
    });
    const [code, signal] = await once(this.#process, 'close');
    // As a shell tells of who has died of a signal.
    const exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
    return { exitCode, stdout: Buffer.concat(chunks), lines: this.#stdout.all, stderr };
  }
}
