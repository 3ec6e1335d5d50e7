/** `pantala serve`: runs a broker, as mosquitto(8) does. */

import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, ConfigError, type LogSettings } from '../server/config.ts';
import { defaultConfig, loadConfig } from '../server/config-file.ts';
import { Daemon, startDaemon } from '../server/daemon.ts';
import { dropPrivileges } from '../server/drop-privileges.ts';
import { endNow } from '../server/end-now.ts';
import { inlineMore } from '../server/inlining.ts';
import { KeyLog } from '../server/key-log.ts';
import { Log } from '../server/log.ts';
import { loadMaterials, MaterialError } from '../server/materials.ts';
import { needsOf } from '../server/needs.ts';
import { writePidFile } from '../server/pid-file.ts';
import { findPlugins } from '../server/plugins.ts';
import { actOnSignals } from '../server/process-signals.ts';
import { ReloadError } from '../server/reload.ts';
import { type RunningServer, startServer } from '../server/server.ts';
import { ServiceManager } from '../server/service-manager.ts';
import { StartError, startExitCodes } from '../server/start-error.ts';
import { subscriptionTree } from '../server/subscription-tree.ts';
import { Syslog } from '../server/syslog.ts';
import { version } from '../server/version.ts';
import { type Command, helpText, type Io, programOf } from './command.ts';
import { readServeArguments, type ServeArguments, serveOptions } from './serve-arguments.ts';
import { UsageError } from './usage-error.ts';

/** Mosquitto's exit codes; others are in start-error.ts. */
const exitCodes = { success: 0, invalid: 3 } as const;

export const serve: Command = {
  summary: 'Runs the broker.',
  usage: '[-c FILE] [-d] [-p PORT]... [-q | -v] [--test-config] [--tls-keylog FILE]',
  options: serveOptions,
  async run(args, io) {
    await using daemon = io.ownsProcess ? Daemon.ofThisProcess() : undefined;
    const ownIo = daemon === undefined ? io : { ...io, stderr: daemon.stderr };
    const code = await obey(args, ownIo, daemon);
    // Nothing of it is left to wait for; what is there all the same must not hold up its end.
    if (io.ownsProcess) setTimeout(endNow, graceMilliseconds, code).unref();
    return code;
  },
};

async function obey(args: readonly string[], io: Io, daemon: Daemon | undefined): Promise<number> {
  try {
    return await execute(readServeArguments(args), io, daemon);
  } catch (error) {
    return explain(error, io);
  }
}

async function execute(args: ServeArguments, io: Io, daemon: Daemon | undefined): Promise<number> {
  if (args.help) {
    // Programs read the version off the first line, as they do with Mosquitto.
    io.stdout.write(`pantala version ${version}\n\n${helpText(programOf(io, 'serve'), serve)}`);
    return exitCodes.success;
  }
  if (args.version) {
    io.stdout.write(`pantala version ${version}\n`);
    return exitCodes.success;
  }
  if (args.testConfig && args.configFile === undefined) {
    throw new UsageError('Please provide a configuration file to test.\nName it with -c.');
  }
  if (args.daemon && !args.testConfig && io.ownsProcess && daemon === undefined) {
    if (process.platform !== 'win32') return startDaemon(thisProgram(), io);
    io.stderr.write("Warning: Can't start in daemon mode in Windows.\n");
  }
  return start(args, io, daemon);
}

function thisProgram() {
  const [program, ...args] = process.argv;
  return { program, args: [...process.execArgv, ...args] };
}

async function start(args: ServeArguments, io: Io, daemon: Daemon | undefined): Promise<number> {
  const { configFile, ports, testConfig } = args;
  const config =
    configFile === undefined
      ? defaultConfig(ports, { env: io.env })
      : loadConfig(configFile, { ports, env: io.env });
  if (testConfig) {
    for (const { type, text } of [...config.notes, ...loadMaterials(config).notes]) {
      if (type === 'warning') io.stderr.write(`${text}\n`);
    }
    await findPlugins(config);
    io.stderr.write('Configuration file is OK.\n');
    return exitCodes.success;
  }
  if (io.ownsProcess) inlineMore();
  const identity = io.ownsProcess ? becomeUser(config, configFile, io) : [];
  const log = openLog(config, args, io);
  try {
    using _monitor = io.ownsProcess ? monitorCrashes(log) : undefined;
    for (const { type, text } of identity) log.write(type, text);
    log.write('information', `pantala version ${version} starting`);
    log.write('information', origin(configFile));
    for (const { type, text } of config.notes) log.write(type, text);
    await new Service(config, log, { io, daemon, args }).run();
    return exitCodes.success;
  } catch (error) {
    const { lines, exitCode } = startFailure(error);
    for (const line of lines) log.write('error', line);
    // Whoever is at the terminal should not have to look for the log.
    if (!log.isOnStderr && log.isOn('error')) io.stderr.write(`${lines.join('\n')}\n`);
    return exitCode;
  } finally {
    await log.close();
  }
}

function becomeUser(config: Config, configFile: string | undefined, { env }: Io) {
  const { user } = config.general;
  const needs = needsOf(config, import.meta.filename);
  return dropPrivileges({ user, hasConfigFile: configFile !== undefined, env: env ?? {}, needs });
}

/** @throws StartError */
function openLog(config: Config, { logTypes }: ServeArguments, io: Io): Log {
  return new Log(logSettings(config, logTypes), { ...io, syslog: openSyslog(config) });
}

/** The command line counts more than the file. */
function logSettings({ log }: Config, types: ServeArguments['logTypes']): LogSettings {
  return { ...log, types: types ?? log.types };
}

function openSyslog({ log: { syslog, facility } }: Config): Syslog | undefined {
  return syslog ? new Syslog({ facility }) : undefined;
}

/** What is said of a start that failed for a reason outside of the program. */
function startFailure(error: unknown) {
  if (error instanceof MaterialError) {
    return { lines: error.message.split('\n'), exitCode: startExitCodes.cannotStart };
  }
  if (!(error instanceof StartError)) throw error;
  return { lines: `Error: ${error.message}`.split('\n'), exitCode: error.exitCode };
}

function origin(configFile: string | undefined): string {
  return configFile === undefined ? 'Using default config.' : `Config loaded from ${configFile}.`;
}

// Docker kills after ten seconds, most others after more.
const stopMilliseconds = 5000;
const graceMilliseconds = 1000;

interface Surroundings {
  readonly io: Io;
  readonly daemon: Daemon | undefined;
  readonly args: ServeArguments;
}

/** A broker from its start to its end, and what its process is asked meanwhile. */
class Service {
  readonly #args: ServeArguments;
  /** What it was started with. */
  readonly #config: Config;
  readonly #log: Log;
  readonly #io: Io;
  readonly #daemon: Daemon | undefined;
  readonly #serviceManager: ServiceManager | undefined;
  #server: RunningServer | undefined;

  constructor(config: Config, log: Log, { io, daemon, args }: Surroundings) {
    this.#args = args;
    this.#config = config;
    this.#log = log;
    this.#io = io;
    this.#daemon = daemon;
    const warn = (text: string) => log.write('warning', text);
    if (io.ownsProcess) this.#serviceManager = ServiceManager.of({ env: io.env, warn });
  }

  /**
   * Resolves when it has been stopped.
   *
   * @throws StartError
   */
  async run(): Promise<void> {
    await using serviceManager = this.#serviceManager;
    using _signals = this.#io.ownsProcess ? actOnSignals(this) : undefined;
    using _pidFile = writePidFile(this.#config.general.pidFile);
    const { tlsKeyLog } = this.#args;
    using keyLog = tlsKeyLog === undefined ? undefined : new KeyLog(tlsKeyLog);
    this.#server = await startServer(this.#config, this.#log, { keyLog });
    this.#log.write('information', `pantala version ${version} running`);
    serviceManager?.ready();
    this.#daemon?.listening();
    const { signal } = this.#io;
    if (!signal.aborted) await once(signal, 'abort');
    this.#log.write('information', `pantala version ${version} terminating`);
    serviceManager?.stopping();
    await this.#stop(this.#server);
  }

  async reload(): Promise<void> {
    if (this.#server === undefined) return; // it has just read everything
    this.#log.write('information', 'Reloading config.');
    this.#serviceManager?.reloading();
    try {
      const { configFile } = this.#args;
      if (configFile === undefined) this.#log.reopen();
      else await this.#takeUp(configFile, this.#server);
    } catch (error) {
      for (const line of reloadFailure(error)) this.#log.write('error', line);
    } finally {
      this.#serviceManager?.ready();
    }
  }

  /** @throws ConfigError, ReloadError or StartError: then everything is as it was before */
  async #takeUp(configFile: string, server: RunningServer): Promise<void> {
    const { ports } = this.#args;
    const config = loadConfig(configFile, { ports, env: this.#io.env });
    using prepared = server.prepare(config);
    this.#changeLog(config);
    for (const { type, text } of config.notes) this.#log.write(type, text);
    await prepared.take();
  }

  /** @throws StartError: then the log is as it was before */
  #changeLog(config: Config): void {
    const syslog = openSyslog(config);
    try {
      this.#log.change(logSettings(config, this.#args.logTypes), syslog);
    } catch (error) {
      void syslog?.close();
      throw error;
    }
  }

  save(): void {
    const text =
      this.#config.state === undefined
        ? 'Nothing is saved: state is in memory only.'
        : 'Nothing is left to save: every change is stored as it happens.';
    this.#log.write('information', text);
  }

  printTree(): void {
    this.#io.stdout.write(subscriptionTree(this.#server?.subscriptions() ?? []));
  }

  /** What takes too long, such as a disk that does not answer, is left to its fate. */
  async #stop(server: RunningServer): Promise<void> {
    using patience = new DisposableStack();
    const controller = patience.adopt(new AbortController(), (each) => each.abort());
    const tooLong = delay(stopMilliseconds, 'too long', { signal: controller.signal });
    tooLong.catch(() => undefined); // when it has stopped in time
    if ((await Promise.race([server.stop(), tooLong])) !== 'too long') return;
    const seconds = stopMilliseconds / 1000;
    const { state } = this.#config;
    const promise = state?.durability === 'sync' ? ' What was acknowledged is stored.' : '';
    this.#log.write(
      'warning',
      `Warning: Not everything has stopped within ${seconds} seconds; ending without it.${promise}`,
    );
    if (this.#io.ownsProcess) setTimeout(endNow, graceMilliseconds, exitCodes.success);
  }
}

/** Says in the log, too, why the process ends; Node itself writes to stderr, and ends it. */
function monitorCrashes(log: Log): Disposable {
  const listener = (error: unknown) => {
    log.writeLast('Error: This is a fault of pantala itself: please report it with what follows.');
    if (log.isOnStderr) return;
    for (const line of String((error as Error)?.stack ?? error).split('\n')) log.writeLast(line);
  };
  process.on('uncaughtExceptionMonitor', listener);
  return { [Symbol.dispose]: () => void process.off('uncaughtExceptionMonitor', listener) };
}

/** @returns what the log says, where the operator can do something about it */
function reloadFailure(error: unknown): string[] {
  const nothing = 'Error: The configuration is not reloaded: what was read before still counts.';
  if (error instanceof ConfigError) return [...error.message.split('\n'), nothing];
  const isKnown = error instanceof ReloadError || error instanceof StartError;
  if (isKnown) return [...`Error: ${error.message}`.split('\n'), nothing];
  throw error;
}

function explain(error: unknown, io: Io): number {
  if (error instanceof ConfigError) {
    io.stderr.write(`${error.message}\n`);
    if (error instanceof MaterialError) return startExitCodes.cannotStart;
    const isPlugin = error.faults.every((fault) => fault.isPlugin);
    return isPlugin ? startExitCodes.plugin : exitCodes.invalid;
  }
  if (error instanceof UsageError || error instanceof StartError) {
    io.stderr.write(`Error: ${error.message}\n`);
    return error instanceof StartError ? error.exitCode : exitCodes.invalid;
  }
  throw error;
}
