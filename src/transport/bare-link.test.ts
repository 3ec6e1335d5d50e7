/** Connections without sockets: what the contract of links does not say. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { describe, it } from 'node:test';
import { LinkEnd } from '../../test/contract/link-contract.ts';
import type { Link, LinkReceiver } from '../session/link.ts';
import type { Arrival } from './arrival.ts';
import { type Listener, listenSockets } from './listen-sockets.ts';
import { startLink } from './socket-link.ts';

const place = { port: 0, host: '127.0.0.1' };

/** A listener, the client that has come to it, and how it has arrived. */
async function arrivalOf(): Promise<{ listener: Listener; client: Socket; arrival: Arrival }> {
  const arrived = Promise.withResolvers<Arrival>();
  const listener = await listenSockets((arrival) => arrived.resolve(arrival), place);
  const client = connect(listener.port, place.host);
  const arrival = await arrived.promise;
  return { listener, client, arrival };
}

function startedLink(arrival: Arrival, receiver: LinkReceiver): Link {
  let link: Link | undefined;
  startLink(arrival, (started) => {
    link = started;
    return receiver;
  });
  return link!;
}

const isUnknown = !process.versions.node.startsWith('26.');
const skip =
  isUnknown && 'only in those versions of Node that are known is it taken without a socket';

describe('a connection that comes in', { skip }, () => {
  it('has no socket until one is asked for', async () => {
    const { listener, client, arrival } = await arrivalOf();
    assert.ok(arrival.bareLink, 'this Node is one of those that are known');
    const link = startedLink(arrival, new LinkEnd());
    assert.equal(link.constructor.name, 'BareLink');
    assert.equal(link.peer, `127.0.0.1:${client.localPort}`);
    client.destroy();
    await listener.close();
  });

  it('has one for the layer that asks', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const { socket } = arrival;
    assert.equal(socket, arrival.socket);
    client.write('hello');
    const [bytes] = await once(socket, 'data');
    assert.equal(String(bytes), 'hello');
    socket.end('goodbye');
    const [answer] = await once(client, 'data');
    assert.equal(String(answer), 'goodbye');
    await listener.close();
  });

  it('lets go of a socket that has done, and reads on where that has stopped', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const { socket } = arrival;
    client.write('one');
    const [bytes] = await once(socket, 'data');
    assert.equal(String(bytes), 'one');
    socket.removeAllListeners('data');
    const end = new LinkEnd();
    const link = startedLink(arrival, end);
    assert.equal(link.constructor.name, 'BareLink');
    assert.equal(socket.destroyed, true);
    let isClosed = false;
    const closed = listener.close().then(() => {
      isClosed = true;
    });
    client.write('two');
    while (end.receivedBytes < 3) await new Promise(setImmediate);
    assert.equal(end.receivedText, 'two');
    assert.equal(isClosed, false, 'the listener waits for what is left');
    link.write(Buffer.from('answer'));
    const [answer] = await once(client, 'data');
    assert.equal(String(answer), 'answer');
    client.destroy();
    await closed;
    assert.equal(end.closedCount, 1);
  });

  it('leaves a socket what that has not sent or given out', async () => {
    for (const unfinished of ['read', 'write']) {
      const { listener, client, arrival } = await arrivalOf();
      const { socket } = arrival;
      if (unfinished === 'write') socket.write(Buffer.alloc(32 * 1024 * 1024));
      else {
        client.write('waits');
        await once(socket, 'readable');
      }
      const end = new LinkEnd();
      const link = startedLink(arrival, end);
      assert.equal(link.constructor.name, 'SocketLink', unfinished);
      if (unfinished === 'read') {
        while (end.receivedBytes < 5) await new Promise(setImmediate);
      }
      link.destroy();
      client.destroy();
      await listener.close();
    }
  });

  it('keeps the listener from closing until it has ended', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const end = new LinkEnd();
    const link = startedLink(arrival, end);
    let isClosed = false;
    const closed = listener.close().then(() => {
      isClosed = true;
    });
    link.write(Buffer.from('still here'));
    const [bytes] = await once(client, 'data');
    assert.equal(String(bytes), 'still here');
    assert.equal(isClosed, false);
    client.destroy();
    await closed;
    assert.equal(end.closedCount, 1);
  });

  it('ends with all others of its listener', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const end = new LinkEnd();
    startedLink(arrival, end);
    listener.destroyAll();
    await once(client, 'close');
    await listener.close();
    assert.equal(end.closedCount, 1);
  });

  it('ends with the error of the system when the other end breaks it off', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const closed = Promise.withResolvers<Error | undefined>();
    startedLink(arrival, { receive() {}, drained() {}, closed: closed.resolve });
    client.resetAndDestroy();
    const error = await closed.promise;
    assert.equal(error?.message, 'read ECONNRESET');
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
    await listener.close();
  });

  it('tells the error of a write once, and not before it returns', async () => {
    const { listener, client, arrival } = await arrivalOf();
    const closed = Promise.withResolvers<Error | undefined>();
    let closedCount = 0;
    const link = startedLink(arrival, {
      receive() {},
      drained() {},
      closed(error) {
        closedCount++;
        closed.resolve(error);
      },
    });
    link.pause();
    client.resetAndDestroy();
    await once(client, 'close');
    while (link.write(new Uint8Array(1000)) && link.pendingBytes === 0 && closedCount === 0) {
      assert.equal(closedCount, 0);
      await new Promise(setImmediate);
    }
    const error = await closed.promise;
    assert.match(String(error?.message), /^write (EPIPE|ECONNRESET)$/);
    await listener.close();
    assert.equal(closedCount, 1);
  });
});
