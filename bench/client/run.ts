/** Puts the client library and MQTT.js under the same loads, in turns, and compares them. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { BenchError } from '../bench-error.ts';
import { brokerKinds } from '../broker-kinds.ts';
import { BrokerProcess } from '../broker-process.ts';
import { findCores, machineDescription, pinnedTo } from '../machine.ts';
import type { Measured } from './meter.ts';
import { type Library, libraries, type Mode, type Task } from './task.ts';

const rounds = 3;

interface Load {
  readonly title: string;
  readonly mode: Mode;
  readonly qos: 0 | 1;
  readonly count: number;
}

const loads: readonly Load[] = [
  { title: 'publish, QoS 0', mode: 'publish', qos: 0, count: 500_000 },
  { title: 'publish, QoS 1', mode: 'publish', qos: 1, count: 200_000 },
  { title: 'receive, QoS 0', mode: 'receive', qos: 0, count: 500_000 },
  { title: 'receive, QoS 1', mode: 'receive', qos: 1, count: 200_000 },
  { title: 'for await, QoS 0', mode: 'iterate', qos: 0, count: 500_000 },
  { title: 'for await, QoS 1', mode: 'iterate', qos: 1, count: 200_000 },
  { title: '1,000 connections', mode: 'idle', qos: 0, count: 1_000 },
];

const flood = { library: 'pantala', mode: 'publish', clients: 10, count: 1e9 } as const;

const here = import.meta.dirname;
const project = join(here, '..', '..');
const module = join(project, 'dist', 'client.js');
const cores = findCores();

build();
console.log(`${machineDescription()}, Node ${process.versions.node}\n`);
console.log('load | library | CPU µs/message | messages/s | memory, MB; KB/connection');
console.log('--- | --- | ---: | ---: | ---:');
for (const load of loads) await compare(load);

/** As it is published: types that are stripped while it runs would count as its memory. */
function build(): void {
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: project, stdio: 'inherit' });
  if (built.status !== 0) throw new BenchError('the package could not be built');
}

async function compare(load: Load): Promise<void> {
  const measured = new Map<Library, Measured[]>(libraries.map((library) => [library, []]));
  for (let round = 0; round < rounds; round++) {
    for (const library of libraries) {
      // MQTT.js calls back; there is nothing else to compare with.
      measured.get(library)?.push(await measure(load, library));
    }
  }
  const [ours, theirs] = libraries.map((library) => medians(measured.get(library) ?? []));
  const cpuRatio = theirs.cpuMicroseconds / ours.cpuMicroseconds;
  const memoryRatio = ours.memory / theirs.memory;
  console.log(row(load, 'pantala', ours, `(${cpuRatio.toFixed(1)}×, ${memoryRatio.toFixed(2)}×)`));
  console.log(row(load, 'mqtt.js', theirs, ''));
}

function row({ title }: Load, library: Library, figures: Measured, ratio: string): string {
  const { cpuMicroseconds, messagesPerSecond, memory } = figures;
  const cells = [
    title,
    library,
    cpuMicroseconds.toFixed(2),
    Math.round(messagesPerSecond).toLocaleString('en'),
    `${memory.toFixed(0)} ${ratio}`,
  ];
  return cells.join(' | ').trimEnd();
}

function medians(all: readonly Measured[]): Measured {
  const median = (figure: keyof Measured) =>
    all.map((each) => each[figure]).sort((a, b) => a - b)[Math.floor(all.length / 2)];
  return {
    cpuMicroseconds: median('cpuMicroseconds'),
    messagesPerSecond: median('messagesPerSecond'),
    memory: median('memory'),
  };
}

/** With a broker of its own, on one core with the other end; the library has the other core. */
async function measure(load: Load, library: Library): Promise<Measured> {
  const transport = 'tcp';
  const [kind] = brokerKinds;
  await using broker = await BrokerProcess.start(kind, {
    core: cores.broker,
    transport,
    certificate: undefined,
  });
  const { mode, qos, count } = load;
  // What iterates has no peer in MQTT.js, which is measured by its callback.
  const ownMode = library === 'mqtt.js' && mode === 'iterate' ? 'receive' : mode;
  const task = { library, module, mode: ownMode, qos, count, port: broker.port };
  let publisher: ChildProcess | undefined;
  const child = start(task, cores.generator);
  let measured: Measured | undefined;
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line !== 'ready') measured = JSON.parse(line) as Measured;
    // More than either library takes: what is measured is what a full connection costs.
    else publisher = start({ ...task, ...flood }, cores.broker);
  }
  publisher?.kill();
  if (measured === undefined) throw new BenchError(`${library} has measured nothing`);
  return measured;
}

function start(task: Task, core: number | undefined): ChildProcess {
  const worker = join(here, 'worker.ts');
  const [command, ...args] = [...pinnedTo(core), process.execPath, worker, JSON.stringify(task)];
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}
