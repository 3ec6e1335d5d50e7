/** What SUBSCRIBE costs, from bytes to bytes, and what it does to who publishes: run it with Node. */

import { encodePacket } from '../../src/packet/packet.ts';
import { filtersOf } from './fleet.ts';
import { bestNanoseconds, report } from './measure.ts';
import { MemoryBroker, type MemoryClient } from './memory-broker.ts';

const clientCount = 2000;
const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

const broker = new MemoryBroker();
const clients: MemoryClient[] = [];
for (let id = 0; id < clientCount; id++) clients.push(await broker.connect(`device-${id}`));

const filters = clients.map((_, client) => filtersOf(client));
measure('10 filters in one packet', (client) => [filters[client]]);
measure('a packet for each filter', (client) => filters[client].map((filter) => [filter]));

await measurePublish();

/** To 1,000 topics of one receiver each, while another client sends a packet before each message. */
async function measurePublish(): Promise<void> {
  const receiver = await broker.connect('receiver');
  const topics = Array.from({ length: 1000 }, (_, id) => `fleet/berlin/sensor-${id}/state`);
  receiver.sendBytes(subscribe(topics));
  const publishes = topics.map(publish);
  const storms = {
    nothing: [],
    'a SUBSCRIBE to a filter of its own': filters.map((own) => subscribe([own[7]])),
    'a PINGREQ': [encodePacket({ type: 'pingreq' }, 5)],
  };
  for (const [name, storm] of Object.entries(storms)) {
    const each = Array.from({ length: 5 }, () => publishCost(publishes, storm));
    report(`PUBLISH after ${name}`, Math.min(...each), 'ns');
  }
}

function publishCost(publishes: readonly Uint8Array[], storm: readonly Uint8Array[]): number {
  const turns = 20_000;
  let nanoseconds = 0;
  for (let turn = 0; turn < turns; turn++) {
    const client = turn % clientCount;
    if (storm.length > 0) clients[client].sendBytes(storm[client % storm.length]);
    const start = process.hrtime.bigint();
    clients[0].sendBytes(publishes[turn % publishes.length]);
    nanoseconds += Number(process.hrtime.bigint() - start);
    if (turn % 100 === 0) broker.endTurn();
  }
  return nanoseconds / turns;
}

function publish(topic: string): Uint8Array {
  const payload = new Uint8Array(64);
  const rest = { qos: 0, retain: false, dup: false, packetId: 0, properties: undefined } as const;
  return encodePacket({ type: 'publish', topic, payload, ...rest }, 5);
}

function measure(
  name: string,
  packetsOf: (client: number) => readonly (readonly string[])[],
): void {
  const packets = clients.map((_, client) => packetsOf(client));
  const subscribes = packets.map((some) => some.map(subscribe));
  const unsubscribes = packets.map((some) => some.map(unsubscribe));
  for (const [what, bytes, undo] of [
    ['SUBSCRIBE', subscribes, unsubscribes],
    ['UNSUBSCRIBE', unsubscribes, subscribes],
  ] as const) {
    const each = bestNanoseconds(clientCount, (client) => send(client, bytes[client]), {
      before: () => {
        for (let client = 0; client < clientCount; client++) send(client, undo[client]);
      },
    });
    report(`${what}, ${name}`, each / filters[0].length, 'ns/filter');
  }
}

/** Turns are as long as those of a broker with some hundred clients. */
function send(client: number, packets: readonly Uint8Array[]): void {
  for (const bytes of packets) clients[client].sendBytes(bytes);
  if (client % 100 === 0) broker.endTurn();
}

function subscribe(some: readonly string[]): Uint8Array {
  const subscriptions = some.map((filter) => ({ filter, ...options }));
  return encodePacket({ type: 'subscribe', packetId: 1, subscriptions }, 5);
}

function unsubscribe(some: readonly string[]): Uint8Array {
  return encodePacket({ type: 'unsubscribe', packetId: 1, filters: some }, 5);
}
