/** MQTT over WebSocket keeps the contract of links, plain and inside TLS. */

import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { connectForeignWebSocket } from '../../test/harness/foreign-websocket.ts';
import { type Arrivals, peerOf } from './arrival.ts';
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

/** What lies between the WebSocket and the network, from the server's side. */
type Below = 'nothing' | 'a socket' | 'TLS';

async function openPair(below: Below, nearSide: 'client' | 'server') {
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
  const arrivals: Record<Below, Arrivals> = {
    nothing: layer,
    'a socket': ({ socket, peer }) => layer({ socket, peer, credentials: undefined }),
    TLS: ({ socket }) => tls.emit('connection', socket),
  };
  const listener = await listenSockets(arrivals[below], { port: 0, host: '127.0.0.1' });
  const scheme = below === 'TLS' ? 'wss' : 'ws';
  const url = `${scheme}://127.0.0.1:${listener.port}/mqtt`;
  await connectForeignWebSocket(
    (link) => {
      client.link = link;
      return client;
    },
    url,
    below === 'TLS' ? tlsClient : {},
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

for (const below of ['nothing', 'a socket', 'TLS'] as const) {
  for (const near of ['client', 'server'] as const) {
    linkContract(`WebSocket on ${below}, as the ${near} sees it`, () => openPair(below, near));
  }
}
