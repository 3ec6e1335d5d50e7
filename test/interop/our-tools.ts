/** `pantala pub`, `sub` and `rr` in this process, as far as what goes in and out of it. */

import { PassThrough, Writable } from 'node:stream';
import type { Io } from '../../src/cli/command.ts';
import { pub } from '../../src/cli/pub.ts';
import { rr } from '../../src/cli/rr.ts';
import { sub } from '../../src/cli/sub.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Outcome } from './mosquitto-tools.ts';
import type { RunningBroker } from './running-broker.ts';

const versionNames: Readonly<Record<ProtocolVersion, string>> = { 3: '31', 4: '311', 5: '5' };

const commands = { pub, sub, rr } as const;

export type OurToolName = keyof typeof commands;

/** The tools at one broker, in one version of MQTT. */
export class OurTools {
  readonly #broker: RunningBroker;
  readonly #version: ProtocolVersion;

  constructor(broker: RunningBroker, version: ProtocolVersion) {
    this.#broker = broker;
    this.#version = version;
  }

  /** Runs pub to its end. */
  publish(args: readonly string[], input: string | Uint8Array = ''): Promise<Outcome> {
    return this.start('pub', args, input).outcome;
  }

  /** Starts sub, and waits until the broker has subscribed it to the last `-t`. */
  async subscribe(clientId: string, args: readonly string[]): Promise<OurTool> {
    const tool = this.start('sub', ['-i', clientId, ...args]);
    const filter = args[args.lastIndexOf('-t') + 1];
    const possible = [0, 1, 2].map((qos) => `${clientId} ${qos} ${filter}`);
    await Promise.race(possible.map((line) => this.#broker.logged(line)));
    return tool;
  }

  start(name: OurToolName, args: readonly string[], input: string | Uint8Array = ''): OurTool {
    const { host, port } = this.#broker;
    const version = versionNames[this.#version];
    return new OurTool(name, ['-h', host, '-p', String(port), '-V', version, ...args], input);
  }
}

export class OurTool {
  /** Resolves when it has ended. */
  readonly outcome: Promise<Outcome>;
  readonly #controller = new AbortController();

  constructor(
    name: OurToolName,
    args: readonly string[],
    input: string | Uint8Array,
    env: Io['env'] = {},
  ) {
    const stdin = new PassThrough();
    stdin.end(input);
    const { signal } = this.#controller;
    this.outcome = this.#run(name, args, { stdin, signal, env });
  }

  /** As SIGINT does. */
  interrupt(): void {
    this.#controller.abort();
  }

  async #run(
    name: OurToolName,
    args: readonly string[],
    io: Pick<Io, 'stdin' | 'signal' | 'env'>,
  ): Promise<Outcome> {
    const stdout = new Sink();
    const stderr = new Sink();
    const exitCode = await commands[name].run(args, { ...io, stdout, stderr });
    const bytes = stdout.bytes;
    const lines = bytes.toString().split('\n').slice(0, -1);
    return { exitCode, stdout: bytes, lines, stderr: stderr.bytes.toString() };
  }
}

class Sink extends Writable {
  readonly #chunks: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}
