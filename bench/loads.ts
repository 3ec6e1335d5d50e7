/** The loads that every broker is put under. */

export interface Load {
  /** For `--loads`. */
  readonly name: string;
  readonly title: string;
  /** What bench/load/options.h names. */
  readonly options: Readonly<Record<string, string | number>>;
}

const pairs = { mode: 'pair', publishers: 50, subscribers: 50 } as const;
const paced = { mode: 'pair', publishers: 10, subscribers: 10, qos: 1 } as const;
const largeBytes = 16_384;

export const loads: readonly Load[] = [
  { name: 'qos0', title: 'QoS 0, 50 → 50', options: { ...pairs, qos: 0 } },
  { name: 'qos1', title: 'QoS 1, 50 → 50', options: { ...pairs, qos: 1 } },
  { name: 'qos2', title: 'QoS 2, 50 → 50', options: { ...pairs, qos: 2 } },
  { name: 'kept-qos1', title: 'QoS 1, 50 → 50 kept', options: { ...pairs, qos: 1, kept: 1 } },
  { name: 'kept-qos2', title: 'QoS 2, 50 → 50 kept', options: { ...pairs, qos: 2, kept: 1 } },
  {
    name: 'kept-paced',
    title: 'QoS 1, 1,000/s kept',
    options: { ...paced, rate: 1_000, kept: 1 },
  },
  {
    name: 'fan-out',
    title: 'QoS 0, 1 → 500',
    options: { mode: 'fanout', publishers: 1, subscribers: 500 },
  },
  {
    name: 'unbatched',
    title: 'QoS 0, 50 → 50, 1 in flight',
    options: { ...pairs, qos: 0, window: 1 },
  },
  { name: 'paced-1000', title: 'QoS 1, 1,000/s', options: { ...paced, rate: 1_000 } },
  { name: 'paced-5000', title: 'QoS 1, 5,000/s', options: { ...paced, rate: 5_000 } },
  {
    name: 'large-qos0',
    title: 'QoS 0, 50 → 50, 16 KB',
    options: { ...pairs, qos: 0, bytes: largeBytes },
  },
  {
    name: 'large-qos1',
    title: 'QoS 1, 50 → 50, 16 KB',
    options: { ...pairs, qos: 1, bytes: largeBytes },
  },
  {
    name: 'shared',
    title: 'QoS 1, 50 → 50 sharing, MQTT 5.0',
    options: { mode: 'share', publishers: 50, subscribers: 50, qos: 1, version: 5 },
  },
  {
    name: 'idle',
    title: '10,000 connections',
    // Time for garbage collectors to give back what accepting took.
    options: { mode: 'idle', publishers: 0, subscribers: 10_000, duration_ms: 3_000 },
  },
];

/** Subscribers have sessions that outlive their connections. */
export function isKept({ options }: Load): boolean {
  return options.kept === 1;
}

export function isIdle({ options }: Load): boolean {
  return options.mode === 'idle';
}
