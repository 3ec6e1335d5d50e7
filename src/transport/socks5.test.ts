/** Clients get through SOCKS5 proxies, and are told why not. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { linkContract } from '../../test/contract/link-contract.ts';
import { pem } from '../../test/harness/certificates.ts';
import { connectedPair } from '../../test/harness/connected-pair.ts';
import { type SocksProxyOptions, startSocksProxy } from '../../test/harness/socks-proxy.ts';
import { peerOf } from './arrival.ts';
import { connectTcp } from './connect-tcp.ts';
import { connectTls } from './connect-tls.ts';
import { HandshakeError } from './handshake-error.ts';
import { startLink } from './socket-link.ts';
import { SocksError, type SocksFailure, type SocksProxy } from './socks5.ts';
import { listenTcp } from './tcp.ts';

const host = '127.0.0.1';
const login = { userName: 'ann', password: 'secret' };

linkContract('TCP through a SOCKS5 proxy', async () => {
  const running = await startSocksProxy({ login, names: { 'broker.example': host } });
  return connectedPair(
    (accept) => listenTcp(accept, { port: 0, host }),
    (accept, { port }) =>
      connectTcp(accept, {
        host: 'broker.example',
        port,
        proxy: { host, port: running.port, ...login },
      }),
    async (listener) => {
      await listener.close();
      await running[Symbol.asyncDispose]();
    },
  );
});

linkContract('TLS through a SOCKS5 proxy', async () => {
  const running = await startSocksProxy({ names: { localhost: host } });
  return connectedPair(
    async (accept) => {
      const server = createTlsServer({ cert: pem('server.crt'), key: pem('server.key') });
      server.on('secureConnection', (socket) => {
        startLink({ socket, peer: peerOf(socket), credentials: undefined }, accept);
      });
      await once(server.listen(0, host), 'listening');
      return server;
    },
    (accept, server) =>
      connectTls(accept, {
        host: 'localhost',
        port: (server.address() as { port: number }).port,
        proxy: { host, port: running.port },
        ca: [pem('ca.crt')],
      }),
    async (server) => {
      await new Promise((resolve) => server.close(resolve));
      await running[Symbol.asyncDispose]();
    },
  );
});

/** Connects to a port at which nobody needs to be, and expects that no link comes of it. */
async function refused(proxy: SocksProxy, signal?: AbortSignal): Promise<Error> {
  const accept = () => assert.fail('it has connected');
  try {
    await connectTcp(accept, { host, port: 1, proxy, ...(signal && { signal }) });
  } catch (error) {
    return error as Error;
  }
  return assert.fail('it has connected');
}

describe('a SOCKS5 proxy', () => {
  const all: readonly {
    options: SocksProxyOptions;
    proxy?: Partial<SocksProxy>;
    failure: SocksFailure;
  }[] = [
    { options: { login }, failure: 'authentication needed' },
    {
      options: { login },
      proxy: { userName: 'ann', password: 'guessed' },
      failure: 'bad user name or password',
    },
    { options: {}, failure: 'connection refused' },
    { options: { reply: 1 }, failure: 'general failure' },
    { options: { reply: 2 }, failure: 'not allowed' },
    { options: { reply: 3 }, failure: 'network unreachable' },
    { options: { reply: 4 }, failure: 'host unreachable' },
    { options: { reply: 6 }, failure: 'expired' },
    { options: { reply: 7 }, failure: 'command not supported' },
    { options: { reply: 8 }, failure: 'address type not supported' },
    { options: { reply: 99 }, failure: 'general failure' },
    { options: {}, proxy: { userName: 'n'.repeat(256) }, failure: 'connection refused' },
    { options: { login }, proxy: { userName: 'n'.repeat(256) }, failure: 'general failure' },
  ];
  for (const { options, proxy, failure } of all) {
    const name = `${JSON.stringify(options)} ${JSON.stringify(proxy ?? {}).slice(0, 40)}`;
    it(`with ${name} fails with '${failure}'`, async () => {
      await using running = await startSocksProxy(options);
      const error = await refused({ host, port: running.port, ...proxy });
      assert.ok(error instanceof SocksError, String(error));
      assert.equal(error.failure, failure);
    });
  }

  it('is asked for no name that SOCKS5 cannot carry', async () => {
    await using running = await startSocksProxy();
    const to = { host: 'h'.repeat(256), port: 1, proxy: { host, port: running.port } };
    await assert.rejects(
      connectTcp(() => assert.fail(), to),
      SocksError,
    );
  });

  for (const [name, answer] of [
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['hangs up', ''],
    ['hangs up in the midst of an answer', '\x05'],
    ['answers with an unknown type of address', '\x05\x00\x05\x00\x00\x09'],
    ['answers as another version', '\x05\x00\x04\x00\x00\x01'],
  ]) {
    it(`is none when it ${name}`, async () => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume().end(answer);
      });
      const port = await listening(server);
      const error = await refused({ host, port });
      server.close();
      assert.ok(error instanceof SocksError, String(error));
      assert.equal(error.failure, 'no SOCKS5 proxy');
    });
  }

  for (const [name, asked] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '0000:0000:0000:0000:0000:0000:0000:0001'],
    ['fe80::1:2%lo', 'fe80:0000:0000:0000:0000:0000:0001:0002'],
    ['::ffff:192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201'],
    ['1:2:3:4:5:6:7:8', '0001:0002:0003:0004:0005:0006:0007:0008'],
    ['broker.example', 'broker.example'],
  ]) {
    it(`is asked for ${name} as an address if it is one`, async () => {
      await using running = await startSocksProxy({ reply: 2 });
      const proxy = { host, port: running.port };
      await assert.rejects(connectTcp(() => assert.fail(), { host: name, port: 2, proxy }));
      assert.deepEqual(running.requests, [`${asked}:2`]);
    });
  }

  it('that is not there is the error of the system', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(((await refused({ host, port })) as { code?: string }).code, 'ECONNREFUSED');
  });

  it('is given up when the signal says so', async () => {
    const controller = new AbortController();
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => controller.abort());
    });
    const port = await listening(server);
    await refused({ host, port }, controller.signal);
    await new Promise((resolve) => server.close(resolve));
  });

  it('does not speak for the server behind it, in TLS', async () => {
    await using running = await startSocksProxy({ names: { 'broker.example': host } });
    const server = createTlsServer({ cert: pem('server.crt'), key: pem('server.key') });
    server.on('tlsClientError', () => undefined);
    const port = await listening(server);
    const proxy = { host, port: running.port };
    const options = { host: 'broker.example', port, proxy, ca: [pem('ca.crt')] };
    const connected = connectTls(() => assert.fail(), options);
    await assert.rejects(connected, (error) => {
      assert.ok(error instanceof HandshakeError);
      assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
      return true;
    });
    assert.deepEqual(running.requests, [`broker.example:${port}`]);
    server.close();
  });
});

describe('a connection from a given address', () => {
  it('comes from there', async () => {
    const server = createServer();
    const port = await listening(server);
    const [[socket]] = await Promise.all([
      once(server, 'connection'),
      connectTcp((link) => ({ receive() {}, drained() {}, closed: () => link.destroy() }), {
        host,
        port,
        localAddress: '127.0.0.7',
      }),
    ]);
    assert.equal(socket.remoteAddress, '127.0.0.7');
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, host), 'listening');
  return (server.address() as { port: number }).port;
}
