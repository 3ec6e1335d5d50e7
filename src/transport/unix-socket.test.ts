/** Listening on Unix sockets: the contract of links, and what may be in the way. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { listenSockets } from './listen-sockets.ts';
import { socketLinks, startLink } from './socket-link.ts';
import { listenTcp } from './tcp.ts';

const directory = mkdtempSync(join(tmpdir(), 'pantala-unix-'));
after(() => rmSync(directory, { recursive: true }));
let paths = 0;
const freePath = () => join(directory, `socket-${paths++}`);

/** One pass of the event loop, in which sockets are read and written. */
const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

async function openPair(): Promise<ConnectedPair> {
  const path = freePath();
  const near = new LinkEnd();
  const far = new LinkEnd();
  const arrived = Promise.withResolvers<void>();
  const links = socketLinks((link) => {
    far.link = link;
    arrived.resolve();
    return far;
  });
  const listener = await listenSockets(links, { path });
  const socket = connect({ path });
  startLink({ socket, peer: path, credentials: undefined }, (link) => {
    near.link = link;
    return near;
  });
  await arrived.promise;
  return {
    near,
    far,
    async settle() {
      for (let pass = 0; pass < 5; pass++) await loopPass();
    },
    async until(condition) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      near.link.destroy();
      far.link.destroy();
      await listener.close();
    },
  };
}

const hasNone = process.platform === 'win32' && 'Windows has no sockets in files';
describe('Unix sockets', { skip: hasNone }, () => {
  linkContract('a Unix socket', openPair);

  it('have the path for a peer, and port 0, as in the log of Mosquitto', async () => {
    const path = freePath();
    const peers: string[] = [];
    const listener = await listenTcp(
      (link) => {
        peers.push(link.peer);
        link.close();
        return new LinkEnd();
      },
      { path },
    );
    assert.deepEqual([listener.host, listener.port], [path, 0]);
    await once(connect({ path }).resume(), 'close');
    assert.deepEqual(peers, [`${path}:0`]);
    await listener.close();
  });

  it('are there for the owner and the group, and gone when the listener is closed', async () => {
    const path = freePath();
    const listener = await listenSockets(() => undefined, { path });
    assert.equal(statSync(path).mode & 0o777, 0o770);
    await listener.close();
    assert.equal(existsSync(path), false);
  });

  it('take the place of one that a broker has left', async () => {
    const path = freePath();
    leaveSocket(path);
    const listener = await listenSockets(({ socket }) => socket.end(), { path });
    await once(connect({ path }).resume(), 'close');
    await listener.close();
  });

  const refuses = (name: string, path: string, message: RegExp, prepare = () => {}) =>
    it(`are refused where ${name}`, async () => {
      prepare();
      await assert.rejects(
        listenSockets(() => undefined, { path }),
        { name: 'ListenError', message },
      );
    });

  const file = freePath();
  refuses('a file is', file, /there is something that is no socket. Move it away/, () =>
    writeFileSync(file, 'precious'),
  );
  const folder = freePath();
  const link = freePath();
  refuses('a symbolic link is', link, /is no socket/, () => symlinkSync(file, link));
  refuses('no directory is', join(folder, 'x'), /there is no directory '.*'. Make it first\.$/);
  refuses('a file is for a directory', join(file, 'x'), /'.*' is no directory. Take another path/);
  refuses(
    'the path is too long',
    join(directory, 'x'.repeat(200)),
    /^Path to unix socket is too l/,
  );
  refuses(
    'nobody may write',
    '/proc/pantala.sock',
    /there is no directory '\/proc'|permission denied/,
  );

  it('are refused where another program listens, which goes on', async () => {
    const path = freePath();
    const other = createServer((socket) => socket.end()).listen({ path });
    await once(other, 'listening');
    await assert.rejects(
      listenSockets(() => undefined, { path }),
      { name: 'ListenError', message: /another program listens on it. Stop that program/ },
    );
    await once(connect({ path }).resume(), 'close');
    other.close();
  });
});

/** A socket whose program has ended without taking it away. */
function leaveSocket(path: string): void {
  const script = `require('node:net').createServer().listen({ path: ${JSON.stringify(path)} }, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.equal(statSync(path).isSocket(), true);
}
