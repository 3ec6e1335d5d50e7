/**
 * Tells systemd how the broker is doing, in the protocol of sd_notify(3), by way of
 * systemd-notify(1), as Node cannot write to a datagram socket of the Unix kind. See
 * docs/decisions/013-service-manager.md.
 */

import { spawn } from 'node:child_process';
import process from 'node:process';

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Is told, once, that nobody can be told. */
  readonly warn: (text: string) => void;
  readonly program?: string;
  readonly pid?: number;
  readonly parentPid?: number;
}

// A message that hangs must not hold up those after it.
const messageMilliseconds = 5000;

// sd_watchdog_enabled(3) recommends half.
const beatsPerTimeout = 2;

/** The service manager that started this process. */
export class ServiceManager implements AsyncDisposable {
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #warn: (text: string) => void;
  readonly #pid: number;
  readonly #watchdogMilliseconds: number | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #isBeating = false;
  #hasFailed = false;
  /** When all that has been said has been handed over: systemd must hear it in this order. */
  #said: Promise<void> = Promise.resolve();

  /** @returns undefined where no service manager wants to know: without NOTIFY_SOCKET */
  static of(options: ServiceManagerOptions): ServiceManager | undefined {
    const { NOTIFY_SOCKET } = options.env;
    return NOTIFY_SOCKET ? new ServiceManager(options) : undefined;
  }

  private constructor({
    env,
    warn,
    program = 'systemd-notify',
    pid = process.pid,
    parentPid = process.ppid,
  }: ServiceManagerOptions) {
    this.#program = program;
    this.#env = { PATH: env.PATH, NOTIFY_SOCKET: env.NOTIFY_SOCKET };
    this.#warn = warn;
    this.#pid = pid;
    this.#watchdogMilliseconds = watchdogMillisecondsOf(env, [pid, parentPid]);
  }

  /** All ports are open, for the first time or after a reload. */
  ready(status = 'Serving'): void {
    this.#say('READY=1', `STATUS=${status}`);
    if (this.#watchdogMilliseconds === undefined || this.#watchdog !== undefined) return;
    // It comes only while the event loop turns, which is what the watchdog is to find out.
    this.#watchdog = setInterval(
      () => this.#beat(),
      this.#watchdogMilliseconds / beatsPerTimeout,
    ).unref();
    this.#beat();
  }

  /** The configuration is being read again; `ready` must follow, whatever comes of it. */
  reloading(): void {
    // systemd compares it with the time of its own request: both are CLOCK_MONOTONIC.
    const microseconds = process.hrtime.bigint() / 1000n;
    this.#say('RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=Reading the configuration');
  }

  stopping(): void {
    clearInterval(this.#watchdog);
    this.#say('STOPPING=1', 'STATUS=Saying goodbye to the clients');
  }

  /** Resolves when everything has been said, or cannot be. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#said;
  }

  #beat(): void {
    if (this.#isBeating) return; // on a machine so slow, one is enough
    this.#isBeating = true;
    this.#say('WATCHDOG=1');
    void this.#said.then(() => {
      this.#isBeating = false;
    });
  }

  #say(...assignments: string[]): void {
    this.#said = this.#said.then(() => this.#notify(assignments));
  }

  async #notify(assignments: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    // `--pid` has the message come from this process, where the kernel allows that (for root), and
    // names it as the main one, which may be a process that started it.
    const notifier = spawn(this.#program, [`--pid=${this.#pid}`, ...assignments], {
      stdio: 'ignore',
      env: this.#env,
      timeout: messageMilliseconds,
    });
    notifier.on('error', ({ message }) => resolve(message));
    notifier.on('exit', (code, signal) => {
      resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`);
    });
    const failure = await promise;
    if (failure === undefined || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#warn(
      `Warning: The service manager cannot be told how the broker is doing, as ` +
        `'${this.#program}' failed (${failure}): use 'Type=exec' in its unit, without WatchdogSec.`,
    );
  }
}

/** How often at least the service manager wants a sign of life from one of these processes. */
function watchdogMillisecondsOf(
  { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid }: ServiceManagerOptions['env'],
  pids: readonly number[],
): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(microseconds)) return undefined;
  if (pid !== undefined && !pids.includes(Number(pid))) return undefined;
  return Math.max(Number(microseconds) / 1000, 1);
}
