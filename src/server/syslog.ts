/**
 * `log_dest syslog`: lines for the system's log, by way of logger(1), as Node cannot write to the
 * datagram socket /dev/log. See docs/decisions/013-service-manager.md.
 */

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import process from 'node:process';
import type { Writable } from 'node:stream';
import type { SystemLog } from './log.ts';
import type { LogType } from './log-type.ts';
import { StartError } from './start-error.ts';

export interface SyslogOptions {
  /** `log_facility`: 0 to 7 for local0 to local7; undefined for daemon. */
  readonly facility?: number | undefined;
  /** What the lines are told apart by. */
  readonly tag?: string;
  /** Another socket than /dev/log. */
  readonly socket?: string;
  readonly program?: string;
}

/** The severities of RFC 5424, section 6.2.1, as Mosquitto gives them to its log types. */
const severities: Readonly<Record<LogType, number>> = {
  error: 3,
  warning: 4,
  notice: 5,
  information: 6,
  debug: 7,
  subscribe: 5,
  unsubscribe: 5,
  websockets: 7,
  internal: 7,
};

const daemonFacility = 3;
const local0Facility = 16;

// The bytes of a line of the log in the worst case, where logger's own default is 1 KiB.
const lineBytesMax = 4096;
const waitingBytesMax = 1024 * 1024;
const restartMilliseconds = 1000;
const closeMilliseconds = 1000;

type Logger = ChildProcessByStdio<Writable, null, null>;

/** Hands lines to a logger that runs as long as the broker, and is started again when it ends. */
export class Syslog implements SystemLog {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #facility: number;
  #logger: Logger | undefined;
  #mayStartAt = 0;
  #isClosing = false;

  /** @throws StartError where no logger can do it */
  constructor({ facility, tag = 'pantala', socket, program = 'logger' }: SyslogOptions = {}) {
    assertUsable(program);
    this.#program = program;
    this.#facility = facility === undefined ? daemonFacility : local0Facility + facility;
    this.#args = [
      '--prio-prefix',
      '--skip-empty',
      ...['--tag', tag],
      `--id=${process.pid}`,
      ...['--size', String(lineBytesMax)],
      ...(socket === undefined ? [] : ['--socket', socket]),
    ];
  }

  write(type: LogType, line: string): void {
    const logger = this.#running();
    // Lost, as with any program whose system has no log to take it.
    if (logger === undefined || logger.stdin.writableLength > waitingBytesMax) return;
    logger.stdin.write(`<${this.#facility * 8 + severities[type]}>${line}\n`);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const logger = this.#logger;
    if (logger === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      logger.kill();
      resolve();
    }, closeMilliseconds);
    logger.once('close', () => resolve());
    logger.stdin.end();
    await promise;
    clearTimeout(timer);
  }

  #running(): Logger | undefined {
    if (this.#logger !== undefined || this.#isClosing) return this.#logger;
    if (performance.now() < this.#mayStartAt) return undefined;
    const logger = spawn(this.#program, this.#args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // Ctrl-C in the terminal is for the broker, which has last lines to write
    });
    logger.unref();
    const over = () => {
      this.#logger = undefined;
      this.#mayStartAt = performance.now() + restartMilliseconds;
    };
    logger.on('error', over).on('close', over);
    logger.stdin.on('error', () => undefined); // ends with `close`
    this.#logger = logger;
    return logger;
  }
}

/** BusyBox and BSD have a logger whose lines all have the same priority. */
function assertUsable(program: string): void {
  const { error, stdout } = spawnSync(program, ['--help'], { encoding: 'utf8' });
  if (error === undefined && stdout.includes('--prio-prefix')) return;
  const found = error === undefined ? 'the one of this machine is another' : 'it does not run';
  throw new StartError(
    `Unable to log to syslog: that needs the program '${program}' of util-linux, and ${found}. ` +
      "Install it (Debian: bsdutils), or use 'log_dest stderr', which systemd puts into its journal.",
  );
}
