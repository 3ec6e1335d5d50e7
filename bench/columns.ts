/** Which figures the table of a kind of load shows. */

import type { FigureName } from './load-generator.ts';
import type { Load } from './loads.ts';

export interface Column {
  readonly heading: string;
  readonly figure: FigureName;
  readonly digits: number;
  /** Shows as a percentage; other figures are shown as they are. */
  readonly isShare?: true;
  /** Its ratio to the yardstick's says something. */
  readonly isCompared?: true;
}

/** The first of each is the one that a line of progress has room for. */
const messages = { heading: 'messages/s', figure: 'messagesPerSecond', digits: 0 } as const;
const busy = { heading: 'CPU busy', figure: 'brokerBusy', digits: 0, isShare: true } as const;
const cpu = { heading: 'CPU µs/message', figure: 'cpuMicroseconds', digits: 2 } as const;

const traffic: readonly Column[] = [
  { ...messages, isCompared: true },
  { ...cpu, isCompared: true },
  busy,
  { heading: 'p50 µs', figure: 'p50', digits: 0, isCompared: true },
  { heading: 'p99 µs', figure: 'p99', digits: 0, isCompared: true },
  { heading: 'p99.9 µs', figure: 'p999', digits: 0 },
];

const payloads: readonly Column[] = [
  { ...messages, isCompared: true },
  { heading: 'MB/s', figure: 'megabytesPerSecond', digits: 0 },
  { heading: 'MB/CPU s', figure: 'megabytesPerCpuSecond', digits: 0, isCompared: true },
  { ...cpu, digits: 1 },
  busy,
  { heading: 'p50 µs', figure: 'p50', digits: 0 },
  { heading: 'p99 µs', figure: 'p99', digits: 0, isCompared: true },
];

const idle: readonly Column[] = [
  { heading: 'connections/s', figure: 'connectionsPerSecond', digits: 0, isCompared: true },
  { heading: 'seconds until all accepted', figure: 'seconds', digits: 2 },
  { heading: 'CPU µs/connection', figure: 'cpuMicroseconds', digits: 1, isCompared: true },
  { heading: 'KB/idle connection', figure: 'kilobytes', digits: 1, isCompared: true },
];

const bystanders: readonly Column[] = [
  busy,
  { heading: 'bystanders’ p99 µs before', figure: 'p99Before', digits: 0 },
  { heading: 'during', figure: 'p99', digits: 0, isCompared: true },
];

const crowds: readonly Column[] = [
  { heading: 'seconds until all has come', figure: 'seconds', digits: 2, isCompared: true },
  ...bystanders,
];

const subscribe: readonly Column[] = [
  { heading: 'requests/s', figure: 'requestsPerSecond', digits: 0, isCompared: true },
  ...bystanders,
];

/** In the order in which they are shown. */
export const allColumns = [traffic, payloads, idle, crowds, subscribe];

export function columnsOf({ options: { mode, bytes } }: Load): readonly Column[] {
  if (mode === 'idle') return idle;
  if (mode === 'reconnect' || mode === 'will') return crowds;
  if (mode === 'subscribe') return subscribe;
  return bytes === undefined ? traffic : payloads;
}
