/** The PROXY protocol as a layer: what is behind the header reaches whoever comes next. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { type ConnectedPair, LinkEnd, linkContract } from '../../test/contract/link-contract.ts';
import { BehindHeader } from '../../test/harness/behind-header.ts';
import { binaryHeader, proxyField, tlsField } from '../../test/harness/proxy-headers.ts';
import type { Arrival, Arrivals } from './arrival.ts';
import { listenSockets } from './listen-sockets.ts';
import { type ProxyProtocolOptions, proxyProtocol } from './proxy-protocol.ts';
import { socketLinks } from './socket-link.ts';

const textHeader = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 51234 1883\r\n');

// TLS for its own sake: nobody proves anything.
const withoutCertificate = {
  ciphers: 'AECDH-AES256-SHA:@SECLEVEL=0',
  maxVersion: 'TLSv1.2',
} as const;

/** One pass of the event loop, in which sockets are read and written. */
const loopPass = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Gate extends AsyncDisposable {
  /** Connects, and sends nothing. */
  connect(): Socket;
  /** What has come through, and what was turned away. */
  readonly arrivals: Arrival[];
  readonly rejections: string[];
  until(condition: () => boolean): Promise<void>;
}

async function openGate(
  options: ProxyProtocolOptions,
  next: Arrivals = () => undefined,
): Promise<Gate> {
  const arrivals: Arrival[] = [];
  const rejections: string[] = [];
  const reject = (peer: string, reason: string) =>
    rejections.push(`${peer.replace(/(?<=^127.*:).*/, '…')}: ${reason}`);
  const layer = proxyProtocol(
    options,
    (arrival) => {
      arrivals.push(arrival);
      next(arrival);
    },
    {
      connectionRejected: reject,
      headerCorrupt: (peer, fault) => reject(peer, `corrupt PROXY header: ${fault}`),
    },
  );
  const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
  const sockets: Socket[] = [];
  return {
    arrivals,
    rejections,
    connect() {
      const socket = connect({ port: listener.port, host: '127.0.0.1', noDelay: true });
      sockets.push(socket.on('error', () => undefined));
      return socket;
    },
    async until(condition) {
      while (!condition()) await loopPass();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const { socket } of arrivals) socket.destroy();
      await listener.close();
    },
  };
}

/** A link behind a header whose first bytes came in one piece with it. */
async function openPair(): Promise<ConnectedPair> {
  const near = new LinkEnd();
  const far = new LinkEnd();
  const accept = socketLinks((link) => {
    far.link = link;
    return far;
  });
  const gate = await openGate({ version: 1 }, accept);
  const socket = gate.connect();
  socket.write(textHeader);
  await gate.until(() => gate.arrivals.length === 1);
  const arrival = { socket, peer: 'the balancer', credentials: undefined };
  socketLinks((link) => {
    near.link = link;
    return near;
  })(arrival);
  return {
    near,
    far,
    async settle() {
      for (let pass = 0; pass < 5; pass++) await loopPass();
    },
    until: (condition) => gate.until(condition),
    [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
  };
}

linkContract('TCP behind a PROXY header', openPair);

describe('what is behind a PROXY header', () => {
  const bytes = Buffer.concat([textHeader, Buffer.from('0123456789')]);
  const cuts = [0, 1, textHeader.length - 1, textHeader.length, textHeader.length + 1, 1000];

  for (const cut of cuts) {
    it(`reaches a link whole, though the first piece ends after ${cut} bytes`, async () => {
      const end = new LinkEnd();
      const next = socketLinks((link) => {
        end.link = link;
        return end;
      });
      await using gate = await openGate({ version: 1 }, next);
      const socket = gate.connect();
      socket.write(bytes.subarray(0, cut));
      for (let pass = 0; pass < 5; pass++) await loopPass();
      socket.write(bytes.subarray(cut));
      await gate.until(() => end.receivedBytes === 10);
      assert.equal(end.receivedText, '0123456789');
      assert.equal(end.link.peer, '192.0.2.1:51234');
    });
  }

  it('waits, all of it, for a link that pauses at once', async () => {
    const end = new LinkEnd();
    const next = socketLinks((link) => {
      end.link = link;
      link.pause();
      return end;
    });
    await using gate = await openGate({ version: 1 }, next);
    const socket = gate.connect();
    const sent = Buffer.alloc(4_000_000, 'x');
    socket.write(Buffer.concat([textHeader, sent]));
    await gate.until(() => gate.arrivals.length === 1);
    for (let pass = 0; pass < 50; pass++) await loopPass();
    assert.equal(end.receivedBytes, 0);
    assert.ok(gate.arrivals[0].socket.readableLength < 200_000, 'the network holds the rest');
    end.link.resume();
    await gate.until(() => end.receivedBytes === sent.length);
    assert.deepEqual(end.received, new Uint8Array(sent));
  });

  for (const pieces of ['in one piece', 'byte by byte'] as const) {
    it(`may be TLS that comes with it ${pieces}`, async () => {
      const secureContext = createSecureContext(withoutCertificate);
      await using gate = await openGate({ version: 1 }, ({ socket }) => {
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure.on('error', () => undefined).pipe(secure);
      });
      const socket = new BehindHeader(gate.connect(), textHeader, pieces);
      const client = connectTls({ socket, rejectUnauthorized: false, ...withoutCertificate });
      client.write('hello');
      const [echo] = await once(client, 'data');
      assert.equal(String(echo), 'hello');
    });
  }

  it('may be HTTP whose body is longer than one piece', async () => {
    const http = createHttpServer(async (request, response) => {
      let length = 0;
      for await (const piece of request) length += piece.length;
      response.end(`${request.url} of ${length} bytes`);
    });
    await using gate = await openGate({ version: 1 }, ({ socket }) =>
      http.emit('connection', socket),
    );
    const socket = gate.connect();
    const head = 'POST /a HTTP/1.0\r\ncontent-length: 300000\r\n\r\n';
    socket.write(Buffer.concat([textHeader, Buffer.from(head), Buffer.alloc(300_000)]));
    let answer = '';
    for await (const piece of socket) answer += piece;
    assert.match(answer, /^HTTP.*\/a of 300000 bytes$/s);
  });
});

describe('the client of a PROXY header', () => {
  const version = proxyField(0x21, 'TLSv1.3');
  const certified = binaryHeader({
    fields: [tlsField(0x07, 0, version, proxyField(0x22, 'sensor'))],
  });
  const secure = binaryHeader({ fields: [tlsField(0x01, 0, version)] });
  const local = binaryHeader({ command: '20', family: '00', addresses: '' });

  const check = (
    name: string,
    options: Omit<ProxyProtocolOptions, 'version'>,
    { header, peer, credentials }: Pick<Arrival, 'peer' | 'credentials'> & { header: Buffer },
  ) =>
    it(`is ${name}`, async () => {
      await using gate = await openGate({ version: 2, ...options });
      const socket = gate.connect();
      socket.write(header);
      await gate.until(() => gate.arrivals.length === 1);
      const [arrival] = gate.arrivals;
      assert.match(arrival.peer, new RegExp(`^${peer}$`));
      assert.deepEqual(arrival.credentials, credentials);
    });
  const known = (identity: string | undefined) => ({
    cipher: 'TLSv1.3',
    identity,
    subject: undefined,
  });
  const peer = '192.0.2.1:51234';

  check('known by its address', {}, { header: binaryHeader(), peer, credentials: undefined });
  check('known to use TLS', {}, { header: secure, peer, credentials: known(undefined) });
  check(
    'known by its certificate where that is wanted',
    { requireTls: true, requireCertificate: true, useIdentity: true },
    { header: certified, peer, credentials: known('sensor') },
  );
  check(
    'nobody by its certificate where that is not wanted',
    { requireCertificate: true },
    { header: certified, peer, credentials: known(undefined) },
  );
  check(
    'the load balancer where that speaks for itself',
    {},
    { header: local, peer: '127.0.0.1:\\d+', credentials: undefined },
  );

  const refuses = (
    options: Omit<ProxyProtocolOptions, 'version'>,
    header: Buffer,
    rejection: RegExp,
  ) =>
    it(`is refused by ${Object.keys(options)}: ${rejection.source}`, async () => {
      await using gate = await openGate({ version: 2, ...options });
      const socket = gate.connect();
      socket.write(header);
      await once(socket.resume(), 'close');
      assert.match(gate.rejections.join(), rejection);
      assert.deepEqual(gate.arrivals, []);
    });

  refuses({ requireTls: true }, binaryHeader(), /^192.0.2.1:51234: client did not connect using T/);
  refuses({ requireTls: true }, local, /^127.0.0.1:…: client did not connect using TLS. Have/);
  refuses({ requireCertificate: true }, secure, /^192.*: client did not provide a certificate. H/);
  refuses({ requireCertificate: true }, local, /^127.*: client did not provide a certificate. Ha/);
  refuses({}, Buffer.from('\x10\x0c'), /^127.0.0.1:…: corrupt PROXY header: it is missing/);
});

describe('a connection without its PROXY header', () => {
  it('ends when its time is up', async () => {
    await using gate = await openGate({ version: 2, headerSeconds: 0.05 });
    const socket = gate.connect();
    await once(socket.resume(), 'close');
    assert.match(gate.rejections.join(), /^127.0.0.1:…: no PROXY header came within the time/);
  });

  it('ends when too many younger ones wait, and these go on', async () => {
    await using gate = await openGate({ version: 1, headersMax: 2 });
    const [first, second, third] = [gate.connect(), gate.connect(), gate.connect()];
    const ended = once(first.resume(), 'close');
    await ended;
    assert.match(gate.rejections.join(), /^127.0.0.1:…: no PROXY header came before too many o/);
    second.write(textHeader);
    third.write(textHeader);
    await gate.until(() => gate.arrivals.length === 2);
  });

  it('is told of when it ends within the header, and not when nothing has come', async () => {
    await using gate = await openGate({ version: 1 });
    const silent = gate.connect();
    silent.end();
    await once(silent.resume(), 'close');
    const broken = gate.connect();
    broken.end('PROXY TCP4');
    await once(broken.resume(), 'close');
    assert.deepEqual(gate.rejections, [
      '127.0.0.1:…: corrupt PROXY header: the connection ended within it',
    ]);
  });

  it('does not wait any more once it has its header', async () => {
    await using gate = await openGate({ version: 1, headersMax: 1 });
    for (let count = 1; count <= 3; count++) {
      gate.connect().write(textHeader);
      await gate.until(() => gate.arrivals.length === count);
    }
    assert.deepEqual(gate.rejections, []);
  });
});
