/** A Unix socket keeps the contract of links. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { pem } from '../../test/harness/certificates.ts';
import { connectedPair } from '../../test/harness/connected-pair.ts';
import { connectTls } from './connect-tls.ts';
import { connectUnix } from './connect-unix.ts';
import { startLink } from './socket-link.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
after(() => rmSync(folder, { recursive: true }));
let paths = 0;

/** A path that no other test uses; on Windows, of a named pipe. */
function freshPath(): string {
  const name = `${process.pid}-${paths++}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\pantala-${name}` : join(folder, name);
}

async function listening(server: Server): Promise<{ path: string; close: () => Promise<void> }> {
  const path = freshPath();
  server.listen(path);
  await once(server, 'listening');
  return { path, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

linkContract('a client of a Unix socket', () =>
  connectedPair(
    (accept) =>
      listening(
        createServer((socket) =>
          startLink({ socket, peer: 'client', credentials: undefined }, accept),
        ),
      ),
    (accept, { path }) => connectUnix(accept, { path }),
    ({ close }) => close(),
  ),
);

it('connectUnix names the path as its peer', async () => {
  const { path, close } = await listening(createServer((socket) => socket.destroy()));
  const end = new LinkEnd();
  await connectUnix(
    (link) => {
      end.link = link;
      return end;
    },
    { path },
  );
  assert.equal(end.link.peer, path);
  await close();
});

it('connectUnix fails with the error of the system where there is nothing', async () => {
  await assert.rejects(
    connectUnix(() => new LinkEnd(), { path: freshPath() }),
    { code: 'ENOENT' },
  );
});

it('connectTls goes over a Unix socket too, where there is no name to check', async () => {
  const server = createTlsServer(
    { cert: pem('elsewhere.crt'), key: pem('server.key') },
    (socket) => void socket.destroy(),
  );
  const { path, close } = await listening(server);
  await connectTls(() => new LinkEnd(), { path, ca: [pem('ca.crt')] });
  await close();
});
