/** What scripts and test suites rely on from the moment a broker is started, byte for byte. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesOf, hexOf } from '../../src/packet/packet-notation.ts';
import { Folder, freePort, running, Serving, until } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const env = { STATE_DIRECTORY: folder.file('state') };
const limit = { timeout: 60_000 };

/** Topic Alias Maximum 10, what the case adds, Maximum Packet Size 2,000,000, Receive Maximum 20. */
const announced = (added = '') => `20 [00 00 [22 000a ${added} 27 001e8480 21 0014]]`;

const conversations: Readonly<Record<string, string>> = {
  '10 ["MQTT" 05 02 003c [] "id"]': announced(),
  '10 ["MQTT" 05 02 0000 [] "id"]': announced(),
  '10 ["MQTT" 05 02 003c [11 00000064 21 0005] "id"]': announced(),
  '10 ["MQTT" 04 02 003c "id"]': '20 02 00 00',
  '10 ["MQIsdp" 03 02 003c "id"]': '20 02 00 00',
  '10 ["MQTT" 04 00 003c ""]': '20 02 00 02',
  '10 ["MQTT" 03 02 003c "id"]': '20 02 00 01',
  '10 ["MQTT" 06 02 003c [] "id"]': '20 [00 84 []]',
};

async function answerTo(sent: string, port: number, host: string): Promise<string> {
  const socket = connect({ port, host });
  socket.write(bytesOf(sent));
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return hexOf(answer);
}

async function check(port: number, host: string): Promise<void> {
  for (const [sent, answer] of Object.entries(conversations)) {
    assert.equal(await answerTo(sent, port, host), hexOf(bytesOf(answer)), sent);
  }
  // The name that it gives stands between what always stands there.
  const given = await answerTo('10 ["MQTT" 05 02 003c [] ""]', port, host);
  assert.match(
    given,
    /^20 3a 00 00 37 22 00 0a 12 00 29 61 75 74 6f 2d .* 27 00 1e 84 80 21 00 14$/,
  );
}

it(
  'without a configuration the answers are those of Mosquitto, on both loopbacks',
  limit,
  async () => {
    const port = await freePort();
    await using broker = new Serving(['-p', String(port)], { env });
    await broker.stderr.until(running);
    for (const host of ['127.0.0.1', '::1', 'localhost']) await check(port, host);
  },
);

it(
  'with a configuration they are the same, and -p with its port binds it once',
  limit,
  async () => {
    const port = await freePort();
    const config = folder.config(`listener ${port}`, 'allow_anonymous true');
    await using broker = new Serving(['-c', config, '-p', String(port), '-v']);
    await broker.stderr.until(running);
    for (const host of ['127.0.0.1', '::1']) await check(port, host);
    const opened = broker.stderr.text.match(/Opening ipv[46] listen socket on port \d+/g);
    assert.deepEqual(opened?.toSorted(), [
      `Opening ipv4 listen socket on port ${port}`,
      `Opening ipv6 listen socket on port ${port}`,
    ]);
  },
);

it('what is configured is announced in the same order', limit, async () => {
  const port = await freePort();
  const config = folder.config(
    'max_keepalive 60',
    'max_packet_size 1000',
    'max_inflight_messages 7',
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'max_qos 1',
    'max_topic_alias 3',
  );
  await using broker = new Serving(['-c', config]);
  await broker.stderr.until(running);
  const answer = await answerTo('10 ["MQTT" 05 02 0064 [] "id"]', port, '127.0.0.1');
  const properties = ['13 00 3c', '22 00 03', '27 00 00 03 e8', '21 00 07', '24 01'];
  assert.deepEqual(split(answer), properties);
});

/** The properties of a CONNACK whose values have these lengths. */
function split(answer: string): string[] {
  const sizes: Readonly<Record<string, number>> = { 22: 3, 13: 3, 27: 5, 21: 3, 24: 2 };
  const bytes = answer.split(' ').slice(5);
  const found: string[] = [];
  while (bytes.length > 0) found.push(bytes.splice(0, sizes[bytes[0]]).join(' '));
  return found;
}

it('connections are accepted within a second of the start', limit, async (test) => {
  const command = [process.execPath, fileURLToPath(new URL('../../bin/pantala', import.meta.url))];
  let best = Number.POSITIVE_INFINITY;
  // The machine may be busy with other tests; the first start fills the compile cache.
  for (let run = 0; run < 8 && best >= 1; run++) {
    const port = await freePort();
    const config = folder.config(`listener ${port}`, 'allow_anonymous true', 'log_dest none');
    const start = performance.now();
    await using _broker = new Serving(['-c', config], { command });
    let isOpen = false;
    await until(() => {
      if (isOpen) return true;
      const socket = connect(port, '127.0.0.1');
      socket
        .on('error', () => undefined)
        .on('connect', () => {
          isOpen = true;
          socket.destroy();
        });
      return false;
    });
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  test.diagnostic(`${best.toFixed(2)} s`);
  assert.ok(best < 1, `${best.toFixed(2)} s`);
});
