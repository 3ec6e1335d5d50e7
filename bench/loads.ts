/** The loads that every broker is put under. */

/** What a load's connections are made of. */
export type Transport = 'tcp' | 'tls' | 'websocket';

export interface Load {
  /** For `--loads`. */
  readonly name: string;
  readonly title: string;
  /** What bench/load/options.h names. */
  readonly options: Readonly<Record<string, string | number>>;
  /** Measured only where `--loads` asks for it. */
  readonly isExtra?: true;
}

const pairs = { mode: 'pair', publishers: 50, subscribers: 50 } as const;

const paced = {
  mode: 'pair',
  publishers: 10,
  subscribers: 10,
  qos: 1,
  // Long enough that pauses of garbage collectors come more than once.
  duration_ms: 3_000,
} as const;

/** Few clients, as each message is as much as thousands of others. */
const huge = { mode: 'pair', publishers: 5, subscribers: 5, window: 2, bytes: 2 ** 20 } as const;

/** Time for garbage collectors to give back what accepting took. */
const idle = { mode: 'idle', publishers: 0, subscribers: 10_000, duration_ms: 3_000 } as const;

/**
 * Ten pairs that have nothing to do with the storm beside them. Mosquitto reads one packet of each
 * client in a turn: at 200/s from each, a storm makes them wait for seconds, which 50/s does not.
 */
const bystanders = { ...paced, rate: 500 } as const;

export const loads: readonly Load[] = [
  { name: 'qos0', title: 'QoS 0, 50 → 50', options: { ...pairs, qos: 0 } },
  { name: 'qos1', title: 'QoS 1, 50 → 50', options: { ...pairs, qos: 1 } },
  { name: 'qos2', title: 'QoS 2, 50 → 50', options: { ...pairs, qos: 2 } },
  { name: 'kept-qos1', title: 'QoS 1, 50 → 50 kept', options: { ...pairs, qos: 1, kept: 1 } },
  {
    name: 'kept-qos2',
    title: 'QoS 2, 50 → 50 kept',
    options: { ...pairs, qos: 2, kept: 1 },
    isExtra: true,
  },
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
    name: 'fan-out-qos1',
    title: 'QoS 1, 1 → 500',
    options: { mode: 'fanout', publishers: 1, subscribers: 500, qos: 1 },
    isExtra: true,
  },
  {
    name: 'unbatched',
    title: 'QoS 0, 50 → 50, 1 in flight',
    options: { ...pairs, qos: 0, window: 1 },
  },
  {
    name: 'unbatched-qos1',
    title: 'QoS 1, 50 → 50, 1 in flight',
    options: { ...pairs, qos: 1, window: 1 },
  },
  { name: 'paced-1000', title: 'QoS 1, 1,000/s', options: { ...paced, rate: 1_000 } },
  {
    name: 'paced-5000',
    title: 'QoS 1, 5,000/s',
    options: { ...paced, rate: 5_000 },
    isExtra: true,
  },
  {
    name: 'shared',
    title: 'QoS 1, 50 → 50 sharing, MQTT 5.0',
    options: { mode: 'share', publishers: 50, subscribers: 50, qos: 1, version: 5 },
  },
  ...bothQos('tls', '50 → 50, TLS 1.3', { ...pairs, transport: 'tls' }),
  ...bothQos('websocket', '50 → 50, WebSocket', { ...pairs, transport: 'websocket' }),
  ...bothQos('1kb', '50 → 50, 1 KB', { ...pairs, bytes: 2 ** 10 }).map(asExtra),
  ...bothQos('16kb', '50 → 50, 16 KB', { ...pairs, bytes: 2 ** 14 }),
  ...bothQos('1mb', '5 → 5, 1 MB', huge),
  { name: 'idle', title: '10,000 connections', options: idle },
  {
    name: 'idle-subscribed',
    title: '10,000 of MQTT 5.0, 3 filters each',
    options: { ...idle, version: 5, filters: 3 },
    isExtra: true,
  },
  {
    name: 'reconnect-storm',
    title: '5,000 return to 100 messages each',
    options: { ...bystanders, mode: 'reconnect', storming: 5_000, queued: 100 },
    isExtra: true,
  },
  {
    name: 'will-storm',
    title: '5,000 drop and leave a will each',
    options: { ...bystanders, mode: 'will', storming: 5_000 },
    isExtra: true,
  },
  {
    name: 'subscribe-storm',
    title: '20 subscribe to 1,000 filters each, and unsubscribe',
    options: { ...bystanders, mode: 'subscribe', storming: 20, filters: 1_000 },
    isExtra: true,
  },
];

/** QoS 1 says more: at QoS 0 a broker has less to do with what a load is about. */
function bothQos(name: string, title: string, options: Load['options']): readonly Load[] {
  const [qos0, qos1] = [0, 1].map((qos) => {
    return {
      name: `${name}-qos${qos}`,
      title: `QoS ${qos}, ${title}`,
      options: { ...options, qos },
    };
  });
  return [asExtra(qos0), qos1];
}

function asExtra(load: Load): Load {
  return { ...load, isExtra: true };
}

/** Subscribers have sessions that outlive their connections. */
export function isKept({ options }: Load): boolean {
  return options.kept === 1;
}

export function transportOf({ options }: Load): Transport {
  return (options.transport ?? 'tcp') as Transport;
}
