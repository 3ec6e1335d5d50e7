/**
 * What a million retained messages take, and how long the searches of new subscribers keep a broker
 * from doing anything else: `node --expose-gc` this file.
 */

import type { Publish } from '../../src/packet/publish.ts';
import type { Subscribe } from '../../src/packet/subscribe.ts';
import { heapBytes, report } from './measure.ts';
import { MemoryBroker, type MemoryClient } from './memory-broker.ts';

const turnsMax = 5000;
const count = Number(process.argv[2] ?? 1_000_000);

await measureTurns('1,000,000 first levels', (id) => `device-${id}/state`, {
  'one # client': [1, ['#']],
  'one +/state client': [1, ['+/state']],
  'one +/x client, no match': [1, ['+/x']],
  '20 +/x/… filters of one client, no match': [1, filters(20, (at) => `+/x/${at}`)],
  '100 +/x clients at once, no match': [100, ['+/x']],
  '1,000 # clients at once': [1000, ['#']],
});
await measureTurns('depth', (id) => `a/b/c/d/e/f/g/${id >> 10}/h/i/j/${id & 1023}/k/l/m`, {
  '5 +/+/…/x clients at once, no match': [5, ['+/+/+/+/+/+/+/+/+/+/+/+/+/+/x']],
  '100 a/# clients at once': [100, ['a/#']],
});

type Scenes = Record<string, readonly [clients: number, filters: readonly string[]]>;

async function measureTurns(
  name: string,
  topicOf: (id: number) => string,
  scenes: Scenes,
): Promise<void> {
  console.log(`-- ${name}`);
  const broker = new MemoryBroker();
  await retain(broker, topicOf);
  for (const [scene, [clientCount, asked]] of Object.entries(scenes)) {
    const clients: MemoryClient[] = [];
    for (let id = 0; id < clientCount; id++) clients.push(await broker.connect(`c${id}`));
    broker.turns();
    const turns = measureScene(broker, clients, asked);
    report(`${scene}: longest turn`, turns[0] * 1000, 'µs');
    report(
      `${scene}: 1 in 1,000 turns is longer than`,
      turns[Math.floor(turns.length / 1000)] * 1000,
      'µs',
    );
    report(
      `${scene}: all`,
      turns.reduce((sum, turn) => sum + turn, 0),
      'ms',
    );
    for (const client of clients) client.send({ type: 'disconnect', reasonCode: 0 });
  }
}

async function retain(broker: MemoryBroker, topicOf: (id: number) => string): Promise<void> {
  const client = await broker.connect('publisher');
  const before = heapBytes();
  const externalBefore = process.memoryUsage().external;
  const start = performance.now();
  for (let id = 0; id < count; id++) {
    client.send(publish(topicOf(id)));
    if (id % 100 === 0) broker.endTurn();
  }
  broker.endTurn();
  report('retain', ((performance.now() - start) / count) * 1e6, 'ns');
  report('heap of each', (heapBytes() - before) / count, 'bytes');
  report('outside the heap', (process.memoryUsage().external - externalBefore) / count, 'bytes');
}

function measureScene(
  broker: MemoryBroker,
  clients: readonly MemoryClient[],
  asked: readonly string[],
): number[] {
  const start = performance.now();
  for (const client of clients) client.send(subscribe(asked));
  report(
    `${clients.length} SUBSCRIBE: each`,
    ((performance.now() - start) / clients.length) * 1000,
    'µs',
  );
  return broker.turns(turnsMax);
}

function publish(topic: string): Publish {
  return {
    type: 'publish',
    topic,
    payload: new Uint8Array(32),
    qos: 0,
    retain: true,
    dup: false,
    packetId: 0,
    properties: undefined,
  };
}

function subscribe(asked: readonly string[]): Subscribe {
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return {
    type: 'subscribe',
    packetId: 1,
    subscriptions: asked.map((filter) => ({ filter, ...options })),
  };
}

function filters(length: number, filterOf: (at: number) => string): readonly string[] {
  return Array.from({ length }, (_, at) => filterOf(at));
}
