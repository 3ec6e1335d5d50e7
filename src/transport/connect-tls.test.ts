/** TLS keeps the contract of links, and lets nobody in who cannot be trusted. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type Server as NetServer } from 'node:net';
import { describe, it } from 'node:test';
import { createServer, type TlsOptions as ServerOptions } from 'node:tls';
import { LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { pem } from '../../test/harness/certificates.ts';
import { connectedPair } from '../../test/harness/connected-pair.ts';
import type { Accept } from '../session/link.ts';
import { peerOf } from './arrival.ts';
import { connectTls } from './connect-tls.ts';
import { HandshakeError } from './handshake-error.ts';
import { startLink } from './socket-link.ts';
import type { TlsOptions } from './tls-client.ts';

const host = '127.0.0.1';
const trust = { ca: [pem('ca.crt')] } as const;
const key = new Uint8Array([0xab, 0xcd, 0xef]);

/** A server with this certificate and the key to it. */
function shows(name: string, ...others: string[]): ServerOptions {
  return { cert: [name, ...others].map(pem).join(''), key: pem('server.key') };
}

async function listen(options: ServerOptions, accept: Accept = () => new LinkEnd()) {
  const server = createServer(options, (socket) => {
    startLink({ socket, peer: peerOf(socket), credentials: undefined }, accept);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

function portOf(server: NetServer): number {
  return (server.address() as { port: number }).port;
}

function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

for (const { name, server, client } of [
  { name: 'TLS 1.3', server: shows('server.crt'), client: trust },
  { name: 'TLS 1.2', server: { ...shows('server.crt'), maxVersion: 'TLSv1.2' }, client: trust },
  {
    name: 'a pre-shared key',
    server: { ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => key },
    client: { psk: { identity: 'device', key } },
  },
] as const satisfies readonly { name: string; server: ServerOptions; client: TlsOptions }[]) {
  linkContract(`a client of ${name}`, () =>
    connectedPair(
      (accept) => listen(server, accept),
      (accept, listening) => connectTls(accept, { host, port: portOf(listening), ...client }),
      close,
    ),
  );
}

/** Connects to a server, and expects that no link comes of it. */
async function refused(server: ServerOptions, client: TlsOptions, to = host) {
  const listening = await listen(server);
  let links = 0;
  const accept: Accept = (link) => {
    links += 1;
    link.destroy();
    return new LinkEnd();
  };
  try {
    await connectTls(accept, { host: to, port: portOf(listening), ...client });
    assert.fail('it has connected');
  } catch (error) {
    assert.ok(error instanceof HandshakeError, String(error));
    assert.equal(links, 0);
    return error;
  } finally {
    await close(listening);
  }
}

/** Connects to a server, and leaves again. */
async function accepted(server: ServerOptions, client: TlsOptions, to = host) {
  const listening = await listen(server);
  const near = new LinkEnd();
  await connectTls(
    (link) => {
      near.link = link;
      return near;
    },
    { host: to, port: portOf(listening), ...client },
  );
  near.link.destroy();
  await close(listening);
}

describe('connectTls', () => {
  for (const { name, code } of [
    { name: 'expired.crt', code: 'CERT_HAS_EXPIRED' },
    { name: 'early.crt', code: 'CERT_NOT_YET_VALID' },
    { name: 'self-signed.crt', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    { name: 'leaf.crt', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    { name: 'elsewhere.crt', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    { name: 'for-clients.crt', code: 'INVALID_PURPOSE' },
  ]) {
    it(`refuses ${name}, and tells of it what it has seen`, async () => {
      const { code: found, certificate } = await refused(shows(name), trust);
      assert.equal(found, code);
      assert.equal(certificate?.toString(), pem(name));
    });
  }

  it('trusts a leaf whose intermediate the server sends', () =>
    accepted(shows('leaf.crt', 'intermediate.crt'), trust));

  it('trusts a self-signed certificate that it was given', () =>
    accepted(shows('self-signed.crt'), { ca: [pem('self-signed.crt')] }));

  it('trusts nobody when the list of those to trust is empty', async () => {
    const { code } = await refused(shows('server.crt'), { ca: [] });
    assert.equal(code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('takes a common name for a name where there is no subjectAltName', () =>
    accepted(shows('common-name.crt'), trust, 'localhost'));

  it('takes no common name for an address', async () => {
    const { code } = await refused(shows('common-name.crt'), trust);
    assert.equal(code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('takes any name when it is insecure, but of a trusted CA only', async () => {
    await accepted(shows('elsewhere.crt'), { ...trust, insecure: true });
    const { code } = await refused(shows('self-signed.crt'), { ...trust, insecure: true });
    assert.equal(code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  for (const name of ['expired.crt', 'self-signed.crt', 'elsewhere.crt', 'leaf.crt']) {
    it(`takes ${name}, as anything, when it verifies nothing`, () =>
      accepted(shows(name), { ...trust, unverified: true }));
  }

  it('checks the name that it was told to in the place of the host', async () => {
    await accepted(shows('elsewhere.crt'), { ...trust, serverName: 'a.other.example' });
    const { code } = await refused(shows('server.crt'), { ...trust, serverName: 'a.example' });
    assert.equal(code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('shows its own certificate', async () => {
    const arrived = Promise.withResolvers<string | undefined>();
    const server = createServer(
      { ...shows('server.crt'), ca: pem('ca.crt'), requestCert: true },
      (socket) => {
        arrived.resolve(socket.getPeerX509Certificate()?.subject);
        socket.destroy();
      },
    ).listen(0, host);
    await once(server, 'listening');
    const own = { cert: pem('client.crt'), key: pem('client.key') };
    await connectTls(() => new LinkEnd(), { host, port: portOf(server), ...trust, ...own });
    assert.equal(await arrived.promise, 'CN=device-1');
    await close(server);
  });

  it('asks for a name and a protocol, and hands out its keys', async () => {
    const arrived = Promise.withResolvers<unknown>();
    const server = createServer({ ...shows('server.crt'), ALPNProtocols: ['mqtt'] }, (socket) => {
      arrived.resolve([socket.servername, socket.alpnProtocol]);
      socket.destroy();
    }).listen(0, host);
    await once(server, 'listening');
    const keys: string[] = [];
    await connectTls(() => new LinkEnd(), {
      host: 'localhost',
      port: portOf(server),
      ...trust,
      alpn: 'mqtt',
      keylog: (line) => keys.push(Buffer.from(line).toString()),
    });
    assert.deepEqual(await arrived.promise, ['localhost', 'mqtt']);
    assert.match(keys.join(''), /^CLIENT_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]+ [0-9a-f]+$/m);
    await close(server);
  });

  it('speaks no version below the one it was told', async () => {
    const old = { ...shows('server.crt'), maxVersion: 'TLSv1.2' } as const;
    const { code } = await refused(old, { ...trust, minVersion: 'TLSv1.3' });
    assert.match(code, /PROTOCOL_VERSION$/);
  });

  it('offers only the ciphers it was told', async () => {
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384';
    const server = { ...shows('server.crt'), ciphers, maxVersion: 'TLSv1.2' } as const;
    const { code } = await refused(server, { ...trust, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    assert.match(code, /HANDSHAKE_FAILURE$/);
  });

  it('is refused for a pre-shared key that the server does not know', async () => {
    const server = { ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => null } as const;
    const { code } = await refused(server, { psk: { identity: 'device', key } });
    assert.match(code, /^ERR_SSL_/);
  });

  it('tells when the other side does not speak TLS, or hangs up', async () => {
    for (const { answer, code } of [
      { answer: 'HTTP/1.1 400 Bad Request\r\n\r\n', code: /WRONG_VERSION_NUMBER$/ },
      { answer: '', code: /^ECONNRESET$/ },
    ]) {
      const server = createTcpServer((socket) => {
        socket
          .on('error', () => undefined)
          .resume()
          .end(answer);
      }).listen(0, host);
      await once(server, 'listening');
      await assert.rejects(
        connectTls(() => new LinkEnd(), { host, port: portOf(server), ...trust }),
        (error) => error instanceof HandshakeError && code.test(error.code),
      );
      await close(server);
    }
  });

  it('fails with the error of the system when nobody listens', async () => {
    const server = await listen(shows('server.crt'));
    const port = portOf(server);
    await close(server);
    await assert.rejects(
      connectTls(() => new LinkEnd(), { host, port, ...trust }),
      { name: 'Error', code: 'ECONNREFUSED' },
    );
  });

  it('gives up when it is told to, in the middle of the handshake too', async () => {
    const controller = new AbortController();
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).resume();
      controller.abort();
    }).listen(0, host);
    await once(server, 'listening');
    const { signal } = controller;
    await assert.rejects(
      connectTls(() => new LinkEnd(), { host, port: portOf(server), ...trust, signal }),
      /was given up/,
    );
    await close(server);
  });

  it('gives up a server that never answers', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).once('data', () => test.mock.timers.tick(30_000));
    }).listen(0, host);
    await once(server, 'listening');
    await assert.rejects(
      connectTls(() => new LinkEnd(), { host, port: portOf(server), ...trust }),
      { code: 'HANDSHAKE_TIMEOUT' },
    );
    await close(server);
  });
});
