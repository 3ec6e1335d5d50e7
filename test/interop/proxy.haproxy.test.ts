/** HAProxy before the broker, in each of its ways to send a PROXY header. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import type { PeerCredentials } from '../../src/session/link.ts';
import type { Arrival } from '../../src/transport/arrival.ts';
import { listenSockets } from '../../src/transport/listen-sockets.ts';
import { type ProxyProtocolOptions, proxyProtocol } from '../../src/transport/proxy-protocol.ts';
import { socketLinks } from '../../src/transport/socket-link.ts';
import { type LayeredBroker, openLayeredBroker } from './layered-broker.ts';
import { HaproxyFolder, type HaproxyLines, missingHaproxy } from './running-haproxy.ts';

const connectPacket = bytesOf('10 ["MQTT" 04 02 0000 "behind"]');
const connack = Buffer.of(0x20, 2, 0, 0);
const ends = 'ssl crt server.pem ca-file ca.pem verify optional';

describe('HAProxy', { timeout: 60_000 }, () => {
  // A suite that is skipped counts as none, and CI would miss it: a test is skipped in its place.
  const missing = missingHaproxy();
  if (missing === undefined) declareTests();
  else it('tells of its clients, in each of its ways', { skip: missing });
});

function declareTests(): void {
  const folder = new HaproxyFolder();
  before(() => folder.makeCertificates());
  after(() => folder[Symbol.dispose]());

  /** The client's end of a connection, with TLS where HAProxy ends it. */
  const clientOf = (port: number, { bind }: HaproxyLines, isCertified: boolean): Socket => {
    if (bind === undefined) return connect(port, '127.0.0.1');
    const certificate = isCertified && {
      cert: folder.read('client.pem'),
      key: folder.read('client.key'),
    };
    const ca = folder.read('ca.pem');
    return connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca, ...certificate });
  };

  const tells = (
    options: ProxyProtocolOptions,
    lines: HaproxyLines,
    credentials: PeerCredentials | undefined,
  ) =>
    it(`tells of a client with ${lines.server}`, async () => {
      await using broker = await brokerBehind(options);
      await using haproxy = await folder.start(broker.port, lines);
      const socket = clientOf(haproxy.port, lines, options.requireCertificate === true);
      socket.write(connectPacket);
      assert.deepEqual(await once(socket, 'data'), [connack]);
      const client = await broker.client();
      assert.equal(client.peer, `127.0.0.1:${socket.localPort}`);
      assert.deepEqual(client.credentials, credentials);
      socket.destroy();
    });
  const known = (cipher: string, identity?: string) => ({ cipher, identity, subject: undefined });

  tells({ version: 1 }, { server: 'send-proxy' }, undefined);
  tells({ version: 2 }, { server: 'send-proxy-v2' }, undefined);
  tells(
    { version: 2 },
    { server: 'send-proxy-v2 proxy-v2-options crc32c,unique-id,authority' },
    undefined,
  );
  tells(
    { version: 2, requireTls: true, useIdentity: true },
    { server: 'send-proxy-v2-ssl', bind: ends },
    known('TLSv1.3'),
  );
  tells(
    { version: 2, requireTls: true, requireCertificate: true, useIdentity: true },
    { server: 'send-proxy-v2-ssl-cn', bind: ends },
    known('TLSv1.3', 'sensor'),
  );
  tells(
    { version: 2, requireTls: true, requireCertificate: true, useIdentity: true },
    {
      server: 'send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-key,cert-sig,crc32c',
      bind: ends,
    },
    known('TLSv1.3/TLS_AES_256_GCM_SHA384', 'sensor'),
  );

  const lacks = (what: string, options: ProxyProtocolOptions, lines: HaproxyLines) =>
    it(`lets no client in ${what}`, async () => {
      await using broker = await brokerBehind(options);
      await using haproxy = await folder.start(broker.port, lines);
      const socket = clientOf(haproxy.port, lines, false).on('error', () => undefined);
      socket.write(connectPacket);
      let received = 0;
      socket.on('data', (bytes) => {
        received += bytes.length;
      });
      await once(socket, 'close');
      assert.equal(received, 0);
    });

  lacks('without TLS', { version: 2, requireTls: true }, { server: 'send-proxy-v2-ssl' });
  lacks(
    'without a certificate',
    { version: 2, requireCertificate: true },
    { server: 'send-proxy-v2-ssl-cn', bind: ends },
  );
  lacks('with another version', { version: 2 }, { server: 'send-proxy' });
  lacks('without a header', { version: 2 }, { server: '' });

  it('is let through when it looks whether the broker is there', async () => {
    const checked = Promise.withResolvers<Arrival>();
    const layer = proxyProtocol({ version: 2 }, (arrival) => {
      // It ends its looks with a reset.
      arrival.socket.on('error', () => undefined);
      checked.resolve(arrival);
    });
    const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
    {
      const lines = { server: 'send-proxy-v2 check inter 100ms' };
      await using _haproxy = await folder.start(listener.port, lines);
      const { peer, credentials } = await checked.promise;
      // HAProxy's own, as it speaks for nobody; it may have gone before anybody could ask.
      assert.match(peer, /^(?:127\.0\.0\.1:\d+|\?:0)$/);
      assert.equal(credentials, undefined);
    }
    await listener.close();
  });
}

function brokerBehind(options: ProxyProtocolOptions): Promise<LayeredBroker> {
  return openLayeredBroker((accept) => proxyProtocol(options, socketLinks(accept)));
}
