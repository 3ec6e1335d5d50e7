/** `pantala serve`: runs a broker, as mosquitto(8) does. */

import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { type Config, ConfigError } from '../server/config.ts';
import { defaultConfig, loadConfig } from '../server/config-file.ts';
import { Log } from '../server/log.ts';
import { allLogTypes, type LogType } from '../server/log-type.ts';
import { startServer } from '../server/server.ts';
import { StartError } from '../server/start-error.ts';
import { version } from '../server/version.ts';
import { type Command, helpText, type Io } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Mosquitto's exit codes. */
const exitCodes = { success: 0, cannotStart: 1, invalid: 3 } as const;

export const serve: Command = {
  summary: 'Runs the broker.',
  usage: '[-c FILE] [-p PORT]... [-q | -v] [--test-config]',
  options: [
    { flags: '-c, --config-file FILE', help: 'read the configuration from a mosquitto.conf' },
    { flags: '-h, --help', help: 'print this help' },
    { flags: '-p, --port PORT', help: 'listen on this port of this machine alone; up to 10 times' },
    { flags: '-q, --quiet', help: 'log nothing' },
    { flags: '-v, --verbose', help: 'log everything' },
    { flags: '--test-config', help: 'check the configuration file and exit' },
  ],
  async run(args, io) {
    try {
      const invocation = readArguments(args);
      if (invocation.help) {
        io.stdout.write(helpText('serve', serve));
        return exitCodes.success;
      }
      return await start(invocation, io);
    } catch (error) {
      return explain(error, io);
    }
  },
};

interface Invocation {
  configFile: string | undefined;
  help: boolean;
  testConfig: boolean;
  /** What the command line makes of `log_type`. */
  logTypes: ReadonlySet<LogType> | undefined;
  readonly ports: number[];
}

const portsMax = 10;

/** @throws UsageError */
function readArguments(args: readonly string[]): Invocation {
  const invocation: Invocation = {
    configFile: undefined,
    help: false,
    testConfig: false,
    logTypes: undefined,
    ports: [],
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    switch (arg) {
      case '-c':
      case '--config-file':
        invocation.configFile = args[++i];
        if (invocation.configFile === undefined) {
          throw new UsageError(`${arg} argument given, but no config file specified.`);
        }
        break;
      case '-h':
      case '--help':
        invocation.help = true;
        break;
      case '-p':
      case '--port':
        addPort(invocation.ports, arg, args[++i]);
        break;
      case '-q':
      case '--quiet':
        invocation.logTypes = new Set();
        break;
      case '-v':
      case '--verbose':
        invocation.logTypes ??= allLogTypes; // -q wins, as in Mosquitto
        break;
      case '--test-config':
        invocation.testConfig = true;
        break;
      case '-d':
      case '--daemon':
      case '--tls-keylog':
        throw new UsageError(`Option '${arg}' is not served yet by pantala ${version}.`);
      default:
        throw new UsageError(`Unknown option '${arg}'. See 'pantala serve --help'.`);
    }
  }
  return invocation;
}

function addPort(ports: number[], arg: string, text: string | undefined): void {
  if (text === undefined) throw new UsageError(`${arg} argument given, but no port specified.`);
  const port = /^[0-9]+$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new UsageError(`Invalid port specified (${text}). Give a number from 1 to 65535.`);
  }
  if (ports.length === portsMax) {
    throw new UsageError(`Only ${portsMax} ports can be specified on the command line.`);
  }
  ports.push(port);
}

async function start(invocation: Invocation, io: Io): Promise<number> {
  const { configFile, ports, testConfig } = invocation;
  if (testConfig && configFile === undefined) {
    throw new UsageError('Please provide a configuration file to test, with -c.');
  }
  const config =
    configFile === undefined
      ? defaultConfig(ports, { env: io.env })
      : loadConfig(configFile, { ports });
  if (testConfig) {
    io.stderr.write('Configuration file is OK.\n');
    return exitCodes.success;
  }
  const types = invocation.logTypes ?? config.log.types;
  const log = new Log({ ...config.log, types }, io);
  try {
    log.write('information', `pantala version ${version} starting`);
    log.write('information', origin(configFile));
    for (const { type, text } of config.notes) log.write(type, text);
    return await serveUntilAborted(config, log, io.signal);
  } finally {
    await log.close();
  }
}

function origin(configFile: string | undefined): string {
  return configFile === undefined ? 'Using default config.' : `Config loaded from ${configFile}.`;
}

async function serveUntilAborted(config: Config, log: Log, signal: AbortSignal): Promise<number> {
  try {
    using _pidFile = writePidFile(config.general.pidFile);
    await using _server = await startServer(config, log);
    log.write('information', `pantala version ${version} running`);
    if (!signal.aborted) await once(signal, 'abort');
    log.write('information', `pantala version ${version} terminating`);
    return exitCodes.success;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log.write('error', `Error: ${error.message}`);
    return exitCodes.cannotStart;
  }
}

function writePidFile(path: string | undefined): Disposable | undefined {
  if (path === undefined) return undefined;
  try {
    writeFileSync(path, String(process.pid));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`Unable to write pid file '${path}' (${code}).`);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function explain(error: unknown, io: Io): number {
  if (error instanceof ConfigError) {
    io.stderr.write(`${error.message}\n`);
    return exitCodes.invalid;
  }
  if (error instanceof UsageError || error instanceof StartError) {
    io.stderr.write(`Error: ${error.message}\n`);
    return error instanceof UsageError ? exitCodes.invalid : exitCodes.cannotStart;
  }
  throw error;
}
