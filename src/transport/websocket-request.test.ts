/** Which requests become a WebSocket, and what the others are told. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';
import { describe, it } from 'node:test';
import { LinkEnd } from '../../test/contract/link-contract.ts';
import {
  clientFrame,
  converse,
  opcodes,
  RawWebSocket,
  readAnswer,
  upgradeRequest,
} from '../../test/harness/raw-websocket.ts';
import type { Link, PeerCredentials } from '../session/link.ts';
import { listenSockets } from './listen-sockets.ts';
import { type WebSocketOptions, webSockets } from './websocket.ts';

const credentials: PeerCredentials = {
  cipher: 'TLSv1.3',
  identity: 'sensor',
  subject: 'CN=sensor',
};

/** A listener whose arrivals have another name than their sockets, and what it has told. */
async function listen(options: WebSocketOptions = {}) {
  const links: Link[] = [];
  const rejected: string[] = [];
  const told = Promise.withResolvers<void>();
  const layer = webSockets(
    (link) => {
      links.push(link);
      return new LinkEnd();
    },
    options,
    {
      connectionRejected(peer, reason) {
        rejected.push(`${peer} ${reason}`);
        told.resolve();
      },
    },
  );
  const listener = await listenSockets(
    ({ socket }) => layer({ socket, peer: 'client:1', credentials }),
    { port: 0, host: '127.0.0.1' },
  );
  return {
    port: listener.port,
    links,
    rejected,
    told: told.promise,
    async [Symbol.asyncDispose]() {
      for (const link of links) link.destroy();
      await listener.close();
    },
  };
}

describe('a request for a WebSocket', () => {
  const accepted = [
    { name: 'with the subprotocol mqtt', fields: {}, subprotocol: 'mqtt' },
    {
      name: 'with that of MQTT 3.1',
      fields: { 'Sec-WebSocket-Protocol': 'mqttv3.1' },
      subprotocol: 'mqttv3.1',
    },
    {
      name: 'with several, of which mqtt is preferred',
      fields: { 'Sec-WebSocket-Protocol': 'other, mqttv3.1,mqtt' },
      subprotocol: 'mqtt',
    },
    {
      name: 'in other letters, among other things',
      fields: { Upgrade: 'WebSocket', Connection: 'keep-alive, upgrade' },
      subprotocol: 'mqtt',
    },
    { name: 'without a Host', fields: { Host: undefined }, subprotocol: 'mqtt' },
    { name: 'from any page', fields: { Origin: 'http://anywhere' }, subprotocol: 'mqtt' },
  ];
  for (const { name, fields, subprotocol } of accepted) {
    it(`${name} is granted`, async () => {
      await using server = await listen();
      await using client = await RawWebSocket.open(server.port, upgradeRequest(fields));
      assert.equal(client.answer.status, 101);
      assert.equal(
        client.answer.header.get('sec-websocket-accept'),
        's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      );
      assert.equal(client.answer.header.get('sec-websocket-protocol'), subprotocol);
      assert.equal(client.answer.header.has('sec-websocket-extensions'), false);
    });
  }

  it('knows the peer by the arrival, whatever its header says', async () => {
    await using server = await listen();
    const request = upgradeRequest({ 'X-Forwarded-For': '192.0.2.1', Forwarded: 'for=192.0.2.1' });
    await using _client = await RawWebSocket.open(server.port, request);
    const [{ peer, credentials: known }] = server.links;
    assert.deepEqual([peer, known], ['client:1', credentials]);
  });

  it('may have been read already, and put back, by a layer before this one', async () => {
    const accepted = Promise.withResolvers<void>();
    const layer = webSockets(() => {
      accepted.resolve();
      return new LinkEnd();
    });
    const listener = await listenSockets(
      (arrival) => {
        const { socket } = arrival;
        socket.once('readable', () => {
          const bytes = socket.read();
          socket.unshift(bytes);
          process.nextTick(() => layer(arrival));
        });
      },
      { port: 0, host: '127.0.0.1' },
    );
    const client = await RawWebSocket.open(listener.port);
    await accepted.promise;
    client.send(clientFrame(opcodes.ping));
    assert.equal((await client.next())?.opcode, opcodes.pong);
    await client[Symbol.asyncDispose]();
    await listener.close();
  });

  const refused = [
    {
      name: 'without a subprotocol',
      fields: { 'Sec-WebSocket-Protocol': undefined },
      status: 400,
      told: /subprotocol "mqtt"/,
    },
    {
      name: 'with others only',
      fields: { 'Sec-WebSocket-Protocol': 'mqtt5, MQTT' },
      status: 400,
      told: /subprotocol "mqtt"/,
    },
    {
      name: 'of an old version',
      fields: { 'Sec-WebSocket-Version': '8' },
      status: 426,
      told: /version 13/,
    },
    {
      name: 'without a key',
      fields: { 'Sec-WebSocket-Key': undefined },
      status: 400,
      told: /Sec-WebSocket-Key/,
    },
    {
      name: 'with a subprotocol twice',
      fields: { 'Sec-WebSocket-Protocol': 'mqtt, mqtt' },
      status: 400,
      told: /Sec-WebSocket-Protocol/,
    },
    { name: 'with a body', fields: { 'Content-Length': '3' }, status: 400, told: /body/ },
  ];
  for (const { name, fields, status, told } of refused) {
    it(`${name} is refused with ${status}`, async () => {
      await using server = await listen();
      const answer = readAnswer(await converse(server.port, upgradeRequest(fields)));
      assert.equal(answer.status, status);
      assert.match(answer.body, told);
      assert.equal(answer.header.get('x-content-type-options'), 'nosniff');
      assert.match(answer.header.get('connection')!, /close/);
      assert.equal(server.links.length, 0);
      assert.match(server.rejected.join(), told);
      assert.doesNotMatch(server.rejected.join(), /\.$/, 'it goes on in a sentence');
    });
  }

  it('may bring its first frame along', async () => {
    await using server = await listen();
    const frame = Buffer.from('8a8000000000', 'hex');
    const request = Buffer.concat([Buffer.from(upgradeRequest()), frame]);
    await using client = await RawWebSocket.open(server.port, request.toString('latin1'));
    assert.equal(client.answer.status, 101);
  });
});

describe('websockets_origin', () => {
  const origins = ['https://one.example', 'http://two.example:8080'];
  const cases = [
    { origin: 'https://one.example', status: 101 },
    { origin: 'http://two.example:8080', status: 101 },
    // Who sends none is no browser.
    { origin: undefined, status: 101 },
    { origin: 'https://three.example', status: 403 },
    { origin: 'http://one.example', status: 403 },
    { origin: 'https://one.example.evil.example', status: 403 },
    { origin: 'https://one', status: 403 },
    { origin: 'HTTPS://ONE.EXAMPLE', status: 403 },
    { origin: 'null', status: 403 },
    { origin: '', status: 403 },
  ];
  for (const { origin, status } of cases) {
    it(`answers ${origin === undefined ? 'no origin' : `"${origin}"`} with ${status}`, async () => {
      await using server = await listen({ origins });
      await using client = await RawWebSocket.open(server.port, upgradeRequest({ Origin: origin }));
      assert.equal(client.answer.status, status);
      assert.equal(server.links.length, status === 101 ? 1 : 0);
      if (status === 403) assert.match(server.rejected[0], /bad http origin.*websockets_origin/);
    });
  }

  it('is quoted for the log, and not at any length', async () => {
    await using server = await listen({ origins });
    await converse(server.port, upgradeRequest({ Origin: `"\x7f${'x'.repeat(1000)}` }));
    assert.ok(server.rejected[0].length < 500);
  });
});

describe('a request for anything else', () => {
  it('is told what the port is for', async () => {
    await using server = await listen();
    const answer = readAnswer(await converse(server.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    assert.equal(answer.status, 426);
    assert.equal(answer.header.get('upgrade'), 'websocket');
    assert.match(answer.body, /MQTT over WebSocket/);
  });

  it('is the same when it would like to speak HTTP/2', async () => {
    await using server = await listen();
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n';
    const answer = await converse(server.port, `GET / HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    assert.equal(readAnswer(answer).status, 426);
  });

  const methods = ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND'];
  for (const method of methods) {
    it(`is refused with 405 when it is ${method}`, async () => {
      await using server = await listen();
      const text = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n`;
      const answer = readAnswer(await converse(server.port, text));
      assert.deepEqual([answer.status, answer.header.get('allow')], [405, 'GET, HEAD']);
    });
  }

  it('is refused with 405 when it is CONNECT, as for a proxy, with and without a body', async () => {
    await using server = await listen();
    for (const more of ['', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const text = `CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n${more}\r\n`;
      assert.equal(readAnswer(await converse(server.port, text)).status, 405);
    }
  });

  const bodies = [
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Expect: 100-continue\r\nContent-Length: 9',
  ];
  for (const body of bodies) {
    it(`is refused with 400 when it has a body (${body.split('\r\n', 1)})`, async () => {
      await using server = await listen();
      const text = `GET / HTTP/1.1\r\nHost: a\r\n${body}\r\n\r\n`;
      assert.equal(readAnswer(await converse(server.port, text)).status, 400);
    });
  }
});

describe('packet_buffer_size', () => {
  it('is the most that the header of a request may have', async () => {
    await using server = await listen({ headersSize: 1000 });
    const small = upgradeRequest({ Cookie: 'x'.repeat(500) });
    await using client = await RawWebSocket.open(server.port, small);
    assert.equal(client.answer.status, 101);
    const large = upgradeRequest({ Cookie: 'x'.repeat(1000) });
    const answer = readAnswer(await converse(server.port, large));
    assert.equal(answer.status, 431);
    assert.match(server.rejected.join(), /packet_buffer_size/);
  });

  it('leaves room for 100 lines, and no more', async () => {
    await using server = await listen({ headersSize: 16_384 });
    const lines = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, String(i)]));
    await using client = await RawWebSocket.open(server.port, upgradeRequest(lines(94)));
    assert.equal(client.answer.status, 101);
    for (const count of [95, 500]) {
      const answer = readAnswer(await converse(server.port, upgradeRequest(lines(count))));
      assert.equal(answer.status, 431, `${count} lines`);
    }
  });
});

describe('who speaks something else', () => {
  it('is told of in a sentence when it is MQTT', async () => {
    await using server = await listen();
    const answer = await converse(server.port, Buffer.from('100c00044d5154540402003c0000', 'hex'));
    assert.equal(answer, '');
    assert.match(
      server.rejected.join(),
      /^client:1 it speaks MQTT without WebSocket.*use WebSocket/,
    );
  });

  it('is told of in a sentence when it is TLS', async () => {
    await using server = await listen();
    assert.equal(await converse(server.port, Buffer.from('16030100c4010000c0', 'hex')), '');
    assert.match(server.rejected.join(), /^client:1 it speaks TLS.*"certfile"/);
  });

  it('is answered with 400 when it is nothing at all', async () => {
    await using server = await listen();
    const answer = readAnswer(await converse(server.port, Buffer.from([0, 1, 2, 3])));
    assert.equal(answer.status, 400);
  });
});

describe('who does not come to a request', () => {
  it('is dropped after some time, however often bytes come', async () => {
    await using server = await listen({ upgradeSeconds: 0.05 });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: ');
    const dripping = setInterval(() => socket.write('a'), 5);
    // Not `once`, which an error would end: a byte may come to a connection that is just closing.
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(dripping);
    assert.match(server.rejected.join(), /^client:1 no whole request for a WebSocket/);
  });

  it('is dropped when too many others come', async () => {
    await using server = await listen({ upgradesMax: 2 });
    const sockets = Array.from({ length: 3 }, () => connect(server.port, '127.0.0.1'));
    const closed = sockets.map((socket) => once(socket, 'close'));
    await closed[0];
    assert.match(server.rejected.join(), /^client:1 too many others came/);
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  });

  it('is no longer counted once it is a WebSocket', async () => {
    await using server = await listen({ upgradesMax: 1, upgradeSeconds: 0.05 });
    await using first = await RawWebSocket.open(server.port);
    await using _second = await RawWebSocket.open(server.port);
    const waiting = connect(server.port, '127.0.0.1');
    waiting.resume();
    await once(waiting, 'close');
    first.send(Buffer.from('898000000000', 'hex'));
    assert.equal((await first.next())?.opcode, 10);
  });

  it('costs nothing that stays, a thousand times over', async () => {
    await using server = await listen();
    const firsts = [
      '\0\0\0\0',
      'GET',
      'POST / HTTP/1.1\r\n\r\n',
      '\x10\x00',
      upgradeRequest({ 'Sec-WebSocket-Key': 'x' }),
    ];
    for (let i = 0; i < 200; i++) {
      await Promise.all(
        firsts.map(async (first) => {
          const socket = connect(server.port, '127.0.0.1');
          socket.on('error', () => {});
          socket.resume();
          socket.end(first);
          await once(socket, 'close');
        }),
      );
    }
    // Closing waits for every connection that is open.
    assert.equal(server.links.length, 0);
  });
});
