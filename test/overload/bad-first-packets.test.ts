/** What strangers send before they log in leaves nothing behind in the broker. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import process from 'node:process';
import { it } from 'node:test';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { ServedBroker } from './served-broker.ts';

/** Connections that are measured; set it to 100000 to see that more make no difference. */
const count = Number(process.env.BAD_FIRST_PACKETS ?? 4000);
const atATime = 40;
const warmUpCount = 4000;
// What the collector leaves lying about comes and goes.
const grownMegabytesMax = 30;

const long = Buffer.alloc(200_000, 1);

/** Each is sent by a stranger, who then waits for the end, or goes at once. */
const firstPackets: readonly Uint8Array[] = [
  // Of each type, with the longest length there is, and many of its bytes.
  ...Array.from({ length: 16 }, (_, type) =>
    Buffer.concat([Uint8Array.of(type << 4, 0xff, 0xff, 0xff, 0x7f), long]),
  ),
  // CONNECT as long as it may be, of which some is sent.
  Buffer.concat([bytesOf('10 a0 8d 06 0004'), long.subarray(0, 50_000)]),
  Buffer.concat([bytesOf('10 a0 8d 06'), Buffer.alloc(100_000, 'MQTT')]),
  bytesOf('10 ff ff ff ff ff'),
  bytesOf('10 ["MQTT" 05 ff 003c [] "id"]'),
  bytesOf('10 ["MQTT" 09 02 003c [] "id"]'),
  bytesOf('10 ["MQTX" 04 02 003c "id"]'),
  bytesOf('10 ["MQTT" 04 02 003c 0001 ff]'),
  bytesOf('(GET / HTTP/1.1)'),
  bytesOf('16 03 01 02 00 01 00 01 fc 03 03'),
  new Uint8Array(0),
];

it(`does not grow over ${count} bad first packets`, { timeout: 1_200_000 }, async () => {
  await using broker = await ServedBroker.start();
  await sendAll(broker.port, warmUpCount);
  const before = broker.residentMegabytes;
  await sendAll(broker.port, count);
  const grown = broker.residentMegabytes - before;
  console.log(
    `# ${count} bad first packets: ${before.toFixed(1)} MB and ${grown.toFixed(1)} MB more`,
  );
  assert.ok(grown < grownMegabytesMax, `the broker grew by ${grown.toFixed(1)} MB`);
  await broker.expectAnswer();
});

async function sendAll(port: number, total: number): Promise<void> {
  let sent = 0;
  const send = async () => {
    while (sent < total) await sendOne(port, sent++);
  };
  await Promise.all(Array.from({ length: atATime }, send));
}

async function sendOne(port: number, number: number): Promise<void> {
  // Of many addresses, so that the ports of one do not run out.
  const localAddress = `127.0.0.${1 + (number % 100)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  const bytes = firstPackets[number % firstPackets.length];
  // Half of them, and all that the broker would wait for, go without waiting for an answer.
  if (number % 2 === 0 || bytes.length === 0 || bytes.length > 40_000) socket.end(bytes);
  else socket.write(bytes);
  // Who still sends when the broker has heard enough is reset.
  await new Promise((resolve) => socket.resume().on('close', resolve));
}
