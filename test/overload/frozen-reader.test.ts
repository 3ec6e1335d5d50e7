/** One slow client harms only itself: over real sockets, with the broker in a process of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { QoS } from '../../src/packet/version.ts';
import { publishOf } from '../harness/test-broker.ts';

const readersCount = 1000;
const bulkMessages = 3000;
const bulkBytes = 100_000;
const smallMessages = 60;

/** A client on a socket that counts what it gets, by topic. */
class Reader {
  readonly counts = new Map<string, number>();
  readonly socket: Socket;
  readonly #packets = new PacketReader({ from: fromServer, packetBytesMax: 1_000_000, version: 5 });
  #wanted = { met: () => true, resolve: () => {} };

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (bytes: Uint8Array) => {
      this.#packets.push(bytes);
      for (let packet = this.#packets.next(); packet; packet = this.#packets.next()) {
        const name = packet.type === 'publish' ? packet.topic : packet.type;
        this.counts.set(name, this.count(name) + 1);
        if (packet.type === 'publish' && packet.qos === 1) {
          this.send({ type: 'puback', packetId: packet.packetId, reasonCode: 0 });
        }
      }
      if (this.#wanted.met()) this.#wanted.resolve();
    });
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.socket.write(encodePacket(packet, 5));
  }

  /** Resolves when `name` has come `count` times. */
  async got(name: string, count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = { met: () => this.count(name) >= count, resolve };
    if (this.#wanted.met()) return;
    await promise;
  }

  async start(clientId: string, filters: Record<string, QoS>): Promise<void> {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.send(
      {
        type: 'connect',
        version: 5,
        bridge: false,
        cleanStart: true,
        keepAliveSeconds: 0,
        clientId,
        will: undefined,
        userName: undefined,
        password: undefined,
      },
      {
        type: 'subscribe',
        packetId: 1,
        subscriptions: Object.entries(filters).map(([filter, qos]) => ({
          filter,
          qos,
          ...options,
        })),
      },
    );
    await this.got('suback', 1);
  }
}

/** Megabytes of memory that the process holds. */
function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) / 1024;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const { listenTcp } = await import('../../src/transport/tcp.ts');
  const listener = await listenTcp(
    () => {
      throw new Error('nobody connects here');
    },
    { port: 0, host: '127.0.0.1' },
  );
  await listener.close();
  return listener.port;
}

describe('one frozen reader among 1,000', () => {
  const readers: Reader[] = [];
  const stateDirectory = mkdtempSync(join(tmpdir(), 'pantala-frozen-'));
  let stop: () => Promise<void>;
  let port = 0;
  let pid = 0;

  before(async () => {
    port = await freePort();
    const broker = spawn(process.execPath, ['src/cli/main.ts', 'serve', '-p', String(port)], {
      env: { ...process.env, STATE_DIRECTORY: stateDirectory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    pid = broker.pid!;
    stop = async () => {
      broker.kill('SIGTERM');
      await once(broker, 'exit');
    };
    for await (const text of broker.stderr) if (String(text).includes('running')) break;
  });

  after(async () => {
    for (const { socket } of readers) socket.destroy();
    await stop();
    rmSync(stateDirectory, { recursive: true });
  });

  it('delays nobody, gets what it subscribed to with QoS 1 later, and costs bounded memory', async () => {
    for (let i = 0; i < readersCount; i++) readers.push(new Reader(port));
    const [frozen, busy, ...others] = readers;
    await frozen.start('frozen', { bulk: 0, all: 1 });
    await busy.start('busy', { bulk: 0, all: 1 });
    await Promise.all(others.map((reader, i) => reader.start(`other${i}`, { all: 1 })));
    frozen.socket.pause();
    const before = residentMegabytes(pid);
    const publisher = new Reader(port);
    readers.push(publisher);
    await publisher.start('publisher', { none: 0 });
    const bulk = 'x'.repeat(bulkBytes);
    for (let sent = 0; sent < bulkMessages; sent++) {
      publisher.send(publishOf('bulk', bulk));
      if (sent % (bulkMessages / smallMessages) === 0)
        publisher.send(publishOf('all', 'small', { qos: 1 }));
      // In step with the reader that keeps up, so that only the frozen one falls behind.
      await busy.got('bulk', sent + 1);
    }
    await Promise.all([busy, ...others].map((reader) => reader.got('all', smallMessages)));
    const grown = residentMegabytes(pid) - before;
    // What is not collected yet counts, too: about 60 MB, however much was sent.
    assert.ok(grown < 150, `the broker grew by ${grown.toFixed()} MB while 300 MB were not read`);
    frozen.socket.resume();
    await frozen.got('all', smallMessages);
    assert.ok(frozen.count('bulk') < bulkMessages, 'QoS 0 beyond the limit is dropped');
  });
});
