/** A client that stops reading its TCP socket: what the kernel and the broker hold is bounded. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { Anonymous } from '../../../src/auth/anonymous.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { fromServer } from '../../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../../src/packet/packet.ts';
import { bytesOf } from '../../../src/packet/packet-notation.ts';
import { PacketReader } from '../../../src/packet/packet-reader.ts';
import { NodeHost } from '../../../src/server/node-host.ts';
import type { Link } from '../../../src/session/link.ts';
import { listenTcp } from '../../../src/transport/tcp.ts';
import { publishOf } from '../../harness/test-broker.ts';

/** A socket that tells its packets one by one. */
class SocketClient {
  readonly socket: Socket;
  readonly #reader = new PacketReader({ from: fromServer, version: 5, packetBytesMax: 1_000_000 });
  readonly #packets: Packet[] = [];

  readonly #signal: AbortSignal;

  private constructor(socket: Socket, signal: AbortSignal) {
    this.socket = socket;
    this.#signal = signal;
    socket.on('data', (bytes: Uint8Array) => {
      this.#reader.push(bytes);
      for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
        this.#packets.push(packet);
      }
    });
  }

  /** @param signal ends the wait for packets that never come */
  static async open(port: number, clientId: string, signal: AbortSignal): Promise<SocketClient> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    const client = new SocketClient(socket, signal);
    socket.write(bytesOf(`10 ["MQTT" 05 02 0000 00 "${clientId}"]`));
    assert.equal((await client.next()).type, 'connack');
    return client;
  }

  async subscribe(filter: string): Promise<void> {
    this.socket.write(bytesOf(`82 [0001 00 "${filter}" 00]`));
    assert.equal((await this.next()).type, 'suback');
  }

  async next(): Promise<Packet> {
    while (this.#packets.length === 0) await once(this.socket, 'data', { signal: this.#signal });
    return this.#packets.shift()!;
  }

  async nextPayload(): Promise<string> {
    const packet = await this.next();
    assert.equal(packet.type, 'publish');
    return new TextDecoder().decode(packet.payload).trimEnd();
  }
}

const outputBytesMax = 200_000;
const payloadBytes = 50_000;
// The kernel takes some megabytes before the broker notices; this is far more than it can.
const messagesMax = 2000;

it('drops QoS 0 for a frozen socket, bounds its output, and holds up nobody', {
  timeout: 60_000,
}, async ({ signal }) => {
  const drops: string[] = [];
  const links: Link[] = [];
  const host = new NodeHost();
  const broker = new Broker({
    host,
    gatekeeper: Anonymous.allowed(),
    systemTopicSeconds: 0,
    limits: { outputBytesMax },
    observer: { messageDropped: (id, _topic, _qos, cause) => drops.push(`${id}: ${cause}`) },
  });
  host.start((now) => broker.wake(now));
  const accept = broker.listener().accept;
  const listener = await listenTcp(
    (link) => {
      links.push(link);
      return accept(link);
    },
    { host: '127.0.0.1', port: 0 },
  );
  const frozen = await SocketClient.open(listener.port, 'frozen', signal);
  const [frozenLink] = links;
  const reader = await SocketClient.open(listener.port, 'reader', signal);
  const publisher = await SocketClient.open(listener.port, 'publisher', signal);
  const clients = [frozen, reader, publisher];
  try {
    for (const client of [frozen, reader]) await client.subscribe('a');
    frozen.socket.pause();
    const kept: string[] = [];
    for (let number = 0; number < messagesMax && drops.length < 10; number++) {
      const dropped = drops.length;
      const message = publishOf('a', `${number}`.padEnd(payloadBytes), { qos: 1 });
      publisher.socket.write(encodePacket(message, 5));
      assert.equal((await publisher.next()).type, 'puback');
      assert.equal(await reader.nextPayload(), `${number}`);
      assert.equal(frozenLink.pendingBytes <= outputBytesMax + payloadBytes + 1000, true);
      if (drops.length === dropped) kept.push(`${number}`);
    }
    assert.deepEqual(drops, new Array(10).fill('frozen: slow receiver'));
    frozen.socket.resume();
    for (const number of kept) assert.equal(await frozen.nextPayload(), number);
    publisher.socket.write(encodePacket(publishOf('a', 'again'), 5));
    assert.equal(await frozen.nextPayload(), 'again');
  } finally {
    for (const { socket } of clients) socket.destroy();
    await listener.close();
    host.stop();
  }
});
