/** MQTT over WebSocket keeps the contract of links, plain and inside TLS. */

import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { connectForeignWebSocket } from '../../test/harness/foreign-websocket.ts';
import { peerOf } from './arrival.ts';
import { listenSockets } from './listen-sockets.ts';
import { webSockets } from './websocket.ts';

/** One pass of the event loop, in which sockets are read and written. */
const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

// TLS without a certificate: both sides know a key.
const psk = Buffer.alloc(16, 'k');
const tlsServer: TlsOptions = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => psk,
};
const tlsClient = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => ({ psk, identity: 'test' }),
  // What `ws` says it returns is not what TLS asks for.
  checkServerIdentity: () => undefined as unknown as boolean,
} as const;

async function openPair(scheme: 'ws' | 'wss', nearSide: 'client' | 'server') {
  const client = new LinkEnd();
  const server = new LinkEnd();
  const arrived = Promise.withResolvers<void>();
  const layer = webSockets((link) => {
    server.link = link;
    arrived.resolve();
    return server;
  });
  const tls = createTlsServer(tlsServer, (socket) => {
    layer({ socket, peer: peerOf(socket), credentials: undefined });
  });
  const listener = await listenSockets(
    scheme === 'ws' ? layer : ({ socket }) => tls.emit('connection', socket),
    { port: 0, host: '127.0.0.1' },
  );
  const url = `${scheme}://127.0.0.1:${listener.port}/mqtt`;
  await connectForeignWebSocket(
    (link) => {
      client.link = link;
      return client;
    },
    url,
    scheme === 'wss' ? tlsClient : {},
  );
  await arrived.promise;
  const pair: ConnectedPair = {
    near: nearSide === 'client' ? client : server,
    far: nearSide === 'client' ? server : client,
    async settle() {
      for (let pass = 0; pass < 5; pass++) await loopPass();
    },
    async until(condition) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      client.link.destroy();
      server.link.destroy();
      await listener.close();
    },
  };
  return pair;
}

for (const near of ['client', 'server'] as const) {
  linkContract(`WebSocket, as the ${near} sees it`, () => openPair('ws', near));
  linkContract(`WebSocket inside TLS, as the ${near} sees it`, () => openPair('wss', near));
}
