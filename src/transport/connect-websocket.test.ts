/** WebSocket keeps the contract of links, and carries MQTT as MQTT has it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { pem } from '../../test/harness/certificates.ts';
import { connectedPair, loopPass } from '../../test/harness/connected-pair.ts';
import { startForeignLink } from '../../test/harness/foreign-websocket.ts';
import { connectWebSocket } from './connect-websocket.ts';
import { HandshakeError } from './handshake-error.ts';
import { UpgradeError } from './upgrade-error.ts';

const host = '127.0.0.1';
const tls = { ca: [pem('ca.crt')] };

interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

async function listen(
  arrive: (webSocket: WebSocket, request: IncomingMessage) => void,
  { secure = false, protocol = 'mqtt' } = {},
): Promise<Listening> {
  const server = secure
    ? createHttpsServer({ cert: pem('server.crt'), key: pem('server.key') })
    : createHttpServer();
  const handleProtocols = (offered: Set<string>) => offered.has(protocol) && protocol;
  const webSockets = new WebSocketServer({ server, handleProtocols });
  webSockets.on('connection', arrive);
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

for (const { name, secure } of [
  { name: 'WebSocket', secure: false },
  { name: 'secure WebSocket', secure: true },
]) {
  linkContract(`a client of ${name}`, () =>
    connectedPair<Listening>(
      (accept) =>
        listen(
          (webSocket, { socket }) => {
            startForeignLink(webSocket, socket, accept);
          },
          { secure },
        ),
      (accept, { port }) => connectWebSocket(accept, { host, port, tls: secure ? tls : undefined }),
      ({ close }) => close(),
    ),
  );
}

/** A client, and the WebSocket of its server. */
async function open(resource?: string) {
  const arrived = Promise.withResolvers<{ webSocket: WebSocket; asked: string | undefined }>();
  const server = await listen((webSocket, { url: asked }) => arrived.resolve({ webSocket, asked }));
  const end = new LinkEnd();
  await connectWebSocket(
    (link) => {
      end.link = link;
      return end;
    },
    { host, port: server.port, ...(resource === undefined ? {} : { resource }) },
  );
  const { webSocket, asked } = await arrived.promise;
  return {
    end,
    webSocket,
    asked,
    async [Symbol.asyncDispose]() {
      webSocket.terminate();
      await server.close();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await loopPass();
}

/** Connects to a server that does not make a WebSocket for MQTT of it. */
async function failure(server: Listening, options: { signal?: AbortSignal } = {}) {
  try {
    await connectWebSocket(() => new LinkEnd(), { host, port: server.port, ...options });
    assert.fail('it has connected');
  } catch (error) {
    return error as Error;
  } finally {
    await server.close();
  }
}

describe('connectWebSocket', () => {
  it('asks for mqtt, at /mqtt or where it is told [MQTT-6.0.0-3]', async () => {
    await using usual = await open();
    assert.deepEqual([usual.webSocket.protocol, usual.asked], ['mqtt', '/mqtt']);
    await using other = await open('/a?b=c');
    assert.equal(other.asked, '/a?b=c');
  });

  it('sends binary frames, each write as it is [MQTT-6.0.0-1]', async () => {
    await using pair = await open();
    const frames: unknown[] = [];
    pair.webSocket.on('message', (bytes, isBinary) => frames.push([bytes, isBinary]));
    const bytes = new Uint8Array([1, 2, 3]);
    pair.end.link.write(bytes);
    assert.deepEqual(bytes, new Uint8Array([1, 2, 3]), 'masking leaves the caller its buffer');
    await until(() => frames.length === 1);
    assert.deepEqual(frames, [[Buffer.from([1, 2, 3]), true]]);
  });

  it('takes packets over frames, and frames in fragments [MQTT-6.0.0-2]', async () => {
    await using pair = await open();
    pair.webSocket.send(Buffer.from([1]));
    pair.webSocket.send(Buffer.from([2]), { fin: false });
    pair.webSocket.send(Buffer.from([3]), { fin: true });
    await until(() => pair.end.receivedBytes === 3);
    assert.deepEqual(pair.end.received, Uint8Array.from([1, 2, 3]));
  });

  it('ends at a text frame [MQTT-6.0.0-1]', async () => {
    await using pair = await open();
    pair.webSocket.send('text');
    const [code] = await once(pair.webSocket, 'close');
    assert.equal(code, 1003);
    await until(() => pair.end.closedCount === 1);
    assert.match(String(pair.end.error), /a text frame was sent/);
    assert.equal(pair.end.receivedBytes, 0);
  });

  it('is refused by a server without such a resource, or without MQTT', async () => {
    const server = createHttpServer((_request, response) => response.writeHead(404).end());
    server.listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = await failure({
      port,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    });
    assert.ok(error instanceof UpgradeError);
    assert.equal(error.message, 'Unexpected server response: 404');
    const other = await failure(await listen(() => undefined, { protocol: 'chat' }));
    assert.equal(other.message, 'Server sent no subprotocol');
  });

  const answers = [
    { name: 'says nothing of WebSocket', fields: { Upgrade: 'h2c' }, fault: /Upgrade header/ },
    {
      name: 'has not read the key',
      fields: { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
      fault: /Sec-WebSocket-Accept/,
    },
    {
      name: 'wants an extension',
      fields: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      fault: /no extension was requested/,
    },
    {
      name: 'chooses what was not offered',
      fields: { 'Sec-WebSocket-Protocol': 'mqttv3.1' },
      fault: /invalid subprotocol/,
    },
    { name: 'is as it should be', fields: {}, fault: undefined },
  ];
  for (const { name, fields, fault } of answers) {
    it(`looks at an answer that ${name}`, async () => {
      const server = createHttpServer();
      server.on('upgrade', ({ headers }, socket) => {
        const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const accept = createHash('sha1').update(key).digest('base64');
        const header = {
          Upgrade: 'websocket',
          Connection: 'Upgrade',
          'Sec-WebSocket-Accept': accept,
          'Sec-WebSocket-Protocol': 'mqtt',
          ...fields,
        };
        const lines = Object.entries(header).map((field) => `${field.join(': ')}\r\n`);
        // The first frame comes along.
        const frame = Buffer.from([0x82, 1, 0x61]);
        const answer = `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
        socket.on('error', () => undefined).on('end', () => socket.destroy());
        socket.resume().write(Buffer.concat([Buffer.from(answer), frame]));
      });
      server.listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
      if (fault !== undefined) {
        const error = await failure({ port, close });
        assert.ok(error instanceof UpgradeError);
        assert.match(error.message, fault);
        return;
      }
      const end = new LinkEnd();
      await connectWebSocket(
        (link) => {
          end.link = link;
          return end;
        },
        { host, port },
      );
      await until(() => end.receivedBytes === 1);
      end.link.destroy();
      await close();
    });
  }

  it('is refused by a server that speaks no HTTP', async () => {
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('MQTT'),
    );
    server.listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = await failure({
      port,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    });
    assert.ok(error instanceof UpgradeError);
  });

  it('trusts no server that TLS does not trust', async () => {
    const server = await listen(() => undefined, { secure: true });
    await assert.rejects(
      connectWebSocket(() => new LinkEnd(), { host, port: server.port, tls: { ca: [] } }),
      HandshakeError,
    );
    await server.close();
  });

  it('gives up when it is told to, in the middle of the upgrade too', async () => {
    const controller = new AbortController();
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).once('data', () => controller.abort());
    }).listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = await failure(
      { port, close: () => new Promise((resolve) => server.close(() => resolve())) },
      { signal: controller.signal },
    );
    assert.ok(error instanceof UpgradeError);
  });
});
