/** What a reload changes for connections that come after it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import { WrittenText } from '../../src/cli/test-io.ts';
import type { Config } from '../../src/server/config.ts';
import { parseConfig } from '../../src/server/config-file.ts';
import { Log } from '../../src/server/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { certificateFile, pem } from '../harness/certificates.ts';
import { Folder } from './serving.ts';
import { SocketClient } from './socket-client.ts';

const limit = { timeout: 30_000 };

function configOf(lines: readonly string[]): Config {
  const config = parseConfig(['listener 1883 127.0.0.1', ...lines].join('\n'), 'pantala.conf');
  return { ...config, listeners: config.listeners.map((each) => ({ ...each, port: 0 })) };
}

async function start(...lines: readonly string[]): Promise<RunningServer> {
  const config = configOf(['allow_anonymous true', ...lines]);
  const written = new WrittenText();
  return startServer(config, new Log(config.log, { stdout: written, stderr: written }));
}

async function reload(server: RunningServer, ...lines: readonly string[]): Promise<void> {
  using prepared = server.prepare(configOf(['allow_anonymous true', ...lines]));
  await prepared.take();
}

const portOf = ({ addresses: [{ port }] }: RunningServer) => port;

const encrypted = [
  `certfile ${certificateFile('server.crt')}`,
  `keyfile ${certificateFile('server.key')}`,
];

describe('a reload', limit, () => {
  it('encrypts what was plain, and makes plain what was encrypted; who is there stays', async () => {
    await using server = await start();
    const port = portOf(server);
    using plain = await SocketClient.enter({ port, clientId: 'plain' });
    await reload(server, ...encrypted);
    await assert.rejects(SocketClient.enter({ port, clientId: 'refused' }));
    const tls = { ca: pem('ca.crt') };
    using secure = await SocketClient.enter({ port, tls, clientId: 'secure' });
    await reload(server);
    using again = await SocketClient.enter({ port, clientId: 'again' });
    await again.subscribe('t');
    assert.equal(await plain.publish('t', 'from plain'), 0);
    assert.equal(await secure.publish('t', 'from secure'), 0);
    assert.deepEqual(again.taken.sort(), ['from plain', 'from secure']);
  });

  it('has another protocol spoken, and other pages accepted', async () => {
    await using server = await start();
    const url = `ws://127.0.0.1:${portOf(server)}`;
    await reload(server, 'protocol websockets', 'websockets_origin https://one.example');
    assert.equal(await answerTo(url, 'https://one.example'), 'open');
    assert.equal(await answerTo(url, 'https://two.example'), 403);
    await reload(server, 'protocol websockets', 'websockets_origin https://two.example');
    assert.equal(await answerTo(url, 'https://one.example'), 403);
    assert.equal(await answerTo(url, 'https://two.example'), 'open');
    await reload(server);
    using _client = await SocketClient.enter({ port: portOf(server), clientId: 'c' });
  });

  it('serves the files of another directory', async () => {
    using folder = new Folder();
    writeFileSync(folder.file('page.txt'), 'here');
    await using server = await start('protocol websockets');
    const page = `http://127.0.0.1:${portOf(server)}/page.txt`;
    assert.equal((await fetch(page)).status, 426);
    await reload(server, 'protocol websockets', `http_dir ${folder.path}`);
    assert.equal(await (await fetch(page)).text(), 'here');
  });

  it('takes larger frames and headers after it, with max_packet_size and packet_buffer_size', async () => {
    await using server = await start('protocol websockets', 'max_packet_size 1000');
    const url = `ws://127.0.0.1:${portOf(server)}`;
    const header = 'x'.repeat(10_000);
    assert.equal(await answerTo(url, undefined, header), 431);
    assert.equal(await closeAfter(url, 9_000_000), 1009);
    await reload(
      server,
      'protocol websockets',
      'max_packet_size 10000000',
      'packet_buffer_size 20000',
    );
    assert.equal(await answerTo(url, undefined, header), 'open');
    // Read, and then found not to begin with a CONNECT.
    assert.notEqual(await closeAfter(url, 9_000_000), 1009);
  });

  it('takes pre-shared keys where there was a certificate, and other versions of TLS', async () => {
    using folder = new Folder();
    writeFileSync(folder.file('psk'), 'device:0102030405060708');
    await using server = await start(...encrypted);
    const port = portOf(server);
    const psk = {
      pskCallback: () => ({ identity: 'device', psk: Buffer.from('0102030405060708', 'hex') }),
      ciphers: 'PSK',
      maxVersion: 'TLSv1.2',
      checkServerIdentity: () => undefined,
    } as const;
    await assert.rejects(SocketClient.enter({ port, tls: psk, clientId: 'refused' }));
    await reload(server, 'psk_hint pantala', `psk_file ${folder.file('psk')}`);
    using _device = await SocketClient.enter({ port, tls: psk, clientId: 'device' });
    await reload(server, ...encrypted, 'tls_version tlsv1.3');
    const old = { ca: pem('ca.crt'), maxVersion: 'TLSv1.2' } as const;
    await assert.rejects(SocketClient.enter({ port, tls: old, clientId: 'old' }));
    using _new = await SocketClient.enter({ port, tls: { ca: pem('ca.crt') }, clientId: 'new' });
  });

  it('tells plugins of it', async () => {
    using folder = new Folder();
    const path = folder.file('plugin.mjs');
    const told = folder.file('told');
    writeFileSync(
      path,
      `import { appendFileSync } from 'node:fs';
       export const hooks = { reload() { appendFileSync(${JSON.stringify(told)}, 'reload '); } };`,
    );
    await using server = await start(`plugin ${path}`);
    await reload(server, `plugin ${path}`);
    assert.equal(readFileSync(told, 'utf8'), 'reload ');
  });

  it('lets go of what was prepared and not taken', async () => {
    await using server = await start();
    const prepared = server.prepare(configOf(['allow_anonymous false']));
    prepared[Symbol.dispose]();
    using _client = await SocketClient.enter({ port: portOf(server), clientId: 'c' });
  });
});

/** What becomes of a request for a WebSocket: `open`, or the status of its refusal. */
async function answerTo(url: string, origin?: string, header = ''): Promise<unknown> {
  const socket = new WebSocket(url, 'mqtt', { origin, headers: { 'X-More': header } });
  const refused = new Promise((resolve) => {
    socket.on('unexpected-response', (request, { statusCode }) => {
      request.destroy();
      resolve(statusCode);
    });
  });
  socket.on('error', () => undefined);
  const answer = await Promise.race([once(socket, 'open').then(() => 'open'), refused]);
  socket.terminate();
  return answer;
}

/** The code with which a WebSocket is closed after a frame of so many bytes. */
async function closeAfter(url: string, bytes: number): Promise<number> {
  const socket = new WebSocket(url, 'mqtt');
  await once(socket, 'open');
  socket.send(Buffer.alloc(bytes));
  const [code] = await once(socket, 'close');
  return code;
}
