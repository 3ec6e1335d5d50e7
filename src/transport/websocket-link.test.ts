/** What a WebSocket may carry, and what ends it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LinkEnd } from '../../test/contract/link-contract.ts';
import { clientFrame, opcodes, RawWebSocket } from '../../test/harness/raw-websocket.ts';
import { listenSockets } from './listen-sockets.ts';
import { type WebSocketOptions, webSockets } from './websocket.ts';

const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

async function open(options: WebSocketOptions = {}) {
  const server = new LinkEnd();
  const layer = webSockets((link) => {
    server.link = link;
    return server;
  }, options);
  const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
  const client = await RawWebSocket.open(listener.port);
  return {
    server,
    client,
    async until(condition: () => boolean) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await listener.close();
    },
  };
}

const bytesOf = (text: string) => Buffer.from(text);

describe('a WebSocket', () => {
  it('gives on the payload of frames and of fragments, with pings between them', async () => {
    await using pair = await open();
    const { client, server } = pair;
    client.send(
      clientFrame(opcodes.binary, bytesOf('one ')),
      clientFrame(opcodes.binary, bytesOf('two '), { isFinal: false }),
      clientFrame(opcodes.ping, bytesOf('?')),
      clientFrame(opcodes.continuation, bytesOf(''), { isFinal: false }),
      clientFrame(opcodes.continuation, bytesOf('three')),
    );
    await pair.until(() => server.receivedBytes === 13);
    assert.equal(server.receivedText, 'one two three');
  });

  it('gives on what has come of a frame, and does not wait for the rest', async () => {
    await using pair = await open();
    const frame = clientFrame(opcodes.binary, Buffer.alloc(100_000));
    pair.client.send(frame.subarray(0, -1));
    await pair.until(() => pair.server.receivedBytes === 99_999);
  });

  it('sends what is written at once as one frame, however long', async () => {
    await using pair = await open();
    for (const length of [1, 125, 126, 65_535, 65_536]) {
      pair.server.link.write(Buffer.alloc(length, 'x'));
      const frame = await pair.client.next();
      assert.deepEqual([frame?.opcode, frame?.payload.length], [opcodes.binary, length]);
    }
  });

  it('answers a ping with what was in it', async () => {
    await using pair = await open();
    pair.client.send(clientFrame(opcodes.ping, bytesOf('are you there?')));
    const frame = await pair.client.next();
    assert.deepEqual([frame?.opcode, frame?.payload.toString()], [opcodes.pong, 'are you there?']);
  });

  it('answers the last of many pings that come at once', async () => {
    await using pair = await open();
    const pings = Array.from({ length: 500 }, (_, i) => clientFrame(opcodes.ping, bytesOf(`${i}`)));
    pair.client.send(...pings);
    const answers: string[] = [];
    while (answers.at(-1) !== '499') {
      answers.push((await pair.client.next())!.payload.toString());
    }
    assert.ok(answers.length < 50, `${answers.length} answers`);
  });

  it('answers at most one ping of a client that takes nothing, once it does', async () => {
    await using pair = await open();
    const { client, server } = pair;
    client.stall();
    let written = 0;
    while (server.link.pendingBytes === 0) {
      server.link.write(Buffer.alloc(65_536));
      written += 65_536;
      await loopPass();
    }
    const { pendingBytes } = server.link;
    for (let i = 0; i < 1000; i++) client.send(clientFrame(opcodes.ping, Buffer.alloc(125, i)));
    client.send(clientFrame(opcodes.binary, bytesOf('end')));
    await pair.until(() => server.receivedBytes === 3);
    assert.equal(server.link.pendingBytes, pendingBytes);
    client.read();
    let read = 0;
    for (
      let frame = await client.next();
      frame?.opcode !== opcodes.pong;
      frame = await client.next()
    ) {
      read += frame!.payload.length;
    }
    assert.equal(read, written);
    await pair.until(() => server.drainedCount === 1);
  });

  it('ends with 1003 when a text frame comes, and gives on nothing more', async () => {
    await using pair = await open();
    const { client, server } = pair;
    client.send(
      clientFrame(opcodes.binary, bytesOf('before')),
      clientFrame(opcodes.text, Buffer.from([0xff])),
      clientFrame(opcodes.binary, bytesOf('after')),
    );
    assert.equal(await client.closeCode(), 1003);
    client.send(clientFrame(opcodes.close, Buffer.from([0x03, 0xeb])));
    await pair.until(() => server.closedCount === 1);
    assert.equal(server.receivedText, 'before');
    assert.match(server.error!.message, /text frame/);
  });

  const broken = [
    { name: 'is not masked', frame: clientFrame(2, bytesOf('a'), { isMasked: false }), code: 1002 },
    { name: 'has an unknown opcode', frame: clientFrame(3), code: 1002 },
    { name: 'goes on where nothing began', frame: clientFrame(0, bytesOf('a')), code: 1002 },
    { name: 'is larger than allowed', frame: clientFrame(2, Buffer.alloc(1001)), code: 1009 },
    {
      name: 'says that it is larger than anything',
      frame: Buffer.from('82ffffffffffffffffff00000000', 'hex'),
      code: 1009,
    },
  ];
  for (const { name, frame, code } of broken) {
    it(`ends with ${code} when a frame ${name}`, async () => {
      await using pair = await open({ frameBytesMax: 1000 });
      pair.client.send(frame);
      assert.equal(await pair.client.closeCode(), code);
      assert.equal(await pair.client.next(), undefined);
      await pair.until(() => pair.server.closedCount === 1);
      assert.ok(pair.server.error instanceof Error);
    });
  }

  it('bounds the fragments of a message, which may be empty', async () => {
    await using pair = await open();
    const fragment = clientFrame(opcodes.continuation, Buffer.alloc(0), { isFinal: false });
    pair.client.send(clientFrame(opcodes.binary, Buffer.alloc(0), { isFinal: false }));
    pair.client.send(...Array.from({ length: 5000 }, () => fragment));
    assert.equal(await pair.client.closeCode(), 1008);
  });

  it('is over some time after a goodbye that is not answered', async (test) => {
    await using pair = await open();
    test.mock.timers.enable({ apis: ['setTimeout'] });
    pair.server.link.close();
    assert.equal(await pair.client.closeCode(), 1000);
    test.mock.timers.tick(9_999);
    await loopPass();
    assert.equal(pair.server.closedCount, 0);
    test.mock.timers.tick(1);
    await pair.until(() => pair.server.closedCount === 1);
  });

  it('says goodbye with 1000 after everything that was written', async () => {
    await using pair = await open();
    const { client, server } = pair;
    server.link.write(bytesOf('last words'));
    server.link.close();
    assert.equal((await client.next())?.payload.toString(), 'last words');
    assert.equal(await client.closeCode(), 1000);
    client.send(clientFrame(opcodes.close, Buffer.from([0x03, 0xe8])));
    assert.equal(await client.next(), undefined);
    await pair.until(() => server.closedCount === 1);
    assert.equal(server.error, undefined);
  });

  it('answers a goodbye, and is over', async () => {
    await using pair = await open();
    pair.client.send(clientFrame(opcodes.close, Buffer.from([0x03, 0xe8])));
    assert.equal(await pair.client.closeCode(), 1000);
    await pair.until(() => pair.server.closedCount === 1);
    assert.equal(pair.server.error, undefined);
  });

  it('is over when the client ends its connection without a word', async () => {
    await using pair = await open();
    pair.client.end();
    await pair.until(() => pair.server.closedCount === 1);
    assert.equal(await pair.client.next(), undefined);
  });

  it('is over for a client that ends while it takes nothing', async () => {
    await using pair = await open();
    const { client, server } = pair;
    client.stall();
    while (server.link.pendingBytes === 0) {
      server.link.write(Buffer.alloc(65_536));
      await loopPass();
    }
    client.end();
    await pair.until(() => server.closedCount === 1);
    assert.equal(server.drainedCount, 0);
  });

  it('gives on nothing after it was destroyed, be it in the same piece', async () => {
    await using pair = await open();
    const { client, server } = pair;
    const receive = server.receive.bind(server);
    server.receive = (bytes) => {
      receive(bytes);
      server.link.destroy();
    };
    client.send(
      clientFrame(opcodes.binary, bytesOf('one')),
      clientFrame(opcodes.ping),
      clientFrame(opcodes.binary, bytesOf('two')),
    );
    await pair.until(() => server.closedCount === 1);
    assert.equal(server.receivedText, 'one');
    assert.equal(await client.next(), undefined);
  });
});
