/** The two brokers, proxies and files that command lines are run at, for Mosquitto's tools and ours. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { startServer } from '../../src/server/server.ts';
import { certificateFile } from '../harness/certificates.ts';
import { type RunningSocksProxy, startSocksProxy } from '../harness/socks-proxy.ts';
import { freePort, startMosquitto } from './debian-mosquitto.ts';
import type { Invocation, ListenerName } from './invocation.ts';
import { type Outcome, RunningTool } from './mosquitto-tools.ts';
import { OurTool, type OurToolName } from './our-tools.ts';
import { TextLines } from './text-lines.ts';

export type BrokerName = 'Mosquitto' | 'Pantala';

const host = '127.0.0.1';

function listenerLines(folder: string): Readonly<Record<ListenerName, readonly string[]>> {
  const tls = [
    `cafile ${certificateFile('ca.crt')}`,
    `certfile ${certificateFile('server.crt')}`,
    `keyfile ${certificateFile('server.key')}`,
  ];
  return {
    plain: ['allow_anonymous true'],
    closed: ['allow_anonymous false'],
    limited: ['allow_anonymous true', `acl_file ${join(folder, 'acl')}`],
    small: ['allow_anonymous true', 'max_qos 0'],
    tls: ['allow_anonymous true', ...tls],
    psk: ['allow_anonymous true', 'psk_hint hint', `psk_file ${join(folder, 'psk')}`],
  };
}

/** What one tool did with a command line, with its own names taken out. */
export interface Seen {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the topic that was to be looked at holds; undefined: none was. */
  readonly kept: string | undefined;
}

export class SideBySide implements AsyncDisposable {
  readonly #folder: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #stop: () => Promise<void>;
  #names = 0;

  private constructor(folder: string, ports: Map<string, number>, stop: () => Promise<void>) {
    this.#folder = folder;
    this.#ports = ports;
    this.#stop = stop;
  }

  static async start(broker: BrokerName): Promise<SideBySide> {
    const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
    writeFileSync(join(folder, 'acl'), 'topic readwrite ok/#\n', { mode: 0o644 });
    writeFileSync(join(folder, 'psk'), 'device:abcdef\n', { mode: 0o644 });
    const ports = new Map<string, number>();
    const lines = ['per_listener_settings true', 'max_queued_messages 0'];
    for (const [name, own] of Object.entries(listenerLines(folder))) {
      ports.set(name, await freePort(host));
      lines.push(`listener ${ports.get(name)} ${host}`, ...own);
    }
    lines.push(`listener 0 ${join(folder, 'socket')}`, 'allow_anonymous true');
    const stopBroker = await (broker === 'Mosquitto' ? startTheirs(lines) : startOurs(lines));
    const open = await startSocksProxy({ names: { localhost: host } });
    const closed = await startSocksProxy({ login: { userName: 'ann', password: 'secret' } });
    ports.set('$PROXY', open.port).set('$LOGIN', closed.port);
    const stage = new SideBySide(folder, ports, async () => {
      for (const proxy of [open, closed] as RunningSocksProxy[]) await proxy[Symbol.asyncDispose]();
      await stopBroker();
      rmSync(folder, { recursive: true });
    });
    await stage.#publish(['-t', alwaysThere, '-m', 'x', '-r', '-q', '1']);
    return stage;
  }

  /** Runs it with Mosquitto's tool and with ours. */
  async compare(invocation: Invocation): Promise<{ theirs: Seen; ours: Seen }> {
    const name = `n${this.#names++}`;
    const [theirs, ours] = await Promise.all([
      this.#see(invocation, `${name}a`, runTheirs),
      this.#see(invocation, `${name}b`, runOurs),
    ]);
    return { theirs, ours };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }

  async #see(invocation: Invocation, name: string, run: Run): Promise<Seen> {
    const { run: commandLine, at = 'plain', input = '', given = [], live, kept } = invocation;
    const folder = mkdtempSync(join(this.#folder, 'files-'));
    for (const [file, text] of Object.entries(invocation.files ?? {})) {
      writeFileSync(join(folder, file), this.#filled(text, name, folder));
    }
    const words = (text: string) =>
      [...text.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) =>
        this.#filled(quoted ?? word, name, folder),
      );
    for (const each of given) await this.#publish(words(each));
    const publisher = live && this.#start('pub', [...words(live), ...oftenFlags]);
    const [tool, ...args] = words(commandLine);
    const way = at === 'nowhere' ? [] : ['-h', host, '-p', String(this.#ports.get(at))];
    const outcome = await run(tool as OurToolName, [...way, ...args], { input, folder });
    if (publisher) await publisher.kill();
    const held = kept && (await this.#look(this.#filled(kept, name, folder)));
    const plain = (text: string) =>
      text
        .replaceAll(folder, '$DIR')
        .replaceAll(this.#folder, '$DIR')
        .replaceAll(`c${name}`, '$ID')
        .replaceAll(`t${name}`, '$T');
    return {
      exitCode: outcome.exitCode,
      stdout: plain(Buffer.from(outcome.stdout).toString('latin1')),
      stderr: plain(usageOf(outcome.stderr)),
      kept: held === undefined ? undefined : plain(held),
    };
  }

  #filled(text: string, name: string, folder: string): string {
    return text
      .replaceAll('$ID', `c${name}`)
      .replaceAll('$T', `t${name}`)
      .replaceAll('$DIR', folder)
      .replaceAll('$SOCKET', join(this.#folder, 'socket'))
      .replace(/\$PROXY|\$LOGIN/g, (each) => String(this.#ports.get(each)))
      .replace(/#([a-z]+)/g, (all, each) => String(this.#ports.get(each) ?? all))
      .replace(/^@([\w-]+\.(?:crt|key))$/, (_, file) => certificateFile(file));
  }

  async #publish(args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.#start('pub', args).outcome;
    if (exitCode !== 0) throw new Error(`mosquitto_pub ${args.join(' ')}: ${stderr}`);
  }

  /** What the topic holds; nothing is told by what is always there, and comes next. */
  async #look(topic: string): Promise<string> {
    const format = '%q|%r|%l|%x|%C|%D|%F|%P|%R';
    const filters = ['-t', topic, '-t', alwaysThere];
    const args = [...filters, '-q', '2', '-C', '1', '-V', '5', '-F', `%t ${format}`];
    const { stdout } = await this.#start('sub', args).outcome;
    const text = Buffer.from(stdout).toString('latin1');
    return text.startsWith(alwaysThere) ? '' : text;
  }

  #start(tool: OurToolName, args: readonly string[]): RunningTool {
    const way = ['-h', host, '-p', String(this.#ports.get('plain'))];
    return new RunningTool(spawn(`mosquitto_${tool}`, [...way, ...args], { timeout }), '');
  }
}

const alwaysThere = 'always/there';
const oftenFlags = ['--repeat', '1000', '--repeat-delay', '0.02'];
// Milliseconds, so that a tool that waits in vain ends before the test does.
const timeout = 8000;

interface RunOptions {
  readonly input: string | Uint8Array;
  /** Where the user's own flags are looked for. */
  readonly folder: string;
}

type Run = (tool: OurToolName, args: readonly string[], options: RunOptions) => Promise<Outcome>;

function runTheirs(
  tool: OurToolName,
  args: readonly string[],
  { input, folder }: RunOptions,
): Promise<Outcome> {
  const env = { ...process.env, XDG_CONFIG_HOME: folder };
  return new RunningTool(spawn(`mosquitto_${tool}`, args, { timeout, env }), input).outcome;
}

async function runOurs(
  name: OurToolName,
  args: readonly string[],
  { input, folder }: RunOptions,
): Promise<Outcome> {
  const tool = new OurTool(name, args, input, { XDG_CONFIG_HOME: folder });
  const timer = setTimeout(() => tool.interrupt(), timeout);
  const outcome = await tool.outcome;
  clearTimeout(timer);
  return outcome;
}

/**
 * What differs everywhere: the name of the program in what points to its help, and the blank lines
 * before that, of which Mosquitto's tools have now one and now two.
 */
function usageOf(stderr: string): string {
  return stderr.replace(/\n+Use '(?:mosquitto_|pantala )(\w+) --help'/, "\n\nUse '$1 --help'");
}

async function startTheirs(lines: readonly string[]): Promise<() => Promise<void>> {
  // Where it runs as root, it would otherwise become somebody who may not read the files.
  const [first, ...others] = lines;
  const broker = await startMosquitto([first, 'user root', ...others]);
  return broker.stop;
}

async function startOurs(lines: readonly string[]): Promise<() => Promise<void>> {
  const config = parseConfig(lines.join('\n'), 'side-by-side.conf');
  const log = new Log(config.log, { stdout: new TextLines(), stderr: new TextLines() });
  const server = await startServer(config, log);
  return () => server.stop();
}
