/** The brokers that are compared: how each is found and started. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { version } from '../src/server/version.ts';
import { isKept, type Load } from './loads.ts';

export interface BrokerKind {
  readonly name: string;
  /** The version found, or undefined when it is not installed. */
  find(): string | undefined;
  /** What to do about one that is not installed. */
  readonly remedy: string;
  /** The command line that serves on a port of 127.0.0.1; files it needs go into `folder`. */
  command(port: number, folder: string): readonly string[];
  /** Whether it differs from others under the load; absent: under all. */
  takesPartIn?(load: Load): boolean;
}

const here = import.meta.dirname;

/** The rival that the others' figures are divided by. */
export const yardstick = 'mosquitto';

export const brokerKinds: readonly BrokerKind[] = [
  {
    name: 'pantala',
    find: () => `${version} on Node ${process.versions.node}`,
    remedy: '',
    command: (port, folder) => pantala(writeConfig(port, folder)),
  },
  {
    // The same with all that it acknowledges on the disk.
    name: 'pantala-sync',
    find: () => `${version} on Node ${process.versions.node}, persistence true`,
    remedy: '',
    command(port, folder) {
      const state = `persistence true\npersistence_location ${join(folder, 'state')}\n`;
      return pantala(writeConfig(port, folder, state));
    },
    takesPartIn: isKept,
  },
  {
    name: yardstick,
    find: () => /^mosquitto version (\S+)/.exec(mosquittoHelp())?.[1],
    remedy: 'apt-get install mosquitto',
    command(port, folder) {
      // Ours has it on; Mosquitto's default of false would cost it latency.
      return [mosquittoPath(), '-c', writeConfig(port, folder, 'set_tcp_nodelay true\n')];
    },
  },
  {
    name: 'aedes',
    find() {
      if (!installAedes()) return undefined;
      return `${aedesVersion()} on Node ${process.versions.node}`;
    },
    remedy: 'npm ci in bench needs the npm registry once',
    command: (port) => [process.execPath, join(here, 'aedes.ts'), String(port)],
  },
];

function pantala(configuration: string): readonly string[] {
  const main = join(here, '..', 'src', 'cli', 'main.ts');
  return [process.execPath, main, 'serve', '-c', configuration];
}

function writeConfig(port: number, folder: string, more = ''): string {
  const file = join(folder, 'mosquitto.conf');
  const common = `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n`;
  writeFileSync(file, common + more);
  return file;
}

function mosquittoHelp(): string {
  return spawnSync(mosquittoPath(), ['-h'], { encoding: 'utf8' }).stdout ?? '';
}

/** Debian has it where only root's path leads. */
function mosquittoPath(): string {
  const path = '/usr/sbin/mosquitto';
  return existsSync(path) ? path : 'mosquitto';
}

/** Installs what bench/package.json names, which nothing but this comparison needs. */
function installAedes(): boolean {
  if (existsSync(aedesPackage)) return true;
  console.error('bench: installing Aedes into bench/node_modules, to compare with; once');
  const flags = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', flags, { cwd: here, stdio: ['ignore', 2, 2] });
  return status === 0;
}

const aedesPackage = join(here, 'node_modules', 'aedes', 'package.json');

function aedesVersion(): string {
  return JSON.parse(readFileSync(aedesPackage, 'utf8')).version;
}
