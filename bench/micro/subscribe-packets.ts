/** What SUBSCRIBE and UNSUBSCRIBE cost, from bytes to bytes: run this file with Node. */

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
