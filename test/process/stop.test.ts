/** A server that stops waits for nobody who does not go: not for strangers, nor for the frozen. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { WrittenText } from '../../src/cli/test-io.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { certificateFile } from '../harness/certificates.ts';
import { Folder } from './serving.ts';
import { SocketClient } from './socket-client.ts';

/** How long a goodbye may take, and some time for a busy machine. */
const secondsMax = 4;

async function start(...lines: readonly string[]): Promise<RunningServer> {
  const config = parseConfig(['allow_anonymous true', ...lines].join('\n'), 'pantala.conf');
  const listeners = config.listeners.map((each) => ({ ...each, port: 0 }));
  const sink = new WrittenText();
  const log = new Log(config.log, { stdout: sink, stderr: sink });
  return startServer({ ...config, listeners }, log);
}

/** A connection that has sent this, and is read no further than the test says. */
async function opened({ addresses }: RunningServer, first: string | Uint8Array): Promise<Socket> {
  const socket = connect(addresses[0].port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(first);
  return socket;
}

async function stopsInTime(server: RunningServer, ...sockets: readonly Socket[]): Promise<void> {
  const start = performance.now();
  await server.stop();
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds < secondsMax, `took ${seconds.toFixed(1)} s`);
  for (const socket of sockets) socket.destroy();
}

const tls = [
  `certfile ${certificateFile('server.crt')}`,
  `keyfile ${certificateFile('server.key')}`,
];

it('does not wait for a handshake that goes no further', async () => {
  const server = await start('listener 1883 127.0.0.1', ...tls);
  // The first bytes of a ClientHello.
  const socket = await opened(server, Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0));
  await stopsInTime(server, socket, await opened(server, ''));
});

it('does not wait for a browser that keeps its connection, nor for one that takes no file', async () => {
  using folder = new Folder();
  writeFileSync(folder.file('page.html'), Buffer.alloc(32 * 1024 * 1024));
  writeFileSync(folder.file('small.html'), 'small');
  const http = ['protocol websockets', `http_dir ${folder.path}`];
  const server = await start('listener 1883 127.0.0.1', ...http);
  const request = (path: string) => `GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const keeping = await opened(server, request('small.html'));
  await once(keeping, 'data');
  const slow = await opened(server, request('page.html'));
  await once(slow, 'data');
  slow.pause();
  await stopsInTime(server, keeping, slow);
});

it('does not wait for a client that takes nothing any more', async () => {
  const server = await start('listener 1883 127.0.0.1');
  const { port } = server.addresses[0];
  using frozen = await SocketClient.enter({ port, clientId: 'frozen' });
  await frozen.subscribe('t');
  frozen.socket.pause();
  using publisher = await SocketClient.enter({ port, clientId: 'publisher' });
  for (let i = 0; i < 40; i++) await publisher.publish('t', 'x'.repeat(500_000));
  await stopsInTime(server);
});

it('lets nobody in whose handshake ends after the goodbye', async () => {
  const server = await start('listener 1883 127.0.0.1', ...tls);
  const { port } = server.addresses[0];
  // Holds the client's side of the handshake back until the server has begun to stop.
  const held = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(held, 'connect');
  const secure = connectTls({ socket: held, rejectUnauthorized: false, servername: 'localhost' });
  secure.on('error', () => undefined);
  held.pause();
  const stopped = server.stop();
  held.resume();
  const closed = once(secure, 'close').catch(() => undefined);
  secure.write(Uint8Array.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x63]));
  let answer = 0;
  secure.on('data', ({ length }: Uint8Array) => {
    answer += length;
  });
  await Promise.all([stopped, closed]);
  assert.equal(answer, 0);
});
