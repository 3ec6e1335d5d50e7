/** docs/performance.md: the last saved run of the bench. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cores, machineDescription } from './machine.ts';
import { largestSpread, type Result, resultLines } from './results.ts';

export interface Setting {
  readonly cores: Cores;
  readonly rounds: number;
  readonly seconds: number;
  /** Of each broker that took part. */
  readonly versions: Readonly<Record<string, string>>;
}

const page = join(import.meta.dirname, '..', 'docs', 'performance.md');

export function savePage(results: readonly Result[], setting: Setting): void {
  writeFileSync(page, pageText(results, setting));
}

function pageText(results: readonly Result[], setting: Setting): string {
  const { cores, rounds, seconds, versions } = setting;
  const spread = (100 * largestSpread(results)).toFixed(0);
  const pinning =
    cores.broker === undefined
      ? 'Broker and load generator were not pinned to cores and may have shared one.'
      : 'The broker had one core, the load generator another.';
  const facts = [
    ['date', new Date().toISOString().slice(0, 10)],
    ['machine', machineDescription()],
    ...Object.entries(versions),
  ];
  return `# Performance

Written by \`npm run bench -- --save\`; \`npm run bench\` repeats it on your machine, with
\`-- --loads all\` those loads, too, that take long.

${facts.map(([name, value]) => `- ${name}: ${value}`).join('\n')}

${resultLines(results).join('\n')}
In parentheses: the ratio to Mosquitto. Payloads are 64 bytes and 20 messages are in flight for each
publisher, where the load does not say otherwise.

## Where Pantala is behind

- **Connecting** costs nearly four times as much as with Mosquitto, for the first ten thousand after a
  start, whose code is not compiled yet: by the third ten thousand it is 36 µs. Two fifths are
  the kernel's part; the twenty objects that a connection consists of are also its memory.
- **p99 at a fixed rate**: with one core for all, the engine's compilers and its collector (0.3 ms at a
  time) have their turns on the core of the broker. p50 is that of Mosquitto.
- **Others, while very many do the same thing at once**: a turn takes 256 KB from one client, and so it
  may last some milliseconds; and when thousands return at once, what their connections consist of
  survives the collector's young generation, four collections of some 20 ms with one core for all.
- **QoS 1 and 2** are further from the C brokers' kernel-bound floor than QoS 0: two packets in and two
  out for a message are 0.5 µs of the kernel's time and 0.9 µs of ours.

## How it was measured

The brokers took turns under each load, each in a fresh process, over loopback: ${rounds} rounds of
${seconds} s after a warm-up of half a second, those at a fixed rate of 3 s after one more second at that
rate: in its first second at a rate Pantala's p99 was some two to four times that of later seconds,
and nobody's first second is shown. The table has the medians; the rounds of one
measurement differed by up to ${spread} % in messages or connections per second. ${pinning}

Mosquitto runs with its own defaults, TCP_NODELAY on, nothing logged or stored; Pantala reads the
same configuration file; Aedes runs as its documentation starts it. NATS has what its MQTT needs,
JetStream with its defaults, and max_payload 8MB. Nobody else persists anything but pantala-sync,
which has \`persistence true\`: what it acknowledges is on the disk, or with its receiver. It differs
where subscribers have sessions that are kept; publishers have clean ones. NATS writes all of QoS 1
to files, which it syncs now and then. TLS is 1.3 with a certificate on P-256; under TLS and WebSocket
only Pantala and Mosquitto are compared.

- A message counts when a subscriber has received it. A publisher sends the next one when all copies
  of an earlier one, and its last acknowledgement, have arrived: no broker is asked to drop
  anything.
- CPU is the time that the broker's processes spent in user and kernel mode, divided by deliveries.
  Where it is busy to less than 100 %, something else was the limit: the generator, the network
  stack, or other work of the machine.
- Latency is from when a message was due until the subscriber had it. Under a closed loop it says
  how long the queues are, that is, window divided by speed; at a fixed rate it is what an
  application sees.
- 1 KB is 1,024 bytes of payload, MB/s are millions of bytes of payload delivered, and MB/CPU s the
  same for each second of the broker's processor time. 1 MB goes with 2 in flight.
- Storms have bystanders, ten pairs that exchange 500 messages of QoS 1 a second, and their p99 is
  measured before the storm and during it. 5,000 clients whose connections broke return, 64 at a
  time under way, each to a session with 100 messages of QoS 1 waiting: the storm lasts until all
  have all, or 30 seconds. 5,000 connections break, and one client gets a will of QoS 0 from each.
  20 clients, with 20 requests in flight each, subscribe to filters with a wildcard and unsubscribe
  from them: both count as requests.
- Memory is the growth of the broker's resident memory, some seconds after the last connection.

One machine with few cores and no network between tells of the broker's own cost, not of what a
network or disks add. Of these brokers only NATS could use several cores for one load.
`;
}
