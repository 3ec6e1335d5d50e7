/**
 * Strangers at a WebSocket port leave nothing behind. PANTALA_STRANGERS=100000 sends more of them.
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import process from 'node:process';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listenSockets } from '../../src/transport/listen-sockets.ts';
import { webSockets } from '../../src/transport/websocket.ts';
import { clientFrame, opcodes, upgradeRequest } from '../harness/raw-websocket.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const strangers = Number(process.env.PANTALA_STRANGERS ?? 5000);
const atOnce = 100;
// Less than any of them would leave behind if it left anything.
const bytesEachMax = 300;

/** What each of them sends first; the last ones become a WebSocket, and are bad then. */
const firsts: readonly (string | Buffer)[] = [
  '',
  'GET',
  'GET / HTTP/1.1\r\nCookie: ',
  'GET / HTTP/1.1\r\n\r\n',
  'GET /missing HTTP/1.1\r\nConnection: close\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n',
  `GET / HTTP/1.1\r\nCookie: ${'x'.repeat(10_000)}\r\n\r\n`,
  Buffer.from('100c00044d5154540402003c0000', 'hex'),
  Buffer.from('16030100c4010000c00303', 'hex'),
  upgradeRequest({ 'Sec-WebSocket-Protocol': 'none' }),
  upgradeRequest({ 'Sec-WebSocket-Key': 'none' }),
  upgradeRequest({ 'Content-Length': '5' }),
  upgradeRequest({ Origin: 'http://elsewhere' }),
  Buffer.concat([Buffer.from(upgradeRequest()), clientFrame(opcodes.text, Buffer.from('text'))]),
  Buffer.concat([Buffer.from(upgradeRequest()), Buffer.from([0xff, 0xff, 0xff])]),
];

it(`${strangers} bad first requests leave no memory in use, and nothing open`, async () => {
  let links = 0;
  const layer = webSockets(
    () => {
      links++;
      return { receive() {}, drained() {}, closed: () => links-- };
    },
    { httpDir: import.meta.dirname, origins: ['http://here'] },
    { connectionRejected() {} },
  );
  const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
  await visit(listener.port, 2000);
  const before = heapBytes();
  await visit(listener.port, strangers);
  const grown = heapBytes() - before;
  await listener.close();
  assert.equal(links, 0);
  assert.ok(grown < strangers * bytesEachMax, `${grown} bytes more`);
});

async function visit(port: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce) {
    await Promise.all(
      Array.from({ length: atOnce }, (_, i) => sendAndGo(port, firsts[i % firsts.length])),
    );
  }
}

function sendAndGo(port: number, first: string | Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.resume();
  socket.end(first);
  return promise;
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}
