/** The machine that measures: what it is, and which of its cores serve and which load. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import process from 'node:process';

const taskset = 'taskset';

export interface Cores {
  /** Undefined: not pinned, as there is one core only, or no taskset. */
  readonly broker: number | undefined;
  readonly generator: number | undefined;
}

/** One core for the broker, and one far from it, as neighbours may be threads of the same. */
export function findCores(): Cores {
  const allowed = allowedCores();
  const hasTaskset = spawnSync(taskset, ['--version']).status === 0;
  if (!hasTaskset || allowed.length < 2) return { broker: undefined, generator: undefined };
  return { broker: allowed.at(-1), generator: allowed[0] };
}

/** What a command line begins with to stay on a core. */
export function pinnedTo(core: number | undefined): readonly string[] {
  return core === undefined ? [] : [taskset, '-c', String(core)];
}

export function machineDescription(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return [
    cpus()[0]?.model.trim() ?? 'an unknown processor',
    `${availableParallelism()} cores`,
    `${gigabytes} GB`,
    `${process.platform} ${release()}`,
  ].join(', ');
}

/** From a list such as `0-3,8`. */
function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
