/** TCP keeps the contract of links, and listens where it is told. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { connectedPair } from '../../test/harness/connected-pair.ts';
import { connectTcp } from './connect-tcp.ts';
import { listenTcp } from './tcp.ts';

const openPair = () =>
  connectedPair(
    (accept) => listenTcp(accept, { port: 0, host: '127.0.0.1' }),
    (accept, { port }) => connectTcp(accept, { host: '127.0.0.1', port }),
    (listener) => listener.close(),
  );

linkContract('TCP', openPair);

describe('listenTcp', () => {
  it('tells the port that the system chose, and stops taking connections', async () => {
    const listener = await listenTcp(() => new LinkEnd(), { port: 0, host: '127.0.0.1' });
    assert.ok(listener.port > 0);
    await listener.close();
    const socket = connect(listener.port, '127.0.0.1');
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('where it is full tells of the end of a connection before one that was made after it', async () => {
    const told: string[] = [];
    const hasThree = Promise.withResolvers<void>();
    const sockets: Socket[] = [];
    const open = () => sockets.push(connect(listener.port, '127.0.0.1'));
    // As soon as it is told of one, the next comes; the third comes once the first has gone.
    const next = (name: number) => {
      if (name === 3) return hasThree.resolve();
      if (name === 2) sockets[0].destroy();
      open();
    };
    const listener = await listenTcp(
      () => {
        const name = sockets.length;
        told.push(`open ${name}`);
        next(name);
        return { receive() {}, drained() {}, closed: () => told.push(`closed ${name}`) };
      },
      { port: 0, host: '127.0.0.1', isFull: () => true },
    );
    open();
    await hasThree.promise;
    assert.deepEqual(told, ['open 1', 'open 2', 'closed 1', 'open 3']);
    for (const socket of sockets) socket.destroy();
    await listener.close();
  });

  it('fails with the error of the system when the port is taken', async () => {
    const listener = await listenTcp(() => new LinkEnd(), { port: 0, host: '127.0.0.1' });
    const again = listenTcp(() => new LinkEnd(), { port: listener.port, host: '127.0.0.1' });
    await assert.rejects(again, { code: 'EADDRINUSE' });
    await listener.close();
  });
});

describe('connectTcp', () => {
  it('gives a client an ordered, lossless stream of bytes [MQTT3-7.1.2-1]', async () => {
    await using pair = await openPair();
    const sent = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i % 253));
    for (let at = 0; at < sent.length; at += 7919)
      pair.near.link.write(sent.subarray(at, at + 7919));
    await pair.until(() => pair.far.receivedBytes === sent.length);
    assert.deepEqual(pair.far.received, new Uint8Array(sent));
  });

  it('fails with the error of the system when nobody listens', async () => {
    const listener = await listenTcp(() => new LinkEnd(), { port: 0, host: '127.0.0.1' });
    await listener.close();
    const connecting = connectTcp(() => new LinkEnd(), { host: '127.0.0.1', port: listener.port });
    await assert.rejects(connecting, { code: 'ECONNREFUSED' });
  });

  it('gives up when it is told to', async () => {
    const listener = await listenTcp(() => new LinkEnd(), { port: 0, host: '127.0.0.1' });
    const options = { host: '127.0.0.1', port: listener.port, signal: AbortSignal.abort() };
    await assert.rejects(
      connectTcp(() => new LinkEnd(), options),
      /was given up/,
    );
    await listener.close();
  });
});
