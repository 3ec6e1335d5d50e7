/** A broker without network or real time, and clients that speak to it in packets and bytes. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import type { BrokerListener, ListenerOptions } from '../../src/broker/listener.ts';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { recall } from '../../src/broker/state/recall.ts';
import type { Connect } from '../../src/packet/connect.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { bytesOf, hexOf } from '../../src/packet/packet-notation.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Subscribe } from '../../src/packet/subscribe.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { PeerCredentials } from '../../src/session/link.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { MemoryLink } from '../../src/transport/memory.ts';

export type TestBrokerOptions = Partial<Omit<BrokerOptions, 'host'>> & {
  listener?: ListenerOptions;
};

/** How a client gets to the broker, and what the way tells of it. */
export interface Way {
  readonly listener?: BrokerListener;
  readonly credentials?: PeerCredentials;
}

// When the clock is at 0, in milliseconds since 1970.
const date = Date.UTC(2026, 0, 1);

/** Time stands still but for `advance`; nothing happens but in `settle`. */
export class TestBroker {
  readonly broker: Broker;
  /** What clients come in by unless they say otherwise. */
  readonly listener: BrokerListener;
  readonly #isStoring: boolean;
  readonly #clients: TestClient[] = [];
  #now = 0;
  /** What the host says that the broker uses. */
  heapBytes = 1000;
  /** Turns that have ended with something to do. */
  turns = 0;
  #turnEnds: (() => void)[] = [];
  #ids = 0;

  constructor({ listener, ...options }: TestBrokerOptions = {}) {
    const store = process.env.TEST_BROKERS_STORE === undefined ? undefined : this.#store();
    this.#isStoring = (store ?? options.storage) !== undefined;
    const clock = { now: () => this.#now };
    const calendar = new Calendar(clock, () => this.#now + date);
    this.broker = new Broker({
      ...(store && { storage: { store, recalled: recall(store.records, calendar) } }),
      gatekeeper: Anonymous.allowed(),
      systemTopicSeconds: 0,
      ...options,
      host: {
        clock,
        atEndOfTurn: (flush) => this.#turnEnds.push(flush),
        wakeAt: () => {},
        randomId: () => String(++this.#ids),
        date: () => this.#now + date,
        heapBytes: () => this.heapBytes,
      },
    });
    this.listener = this.broker.listener(listener);
  }

  get now(): number {
    return this.#now;
  }

  /** What a store leaves for the next half of a millisecond. @returns whether there was something */
  #passMoment(): boolean {
    const next = this.broker.nextDeadline;
    if (!this.#isStoring || next === undefined || next > this.#now + 0.5) return false;
    this.#now = Math.max(this.#now, next);
    this.broker.wake(this.#now);
    return true;
  }

  /** One that answers with the end of a turn. */
  #store(): MemoryStore {
    return new MemoryStore((answer) => this.#turnEnds.push(answer));
  }

  /** A network connection on which nothing has been sent. */
  open(version: ProtocolVersion = 5, { listener = this.listener, credentials }: Way = {}) {
    const [near, far] = MemoryLink.pair(['memory:broker', 'memory:client']);
    const client = new TestClient(near, this, version);
    far.receiver = listener.accept(Object.assign(far, { credentials }));
    this.#clients.push(client);
    client.far = far;
    return client;
  }

  /** A client with its CONNACK, which it has forgotten. */
  async connect(clientId: string, options: ConnectOptions = {}, way?: Way): Promise<TestClient> {
    const client = this.open(options.version ?? 5, way);
    const connack = await client.connect(clientId, options);
    assert.equal(connack?.type, 'connack', 'the broker answers CONNECT with CONNACK');
    assert.equal(connack.reasonCode, 0, `CONNACK for ${clientId}`);
    client.forgetFirst();
    return client;
  }

  /** Lets time pass, waking the broker at each of its deadlines. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1000;
    for (let next = this.broker.nextDeadline; next !== undefined && next <= end; ) {
      this.#now = Math.max(this.#now, next);
      this.broker.wake(this.#now);
      await this.settle();
      next = this.broker.nextDeadline;
    }
    this.#now = end;
    await this.settle();
  }

  /** Carries bytes and ends turns until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const moved = this.#clients.map((client) => client.carry()).reduce((a, b) => a + b, 0);
      const turnEnds = this.#turnEnds;
      this.#turnEnds = [];
      this.turns += turnEnds.length;
      for (const flush of turnEnds) flush();
      await Promise.resolve();
      const isQuiet = moved === 0 && turnEnds.length === 0 && !this.#passMoment();
      quiet = isQuiet ? quiet + 1 : 0;
    }
  }
}

export type ConnectOptions = Partial<Omit<Connect, 'type' | 'clientId' | 'bridge'>>;

/** The client's end of a connection. It checks nothing of what it sends: it may break the rules. */
export class TestClient {
  /** The broker's end. */
  far!: MemoryLink;
  readonly #link: MemoryLink;
  readonly #broker: TestBroker;
  readonly #version: ProtocolVersion;
  readonly #reader: PacketReader;
  #received: Packet[] = [];
  // One piece for each packet, and the bytes behind the last whole one.
  #receivedBytes: Uint8Array[] = [];
  #unread = new Uint8Array(0);
  #reads = true;
  #isClosed = false;

  constructor(link: MemoryLink, broker: TestBroker, version: ProtocolVersion) {
    this.#link = link;
    this.#broker = broker;
    this.#version = version;
    this.#reader = new PacketReader({ from: fromServer, packetBytesMax: 268_435_455, version });
    link.receiver = {
      receive: (bytes) => this.#receive(bytes),
      drained() {},
      closed: () => {
        this.#isClosed = true;
      },
    };
  }

  /** The broker has ended the connection, or the client has. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @returns the first answer: CONNACK, AUTH, or undefined when there was none */
  async connect(clientId: string, options: ConnectOptions = {}): Promise<Packet | undefined> {
    await this.send({
      type: 'connect',
      version: this.#version,
      bridge: false,
      cleanStart: true,
      keepAliveSeconds: 0,
      will: undefined,
      userName: undefined,
      password: undefined,
      ...options,
      clientId,
    });
    return this.#received.shift();
  }

  /** Sends packets in one piece and lets the broker answer. */
  async send(...packets: Packet[]): Promise<void> {
    this.write(...packets);
    await this.#broker.settle();
  }

  /** Has packets ready to be carried over. */
  write(...packets: Packet[]): void {
    for (const packet of packets) this.#link.write(encodePacket(packet, this.#version));
  }

  /** Sends bytes as they are, in one piece; see `bytesOf` for how they are written. */
  async sendBytes(notation: string): Promise<void> {
    this.#link.write(bytesOf(notation));
    await this.#broker.settle();
  }

  async publish(topic: string, payload: string, options: Partial<Publish> = {}): Promise<void> {
    await this.send(publishOf(topic, payload, options));
  }

  /** Subscribes, and returns the answer with what came before it thrown away. */
  async subscribe(
    filter: string,
    options: Partial<Subscribe['subscriptions'][number]> & Pick<Subscribe, 'properties'> = {},
  ): Promise<Packet> {
    const { properties, ...entry } = options;
    const subscription = {
      filter,
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    await this.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ ...subscription, ...entry }],
      properties,
    });
    const suback = this.#received.findIndex(({ type }) => type === 'suback');
    assert.notEqual(suback, -1, `SUBACK for ${filter}`);
    const after = this.#received.length - suback - 1;
    this.#receivedBytes.splice(0, this.#receivedBytes.length - after);
    return this.#received.splice(0, suback + 1)[suback];
  }

  /** What has arrived since the last call. */
  received(): Packet[] {
    this.#receivedBytes = [];
    return this.#received.splice(0);
  }

  /** The same as bytes, in hexadecimal; the packets are forgotten only by `received`. */
  receivedHex(): string {
    return this.#receivedBytes.splice(0).map(hexOf).join(' ');
  }

  /** Takes the first packet out of what `receivedHex` tells. */
  forgetFirst(): void {
    this.#receivedBytes.shift();
  }

  /** Of what has arrived since the last call, the PUBLISH packets. */
  publishes(): Publish[] {
    return this.received().filter((packet) => packet.type === 'publish');
  }

  /** The payloads of these as text. */
  payloads(): string[] {
    return this.publishes().map(({ payload }) => new TextDecoder().decode(payload));
  }

  /** Stops taking bytes from the network, as a frozen process does; `thaw` goes on. */
  freeze(): void {
    this.#reads = false;
  }

  async thaw(): Promise<void> {
    this.#reads = true;
    await this.#broker.settle();
  }

  /** Ends the connection without DISCONNECT. */
  async drop(): Promise<void> {
    this.#link.destroy();
    await this.#broker.settle();
  }

  /** Carries waiting bytes in both directions; the harness calls it. */
  carry(): number {
    return this.#link.deliver() + (this.#reads ? this.far.deliver() : 0);
  }

  #receive(bytes: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    this.#reader.push(bytes.slice());
    for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
      const { lastPacketBytes } = this.#reader;
      this.#received.push(packet);
      this.#receivedBytes.push(this.#unread.subarray(0, lastPacketBytes));
      this.#unread = this.#unread.subarray(lastPacketBytes);
    }
  }
}

/** A PUBLISH of QoS 0 unless `options` say otherwise. */
export function publishOf(topic: string, payload: string, options: Partial<Publish> = {}): Publish {
  return {
    type: 'publish',
    topic,
    payload: new TextEncoder().encode(payload),
    qos: 0,
    retain: false,
    dup: false,
    packetId: options.qos ? 1 : 0,
    properties: undefined,
    ...options,
  };
}
