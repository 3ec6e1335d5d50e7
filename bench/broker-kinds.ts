/** The brokers that are compared: how each is found and started. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { version } from '../src/server/version.ts';
import type { Certificate } from './certificate.ts';
import { isKept, type Load, type Transport, transportOf } from './loads.ts';

/** Where a broker serves, and what it has for that. */
export interface Place {
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly transport: Transport;
  /** There whenever the transport is TLS. */
  readonly certificate: Certificate | undefined;
  /** For its files. */
  readonly folder: string;
}

export interface BrokerKind {
  readonly name: string;
  /** The version found, or undefined when it is not installed. */
  find(): string | undefined;
  /** What to do about one that is not installed. */
  readonly remedy: string;
  /** The command line that serves there. */
  command(place: Place): readonly string[];
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
    command: (place) => pantala(writeConfig(place)),
  },
  {
    // The same with all that it acknowledges on the disk.
    name: 'pantala-sync',
    find: () => `${version} on Node ${process.versions.node}, persistence true`,
    remedy: '',
    command(place) {
      const state = `persistence true\npersistence_location ${join(place.folder, 'state')}\n`;
      return pantala(writeConfig(place, state));
    },
    takesPartIn: isKept,
  },
  {
    name: yardstick,
    find: () => /^mosquitto version (\S+)/.exec(output(mosquittoPath(), '-h'))?.[1],
    remedy: 'apt-get install mosquitto',
    command(place) {
      // Pantala has it on; Mosquitto's default of false would cost it latency. As another user than
      // root it could not read what only this one may.
      const common = 'set_tcp_nodelay true\nuser root\n';
      // 2.0.11 ends at once when all its listeners are of WebSocket.
      const another = `listener 0 ${join(place.folder, 'socket')}\n`;
      const more = place.transport === 'websocket' ? common + another : common;
      return [mosquittoPath(), '-c', writeConfig(place, more)];
    },
  },
  {
    name: 'nats',
    find: () => /v(\d\S*)/.exec(output(natsPath(), '--version'))?.[1],
    remedy: 'apt-get install nats-server',
    command: (place) => [natsPath(), '-c', writeNatsConfig(place)],
    takesPartIn: (load) => transportOf(load) === 'tcp',
  },
  {
    name: 'aedes',
    find() {
      if (!installAedes()) return undefined;
      return `${aedesVersion()} on Node ${process.versions.node}`;
    },
    remedy: 'npm ci in bench needs the npm registry once',
    command: ({ port }) => [process.execPath, join(here, 'aedes.ts'), String(port)],
    takesPartIn: (load) => transportOf(load) === 'tcp',
  },
];

function pantala(configuration: string): readonly string[] {
  const main = join(here, '..', 'src', 'cli', 'main.ts');
  return [process.execPath, main, 'serve', '-c', configuration];
}

function writeConfig({ port, transport, certificate, folder }: Place, more = ''): string {
  const file = join(folder, 'mosquitto.conf');
  const listener = {
    tcp: '',
    tls: `certfile ${certificate?.certfile}\nkeyfile ${certificate?.keyfile}\n`,
    websocket: 'protocol websockets\n',
  };
  const common = `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n`;
  writeFileSync(file, common + listener[transport] + more);
  return file;
}

/** MQTT needs JetStream there, which has a folder; for its own protocol NATS takes any port. */
function writeNatsConfig({ port, folder }: Place): string {
  const file = join(folder, 'nats.conf');
  const lines = [
    'server_name: bench',
    'host: 127.0.0.1',
    'port: -1',
    'logfile: "/dev/null"',
    'max_payload: 8MB',
    `jetstream { store_dir: "${join(folder, 'jetstream')}" }`,
    `mqtt { host: 127.0.0.1, port: ${port} }`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function output(command: string, option: string): string {
  return spawnSync(command, [option], { encoding: 'utf8' }).stdout ?? '';
}

const mosquittoPath = () => systemProgram('mosquitto');
const natsPath = () => systemProgram('nats-server');

/** Debian has servers where only root's path leads. */
function systemProgram(name: string): string {
  const path = join('/usr/sbin', name);
  return existsSync(path) ? path : name;
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
