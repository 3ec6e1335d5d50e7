/** Which files are given out, and which never. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { LinkEnd } from '../../test/contract/link-contract.ts';
import { converse, type HttpAnswer, readAnswer } from '../../test/harness/raw-websocket.ts';
import { type Listener, listenSockets } from './listen-sockets.ts';
import { webSockets } from './websocket.ts';

const isWindows = process.platform === 'win32';
const modified = new Date('2026-01-02T03:04:05Z');
const largeBytes = 5_000_000;
const pipeMaker = 'mkfifo';
const localServer = createServer();

let root: string;
let directory: string;
let listener: Listener;
const served: string[] = [];

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pantala-static-'));
  directory = join(root, 'www');
  await mkdir(join(directory, 'sub'), { recursive: true });
  await mkdir(join(directory, 'empty'));
  await mkdir(join(directory, '.git'));
  await mkdir(join(root, 'www-private'));
  const files = {
    'www/index.html': '<p>hello</p>',
    'www/a b+ü.txt': 'spaces',
    'www/none.txt': '',
    'www/large.bin': Buffer.alloc(largeBytes, 'x'),
    'www/sub/index.html': 'sub',
    'www/sub/app.JS': 'go()',
    'www/.env': 'SECRET',
    'www/.git/config': 'SECRET',
    'www-private/secret.txt': 'SECRET',
    'secret.txt': 'SECRET',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  await utimes(join(directory, 'index.html'), modified, modified);
  if (!isWindows) {
    await symlink(join(directory, 'index.html'), join(directory, 'inside.html'));
    await symlink('../secret.txt', join(directory, 'outside.txt'));
    await symlink('..', join(directory, 'parent'));
    await symlink(join(root, 'www-private'), join(directory, 'private'));
    await symlink('.env', join(directory, 'env.txt'));
    await symlink('loop', join(directory, 'loop'));
    execFileSync(pipeMaker, [join(directory, 'pipe')]);
    localServer.listen(join(directory, 'socket'));
    await once(localServer, 'listening');
  }
  const layer = webSockets(
    () => new LinkEnd(),
    { httpDir: directory },
    { fileServed: (_peer, file) => served.push(file) },
  );
  listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
});

after(async () => {
  localServer.close();
  await listener.close();
  await rm(root, { recursive: true });
});

async function get(path: string, header = '', method = 'GET'): Promise<HttpAnswer> {
  const text = `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n`;
  return readAnswer(await converse(listener.port, text));
}

describe('files', () => {
  const found = [
    { path: '/', body: '<p>hello</p>', type: 'text/html; charset=utf-8' },
    { path: '/index.html', body: '<p>hello</p>', type: 'text/html; charset=utf-8' },
    { path: '/?a=/../b', body: '<p>hello</p>', type: 'text/html; charset=utf-8' },
    { path: '/sub/', body: 'sub', type: 'text/html; charset=utf-8' },
    { path: '/sub/app.JS', body: 'go()', type: 'text/javascript; charset=utf-8' },
    { path: '/a%20b+%C3%BC.txt', body: 'spaces', type: 'text/plain; charset=utf-8' },
    { path: '/%69ndex.html', body: '<p>hello</p>', type: 'text/html; charset=utf-8' },
    { path: '/none.txt', body: '', type: 'text/plain; charset=utf-8' },
  ];
  for (const { path, body, type } of found) {
    it(`are given out for ${path}`, async () => {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.body], [200, body]);
      assert.equal(answer.header.get('content-type'), type);
      assert.equal(answer.header.get('content-length'), String(body.length));
      assert.equal(answer.header.get('x-content-type-options'), 'nosniff');
    });
  }

  it('are told of', async () => {
    served.length = 0;
    await get('/sub/');
    await get('/missing');
    assert.deepEqual(
      served.map((file) => file.slice(-14).replaceAll('\\', '/')),
      ['sub/index.html'],
    );
  });

  it('come whole when they are large', async () => {
    const answer = await get('/large.bin');
    assert.equal(answer.header.get('content-type'), 'application/octet-stream');
    assert.equal(answer.body.length, largeBytes);
  });

  it('stay away when only their header is asked for', async () => {
    const { status, header, body } = await get('/large.bin', '', 'HEAD');
    assert.deepEqual([status, header.get('content-length'), body], [200, String(largeBytes), '']);
  });

  it('are given out one after the other on one connection', async () => {
    const socket = connect(listener.port, '127.0.0.1');
    for (let i = 0; i < 3; i++) {
      socket.write('GET /sub/ HTTP/1.1\r\nHost: a\r\n\r\n');
      const [bytes] = await once(socket, 'data');
      assert.equal(readAnswer(bytes.toString()).body, 'sub');
    }
    socket.destroy();
  });

  it('are not read ahead for a client that takes nothing', async () => {
    served.length = 0;
    const before = process.memoryUsage().arrayBuffers;
    const sockets = Array.from({ length: 20 }, () => connect(listener.port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.pause();
      socket.write('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    while (served.length < sockets.length) await new Promise(setImmediate);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < (sockets.length * largeBytes) / 2, `${grown} bytes`);
    for (const socket of sockets) socket.destroy();
  });

  it('are given out a hundred times on one connection, and then on another', async () => {
    const request = 'GET /sub/ HTTP/1.1\r\nHost: a\r\n\r\n';
    const socket = connect(listener.port, '127.0.0.1');
    let answers = 0;
    socket.on('data', () => {
      answers++;
      socket.write(request);
    });
    socket.on('error', () => {});
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    socket.on('close', () => resolve());
    socket.write(request);
    await closed;
    assert.equal(answers, 100);
  });

  it('are not awaited for ever once one was given out', async () => {
    const rejected: string[] = [];
    const layer = webSockets(
      () => new LinkEnd(),
      { httpDir: directory, upgradeSeconds: 0.05 },
      { connectionRejected: (_peer, reason) => rejected.push(reason) },
    );
    const brief = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
    const socket = connect(brief.port, '127.0.0.1');
    socket.write('GET /sub/ HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    assert.deepEqual(rejected, []);
    await brief.close();
  });

  const bounds = [
    { name: 'take only so long', options: { fileSeconds: 0.05 } },
    { name: 'are so many at a time, and the oldest has to go', options: { filesMax: 1 } },
  ];
  for (const { name, options } of bounds) {
    it(name, async () => {
      const layer = webSockets(() => new LinkEnd(), { httpDir: directory, ...options });
      const arrived: Socket[] = [];
      const bounded = await listenSockets(
        (arrival) => {
          arrived.push(arrival.socket);
          layer(arrival);
        },
        { port: 0, host: '127.0.0.1' },
      );
      const sockets = [0, 1].map(() => connect(bounded.port, '127.0.0.1'));
      for (const socket of sockets) {
        socket.write('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n');
        await once(socket, 'data');
        socket.pause();
      }
      if (!arrived[0].closed) await once(arrived[0], 'close');
      assert.ok(arrived[0].bytesWritten < largeBytes);
      sockets[0].destroy();
      sockets[1].destroy();
      await bounded.close();
    });
  }

  // An idle connection would be kept for longer.
  const soon = { timeout: 4000 };
  it('end the connection when they turn out shorter than was said', soon, async () => {
    const file = join(directory, 'shrinking.bin');
    await writeFile(file, Buffer.alloc(50_000_000));
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /shrinking.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    let bytes = (await once(socket, 'data'))[0].length;
    socket.on('data', (more) => {
      bytes += more.length;
    });
    socket.pause();
    await truncate(file, 1000);
    socket.resume();
    await once(socket, 'close');
    assert.ok(bytes < 50_000_000);
  });
});

describe('a file that whoever asks has already', () => {
  it('is not sent again', async () => {
    const { header } = await get('/index.html');
    const tag = header.get('etag');
    assert.equal(header.get('last-modified'), modified.toUTCString());
    const fields = [
      `If-None-Match: ${tag}`,
      `If-None-Match: "other", ${tag!.slice(2)}`,
      'If-None-Match: *',
      `If-Modified-Since: ${modified.toUTCString()}`,
      `If-Modified-Since: ${new Date().toUTCString()}`,
    ];
    for (const field of fields) {
      const answer = await get('/index.html', `${field}\r\n`);
      assert.deepEqual([answer.status, answer.body], [304, ''], field);
      assert.equal(answer.header.get('etag'), tag);
    }
  });

  it('is sent when it has changed', async () => {
    const earlier = new Date(modified.getTime() - 1000).toUTCString();
    const fields = [
      'If-None-Match: "other"',
      `If-None-Match: "other"\r\nIf-Modified-Since: ${new Date().toUTCString()}`,
      `If-Modified-Since: ${earlier}`,
      'If-Modified-Since: soon',
    ];
    for (const field of fields) {
      assert.equal((await get('/index.html', `${field}\r\n`)).status, 200, field);
    }
  });
});

describe('a directory', () => {
  it('is asked for anew with a slash, so that links in its page are right', async () => {
    const answer = await get('/sub?a=b');
    assert.deepEqual([answer.status, answer.header.get('location')], [302, '/sub/?a=b']);
  });

  it('is not listed', async () => {
    assert.equal((await get('/empty/')).status, 404);
  });
});

describe('nothing is given out', () => {
  const paths = [
    '/missing',
    '/index.html/',
    '/index.html/more',
    '/.env',
    '/.git/config',
    '/sub/../.env',
    '/../secret.txt',
    '/sub/../../secret.txt',
    '/..',
    '/../www-private/secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E%2Fsecret.txt',
    '/..%2fsecret.txt',
    '/sub/..%5c..%5csecret.txt',
    '/..\\secret.txt',
    '/%252e%252e/secret.txt',
    '//etc/passwd',
    '/sub//index.html',
    '//evil.example/%2f..',
    '/index.html%00.txt',
    '/%',
    '/%c0%ae%c0%ae/secret.txt',
    '/%ff',
    '*',
    'index.html',
    'http://localhost/index.html',
  ];
  for (const path of paths) {
    it(`for ${path}`, async () => {
      const answer = await get(path);
      assert.ok([404, 400].includes(answer.status), `${answer.status}`);
      assert.doesNotMatch(answer.body, /SECRET|hello|root:/);
    });
  }

  const linked = [
    { path: '/inside.html', status: 200 },
    { path: '/outside.txt', status: 404 },
    { path: '/parent/secret.txt', status: 404 },
    { path: '/parent/www/index.html', status: 200 },
    { path: '/private/secret.txt', status: 404 },
    { path: '/private', status: 404 },
    { path: '/parent', status: 404 },
    { path: '/env.txt', status: 404 },
    { path: '/loop', status: 404 },
    { path: '/pipe', status: 404 },
    { path: '/socket', status: 404 },
  ];
  for (const { path, status } of linked) {
    const skip = isWindows && 'symbolic links need rights on Windows';
    it(`by way of what is no file, or a link but to what is inside: ${status} for ${path}`, {
      skip,
    }, async () => {
      const answer = await get(path);
      assert.equal(answer.status, status);
      assert.doesNotMatch(answer.body, /SECRET/);
    });
  }

  it('for a path that is too long', async () => {
    assert.equal((await get(`/${'x'.repeat(1000)}`)).status, 414);
  });

  it('to whoever asks again before the answer has come', async () => {
    const requests = 'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50);
    const answer = await converse(listener.port, requests);
    assert.ok(answer.length < 50 * largeBytes);
  });
});
