/** A server in this process that goes by lines of a mosquitto.conf, and clients that come to it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { WrittenText } from '../../src/cli/test-io.ts';
import type { Connack } from '../../src/packet/connack.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Config } from '../../src/server/config.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { StartError } from '../../src/server/start-error.ts';
import { type ConnectFields, WireClient } from './wire-client.ts';

/** A listener of this machine, and everybody may come in; `PORT` is a free one. */
export const open = ['listener PORT 127.0.0.1', 'allow_anonymous true'] as const;

export interface ServedOptions {
  readonly env?: Readonly<Record<string, string>>;
}

export class Served implements AsyncDisposable {
  readonly server: RunningServer;
  readonly ports: readonly number[];
  readonly stdout: WrittenText;
  readonly stderr: WrittenText;
  readonly #log: Log;
  readonly #clients: Disposable[] = [];

  constructor({ server, ports, log, stdout, stderr }: ServedParts) {
    this.server = server;
    this.ports = ports;
    this.stdout = stdout;
    this.stderr = stderr;
    this.#log = log;
  }

  get port(): number {
    return this.ports[0];
  }

  /** What the log has said until now. */
  get logText(): string {
    this.#log.reopen(); // writes what waits
    return this.stderr.text;
  }

  /** Resolves once the log has said so. */
  async logged(pattern: RegExp): Promise<void> {
    await this.stderr.until(pattern);
  }

  /** Has a client end its connection without a word; resolves once the server has noticed. */
  async drop(client: WireClient, clientId: string): Promise<void> {
    const line = `Client ${clientId} \\[[^\\n]* disconnected[^\\n]*\\n[^]*?`;
    const before = this.logText.match(new RegExp(line, 'g'))?.length ?? 0;
    await client.drop();
    await this.logged(new RegExp(`(?:${line}){${before + 1}}`));
  }

  /** A connection to a port, by default the first, on which nothing has been sent. */
  arrive(version: ProtocolVersion = 5, port = this.port): WireClient {
    return this.keep(new WireClient(connect(port, '127.0.0.1'), version));
  }

  /** A client that has been let in. */
  async client(clientId = 'c', fields: ConnectFields = {}): Promise<WireClient> {
    const client = this.arrive(fields.version);
    const connack = await client.connect({ clientId, ...fields });
    assert.equal(connack?.reasonCode, 0, `CONNACK for ${clientId}`);
    return client;
  }

  /** What a client is answered. */
  async connack(fields: ConnectFields = {}, port = this.port): Promise<Connack | undefined> {
    return this.arrive(fields.version, port).connect(fields);
  }

  /** Takes these lines up in place of those before, as SIGHUP does. */
  async reload(...lines: readonly string[]): Promise<void> {
    const config = configOf(lines, this.ports);
    const prepared = this.server.prepare(config);
    this.#log.change(config.log);
    tell(this.#log, config);
    await prepared.take();
  }

  /** It goes when the server does. */
  keep<Kept extends Disposable>(kept: Kept): Kept {
    this.#clients.push(kept);
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.server.stop();
    await this.#log.close();
  }
}

interface ServedParts {
  readonly server: RunningServer;
  readonly ports: readonly number[];
  readonly log: Log;
  readonly stdout: WrittenText;
  readonly stderr: WrittenText;
}

/** Starts a server; `PORT`, `PORT2` and `PORT3` in its lines are free ports. */
export async function serve(...lines: readonly string[]): Promise<Served> {
  return serveWith({}, ...lines);
}

export async function serveWith(
  { env = {} }: ServedOptions,
  ...lines: readonly string[]
): Promise<Served> {
  for (;;) {
    const ports = await freePorts();
    const config = configOf(lines, ports, env);
    const [stdout, stderr] = [new WrittenText(), new WrittenText()];
    const log = new Log(config.log, { stdout, stderr });
    tell(log, config);
    try {
      return new Served({ server: await startServer(config, log), ports, log, stdout, stderr });
    } catch (error) {
      await log.close();
      // Somebody else was faster; the test of a port that is in use has its own.
      if (!(error instanceof StartError) || !error.message.includes('already in use')) throw error;
    }
  }
}

/** As a process does before it starts the server. */
function tell(log: Log, { notes }: Config): void {
  for (const { type, text } of notes) log.write(type, text);
}

function configOf(
  lines: readonly string[],
  [first, second, third]: readonly number[],
  env: Readonly<Record<string, string>> = {},
): Config {
  const text = lines
    .join('\n')
    .replaceAll('PORT2', String(second))
    .replaceAll('PORT3', String(third))
    .replaceAll(/\bPORT\b/g, String(first));
  return parseConfig(text, 'pantala.conf', { env });
}

async function freePorts(): Promise<readonly number[]> {
  await using all = new AsyncDisposableStack();
  const ports: number[] = [];
  while (ports.length < 3) {
    const server = all.use(createServer());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  return ports;
}
