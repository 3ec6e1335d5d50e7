/** The command line of `pantala serve`, which is that of mosquitto(8). */

import { allLogTypes, type LogType } from '../server/log-type.ts';
import type { CommandOption } from './command.ts';
import { UsageError } from './usage-error.ts';

export const serveOptions: readonly CommandOption[] = [
  { flags: '-c, --config-file FILE', help: 'read the configuration from a mosquitto.conf' },
  { flags: '-d, --daemon', help: 'go to the background once the ports are open' },
  { flags: '-h, --help', help: 'print this help' },
  { flags: '-p, --port PORT', help: 'listen on this port of this machine alone; up to 10 times' },
  { flags: '-q, --quiet', help: 'log nothing' },
  { flags: '-v, --verbose', help: 'log everything' },
  { flags: '--test-config', help: 'check the configuration file and exit' },
  { flags: '--tls-keylog FILE', help: 'write the keys of TLS connections, for packet analysers' },
  { flags: '--version', help: 'print the version' },
];

export interface ServeArguments {
  configFile: string | undefined;
  daemon: boolean;
  help: boolean;
  /** What the command line makes of `log_type`. */
  logTypes: ReadonlySet<LogType> | undefined;
  readonly ports: number[];
  testConfig: boolean;
  tlsKeyLog: string | undefined;
  version: boolean;
}

/** @throws UsageError */
export function readServeArguments(args: readonly string[]): ServeArguments {
  const read: ServeArguments = {
    configFile: undefined,
    daemon: false,
    help: false,
    logTypes: undefined,
    ports: [],
    testConfig: false,
    tlsKeyLog: undefined,
    version: false,
  };
  const rest = args.values();
  for (const arg of rest) {
    const readOne = readers.get(arg);
    if (readOne === undefined) {
      throw new UsageError(`Unknown option '${arg}'.\nSee 'pantala serve --help' for all.`);
    }
    readOne(read, arg, () => rest.next().value);
    if (read.help || read.version) break; // as in Mosquitto, whatever follows
  }
  return read;
}

/** Puts one option into what is read; `next` takes its value. */
type Reader = (read: ServeArguments, arg: string, next: () => string | undefined) => void;

const readConfigFile: Reader = (read, _arg, next) => {
  read.configFile = requiredValue('-c argument given, but no config file specified.', next);
};

const readDaemon: Reader = (read) => {
  read.daemon = true;
};

const readHelp: Reader = (read) => {
  read.help = true;
};

const readPort: Reader = ({ ports }, _arg, next) => {
  const text = requiredValue('-p argument given, but no port specified.', next);
  const port = /^[0-9]+$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new UsageError(`Invalid port specified (${text}).\nGive a number from 1 to 65535.`);
  }
  if (ports.length === portsMax) {
    throw new UsageError(
      `Only ${portsMax} ports can be specified on the command line.\n` +
        "Write a 'listener' line for each in a configuration file.",
    );
  }
  ports.push(port);
};

const portsMax = 10;

const readQuiet: Reader = (read) => {
  read.logTypes = new Set();
};

const readVerbose: Reader = (read) => {
  read.logTypes ??= allLogTypes; // -q wins, as in Mosquitto
};

const readTestConfig: Reader = (read) => {
  read.testConfig = true;
};

const readTlsKeyLog: Reader = (read, arg, next) => {
  read.tlsKeyLog = requiredValue(`${arg} argument given, but no file specified.`, next);
};

const readVersion: Reader = (read) => {
  read.version = true;
};

const readers: ReadonlyMap<string, Reader> = new Map([
  ['-c', readConfigFile],
  ['--config-file', readConfigFile],
  ['-d', readDaemon],
  ['--daemon', readDaemon],
  ['-h', readHelp],
  ['--help', readHelp],
  ['-p', readPort],
  ['--port', readPort],
  ['-q', readQuiet],
  ['--quiet', readQuiet],
  ['-v', readVerbose],
  ['--verbose', readVerbose],
  ['--test-config', readTestConfig],
  ['--tls-keylog', readTlsKeyLog],
  ['--version', readVersion],
]);

function requiredValue(missing: string, next: () => string | undefined): string {
  const value = next();
  if (value === undefined) throw new UsageError(missing);
  return value;
}
