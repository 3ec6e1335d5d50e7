/**
 * Bytes thrown at a WebSocket port: it never throws, answers in HTTP or not at all, lets go of every
 * connection, and serves the next client that behaves.
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { peerOf } from '../../src/transport/arrival.ts';
import { type Listener, listenSockets } from '../../src/transport/listen-sockets.ts';
import { webSockets } from '../../src/transport/websocket.ts';
import { clientFrame, opcodes, RawWebSocket, upgradeRequest } from '../harness/raw-websocket.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const atOnce = 25;
const piecesMax = 4;
const framesMax = 5;
const shownMax = 600;
const closedMilliseconds = 5000;

export const websocketUpgradeFuzz: FuzzTarget = {
  name: 'websocket-upgrade',
  async run(seed, until) {
    const random = randomFrom(seed);
    const thrown: unknown[] = [];
    const keep = (error: unknown) => thrown.push(error);
    process.on('uncaughtException', keep);
    const port = await Port.open();
    try {
      let iterations = 0;
      for (; !until(); iterations += atOnce) {
        const inputs = Array.from({ length: atOnce }, () => randomInput(random));
        const said = () =>
          inputs.map(({ bytes }) => JSON.stringify(bytes.toString('latin1', 0, shownMax)));
        try {
          await Promise.all(inputs.map((input) => port.take(input)));
          await port.serves();
          if (thrown.length > 0) throw thrown[0];
        } catch (error) {
          throw new Error(`one of these:\n${said().join('\n')}`, { cause: error });
        }
      }
      return iterations;
    } finally {
      process.off('uncaughtException', keep);
      await port.close();
    }
  },
};

/** A listener that counts what it has open. */
class Port {
  readonly #listener: Listener;
  readonly #open: { links: number };

  private constructor(listener: Listener, open: { links: number }) {
    this.#listener = listener;
    this.#open = open;
  }

  static async open(): Promise<Port> {
    const open = { links: 0 };
    const layer = webSockets(
      (link) => {
        open.links++;
        return {
          receive: (bytes) => link.write(bytes.slice()),
          drained() {},
          closed: () => open.links--,
        };
      },
      {
        httpDir: import.meta.dirname,
        headersSize: 2000,
        frameBytesMax: 1000,
        origins: ['http://a'],
      },
      { connectionRejected() {}, fileServed() {} },
    );
    const listener = await listenSockets(
      ({ socket }) => layer({ socket, peer: peerOf(socket), credentials: undefined }),
      { port: 0, host: '127.0.0.1' },
    );
    return new Port(listener, open);
  }

  /** Sends the bytes in pieces, and then nothing more. */
  async take({ bytes, cuts }: Input): Promise<void> {
    const socket = connect({ port: this.#listener.port, host: '127.0.0.1', noDelay: true });
    let first: Buffer | undefined;
    socket.on('data', (data: Buffer) => {
      first ??= data;
    });
    socket.on('error', () => {});
    const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
    const late = () => reject(new Error(`still open: ${bytes.toString('latin1', 0, shownMax)}`));
    const timer = setTimeout(late, closedMilliseconds);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    let at = 0;
    for (const cut of cuts) {
      socket.write(bytes.subarray(at, cut));
      at = cut;
      await setImmediate();
    }
    socket.end(bytes.subarray(at));
    await closed;
    if (first !== undefined) assert.match(first.toString('latin1'), /^HTTP\/1\.1 \d{3} /);
  }

  /** Whoever behaves is served, and of the others nothing is left. */
  async serves(): Promise<void> {
    await using client = await RawWebSocket.open(this.#listener.port);
    client.send(clientFrame(opcodes.binary, Buffer.from('echo')));
    assert.equal((await client.next())?.payload.toString(), 'echo');
    const end = performance.now() + 1000;
    while (this.#open.links > 1 && performance.now() < end) await setImmediate();
    assert.equal(this.#open.links, 1, 'links that are still open');
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}

interface Input {
  readonly bytes: Buffer;
  /** Where a new piece begins, in order. */
  readonly cuts: readonly number[];
}

function randomInput(random: Random): Input {
  const kinds = [upgradeOf, upgradeOf, requestOf, noiseOf];
  let bytes = kinds[random(kinds.length)](random);
  const changes = random(3) === 0 ? random(5) : 0;
  for (let i = 0; i < changes; i++) bytes = mutated(bytes, random);
  const cuts = Array.from({ length: random(piecesMax) }, () => random(bytes.length + 1));
  return { bytes, cuts: cuts.sort((a, b) => a - b) };
}

const values: readonly (string | undefined)[] = [
  undefined,
  '',
  ' ',
  ',',
  'mqtt',
  'mqttv3.1',
  'mqtt, mqtt',
  'mqtt,\t other',
  'websocket',
  'h2c',
  'Upgrade',
  'keep-alive, Upgrade',
  'close',
  '13',
  '8',
  '-1',
  '0',
  '5',
  'chunked',
  '100-continue',
  'http://a',
  'null',
  'dGhlIHNhbXBsZSBub25jZQ==',
  'permessage-deflate; client_max_window_bits',
  'x'.repeat(3000),
  '\x80\xff',
];

const names = [
  'Host',
  'Upgrade',
  'Connection',
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
  'Origin',
  'Content-Length',
  'Transfer-Encoding',
  'Expect',
  'If-None-Match',
  'If-Modified-Since',
  'X-Forwarded-For',
];

function upgradeOf(random: Random): Buffer {
  const fields = Object.fromEntries(
    Array.from({ length: random(4) }, () => [pick(names, random), pick(values, random)]),
  );
  const frames = Array.from({ length: random(framesMax) }, () => frameOf(random));
  const request = upgradeRequest(fields).replace('GET', pick(methods, random));
  return Buffer.concat([Buffer.from(request, 'latin1'), ...frames]);
}

function frameOf(random: Random): Buffer {
  const kinds = Object.values(opcodes);
  const opcode = random(8) === 0 ? random(16) : kinds[random(kinds.length)];
  const payload = Buffer.alloc([0, 1, 2, 125, 126, 999, 1001][random(7)], random(256));
  return clientFrame(opcode, payload, {
    isFinal: random(4) > 0,
    isMasked: random(8) > 0,
  });
}

const methods = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'CONNECT', 'PRI', 'get', ''];
const targets = ['/', '/random.ts', '/..', '/%', '/%00', '*', '//', 'http://a/', 'a:1', '/x y', ''];
const protocols = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', ''];

/** One or more requests for a file, or what looks like them. */
function requestOf(random: Random): Buffer {
  const requests = Array.from({ length: 1 + random(3) }, () => {
    const line = [methods, targets, protocols].map((list) => pick(list, random)).join(' ');
    const fields = Array.from(
      { length: random(5) },
      () => `${pick(names, random)}: ${pick(values, random)}\r\n`,
    );
    return `${line}\r\n${fields.join('')}\r\n`;
  });
  return Buffer.from(requests.join(''), 'latin1');
}

function noiseOf(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random(100) }, () => random(256)));
}

function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const inserted = Buffer.from([random(256)]);
  const skipped = random(3) === 0 ? random(20) : random(2);
  return Buffer.concat([
    bytes.subarray(0, at),
    random(2) === 0 ? inserted : Buffer.alloc(0),
    bytes.subarray(at + skipped),
  ]);
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)];
}
