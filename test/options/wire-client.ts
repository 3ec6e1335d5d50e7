/** A client that speaks to a server in packets and bytes, over a socket of whatever kind. */

import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import type { Connack } from '../../src/packet/connack.ts';
import type { Connect } from '../../src/packet/connect.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { ReasonCode } from '../../src/packet/reason-codes.ts';
import type { Subscription } from '../../src/packet/subscribe.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { publishOf } from '../harness/test-broker.ts';

export type ConnectFields = Partial<Omit<Connect, 'type' | 'bridge' | 'password'>> & {
  readonly password?: string | undefined;
};

/** It checks nothing of what it sends, and never ends the connection by itself. */
export class WireClient implements Disposable {
  readonly version: ProtocolVersion;
  readonly #socket: Duplex;
  readonly #reader: PacketReader;
  readonly #received: Packet[] = [];
  #wake = Promise.withResolvers<void>();
  #hasEnded = false;
  #packetIds = 0;

  constructor(socket: Duplex, version: ProtocolVersion = 5) {
    this.#socket = socket;
    this.version = version;
    this.#reader = new PacketReader({ from: fromServer, packetBytesMax: 268_435_455, version });
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    // A server that has said no need not read the rest.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#hasEnded = true;
      this.#wake.resolve();
    });
  }

  /** The next packet; undefined when the connection has ended before it. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#received.shift();
      if (packet !== undefined || this.#hasEnded) return packet;
      await this.#wake.promise;
    }
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.#socket.write(encodePacket(packet, this.version));
  }

  /** See `bytesOf` for how they are written. */
  sendBytes(notation: string): void {
    this.#socket.write(bytesOf(notation));
  }

  /** @returns CONNACK; undefined when the server has ended the connection without one */
  async connect({ password, ...fields }: ConnectFields = {}): Promise<Connack | undefined> {
    this.send({
      type: 'connect',
      version: this.version,
      bridge: false,
      clientId: 'c',
      cleanStart: true,
      keepAliveSeconds: 0,
      will: undefined,
      userName: undefined,
      password: password === undefined ? undefined : new TextEncoder().encode(password),
      ...fields,
    });
    const answer = await this.next();
    if (answer !== undefined) assert.equal(answer.type, 'connack');
    return answer as Connack | undefined;
  }

  /** @returns the reason code for the one filter */
  async subscribe(filter: string, options: Partial<Subscription> = {}): Promise<ReasonCode> {
    const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const packetId = ++this.#packetIds;
    this.send({ type: 'subscribe', packetId, subscriptions: [{ filter, ...plain, ...options }] });
    const suback = await this.#answer('suback');
    return suback!.reasonCodes[0];
  }

  /**
   * Publishes with QoS 0 or 1, and waits until the server has done so, or has ended the connection.
   *
   * @returns the reason code of PUBACK; undefined when there is none
   */
  async publish(
    topic: string,
    payload = '',
    options: Partial<Publish> = {},
  ): Promise<ReasonCode | undefined> {
    const packetId = options.qos ? ++this.#packetIds : 0;
    this.send(publishOf(topic, payload, { ...options, packetId }));
    if (options.qos) return (await this.#answer('puback'))?.reasonCode;
    this.send({ type: 'pingreq' });
    await this.#answer('pingresp');
    return undefined;
  }

  /** All that the server has sent until now; with it, what it did for others before is done. */
  async received(): Promise<Packet[]> {
    this.send({ type: 'pingreq' });
    return this.#until(({ type }) => type === 'pingresp');
  }

  /** The payloads of the messages among these. */
  async payloads(): Promise<string[]> {
    return (await this.messages()).map(({ payload }) => new TextDecoder().decode(payload));
  }

  async messages(): Promise<Publish[]> {
    return (await this.received()).filter((packet) => packet.type === 'publish');
  }

  /** The next message. */
  async message(): Promise<Publish> {
    for (;;) {
      const packet = await this.next();
      assert.ok(packet !== undefined, 'the connection has ended');
      if (packet.type === 'publish') return packet;
    }
  }

  /**
   * Resolves when the server has ended the connection.
   *
   * @returns the reason code of its DISCONNECT; undefined when there was none
   */
  async ended(): Promise<ReasonCode | undefined> {
    const last = (await this.#until(() => false)).at(-1);
    return last?.type === 'disconnect' ? last.reasonCode : undefined;
  }

  /** Ends the connection without a word, and waits until it is over. */
  async drop(): Promise<void> {
    this.#socket.destroy();
    await this.ended();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** The next packet of this type; others stay as they are, in their order. */
  async #answer<Type extends Packet['type']>(type: Type) {
    for (;;) {
      const at = this.#received.findIndex((packet) => packet.type === type);
      if (at !== -1) return this.#received.splice(at, 1)[0] as Packet & { type: Type };
      if (this.#hasEnded) return undefined;
      await this.#wake.promise;
    }
  }

  /** What comes before `isEnd` or the end of the connection. */
  async #until(isEnd: (packet: Packet) => boolean): Promise<Packet[]> {
    const packets: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet === undefined || isEnd(packet)) return packets;
      packets.push(packet);
    }
  }

  #take(bytes: Buffer): void {
    this.#reader.push(Uint8Array.from(bytes));
    for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
      this.#received.push(packet);
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
