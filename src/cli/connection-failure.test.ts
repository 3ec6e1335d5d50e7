/** What the tools say when they get no connection over TLS, WebSocket or a Unix socket. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { certificateFile, pem } from '../../test/harness/certificates.ts';
import { sub } from './sub.ts';
import { testIo } from './test-io.ts';

const trust = ['--cafile', certificateFile('ca.crt')];

/** Runs sub at a server, and expects Mosquitto's line and one sentence. */
async function check(
  server: Server | undefined,
  { args, exitCode, line, says }: { args: string[]; exitCode: number; line: string; says: RegExp },
): Promise<void> {
  const { io, stderr } = testIo();
  let place: string[] = [];
  if (server !== undefined) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    place = ['-h', '127.0.0.1', '-p', String(port)];
  }
  const ended = await sub.run([...place, ...args, '-t', 'a'], io);
  if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  const [first, second, ...others] = stderr.text.split('\n');
  assert.deepEqual([ended, first, others], [exitCode, line, ['']], stderr.text);
  assert.match(second, says);
}

function tlsServer(name: string, options: TlsOptions = {}): Server {
  const server = createTlsServer({ cert: pem(name), key: pem('server.key'), ...options });
  server.on('tlsClientError', () => undefined);
  return server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
}

const tlsError = { exitCode: 8, line: 'Error: A TLS error occurred.' };

describe('a tool without a connection', () => {
  for (const { name, says } of [
    { name: 'expired.crt', says: /^The broker's certificate expired on 2021-01-01/ },
    { name: 'self-signed.crt', says: /is self-signed/ },
    { name: 'elsewhere.crt', says: /is for other\.example and .*, not for '127\.0\.0\.1'/ },
    { name: 'leaf.crt', says: /issued by 'Test Intermediate'/ },
  ]) {
    it(`explains what is wrong with ${name}`, () =>
      check(tlsServer(name), { args: trust, ...tlsError, says }));
  }

  it('says that the broker wants a certificate', () =>
    check(tlsServer('server.crt', { ca: pem('ca.crt'), requestCert: true }), {
      args: trust,
      exitCode: 7,
      line: 'Error: The connection was lost.',
      says: /--cert and --key/,
    }));

  it('says that the port is not for TLS', () => {
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    return check(server, { args: trust, ...tlsError, says: /does not speak TLS on this port/ });
  });

  it('asks whether the port is for TLS when the broker says nothing', () => {
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .resume()
        .end();
    });
    return check(server, {
      args: [],
      exitCode: 7,
      line: 'Error: The connection was lost.',
      says: /^The server closed the connection\. If this port is for TLS, give --cafile/,
    });
  });

  it('says that the listener has no WebSocket', () => {
    const server = createHttpServer((_request, response) => response.writeHead(404).end());
    return check(server, {
      args: ['--ws'],
      exitCode: 13,
      line: 'Error: Unknown error.',
      says: /did not open a WebSocket for MQTT \(Unexpected server response: 404\)/,
    });
  });

  it('says that there is no such socket', () =>
    check(undefined, {
      args: ['--unix', join(tmpdir(), 'pantala-nowhere')],
      exitCode: 1,
      line: 'Error: No such file or directory',
      says: /check --unix/,
    }));
});
