/** Our clients in memory: against the real broker, or against a server that the test plays. */

import assert from 'node:assert/strict';
import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker, type BrokerOptions } from '../../src/broker/broker.ts';
import { Client, type ClientOptions } from '../../src/client/client.ts';
import type { ClientPlatform, Open } from '../../src/client/ports.ts';
import { fromClient } from '../../src/packet/from-client.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Accept } from '../../src/session/link.ts';
import { MemoryLink } from '../../src/transport/memory.ts';

interface Wake {
  at: number;
  call: (now: number) => void;
}

/** Time stands still but for `advance`; bytes move in `settle` alone. */
export class TestNetwork {
  readonly #links: (readonly [MemoryLink, MemoryLink])[] = [];
  #wakes: Wake[] = [];
  #turnEnds: (() => void)[] = [];
  #now = 0;
  #ids = 0;

  get now(): number {
    return this.#now;
  }

  client(options: Omit<ClientOptions, 'host'> = {}): Client {
    return this.#host((host) => new Client({ ...options, host }));
  }

  /**
   * What a client that stays connected needs.
   *
   * @param reach how to connect to the server of a URL
   * @param random gives a number from 0 up to 1
   */
  platform(reach: (server: URL) => Open, random: () => number = () => 0.5): TestPlatform {
    return new TestPlatform(this, reach, random);
  }

  /** A timer of the host. */
  wakeup(): Wake {
    const wake: Wake = { at: Number.POSITIVE_INFINITY, call: () => {} };
    this.#wakes.push(wake);
    return wake;
  }

  /** @returns what takes it back */
  after(milliseconds: number, call: () => void): () => void {
    const wake = this.wakeup();
    const takeBack = () => {
      this.#wakes = this.#wakes.filter((each) => each !== wake);
    };
    wake.at = this.#now + milliseconds;
    wake.call = () => {
      takeBack();
      call();
    };
    return takeBack;
  }

  atEndOfTurn(flush: () => void): void {
    this.#turnEnds.push(flush);
  }

  /** @returns how to connect to a broker of its own */
  broker(options: Partial<Omit<BrokerOptions, 'host'>> = {}): Open {
    const broker = this.#host(
      (host) =>
        new Broker({
          gatekeeper: Anonymous.allowed(),
          systemTopicSeconds: 0,
          ...options,
          host: { ...host, randomId: () => String(++this.#ids) },
        }),
    );
    return this.link(broker.listener().accept);
  }

  /** @returns how to connect to whoever `accept` stands for */
  link(accept: Accept): Open {
    return async (acceptNear) => {
      const [near, far] = MemoryLink.pair(['memory:server', 'memory:client']);
      far.receiver = accept(far);
      near.receiver = acceptNear(near);
      this.#links.push([near, far]);
    };
  }

  /** A client that is connected, and has nothing on its way. */
  async connected(open: Open, options: Omit<ClientOptions, 'host'> = {}): Promise<Client> {
    const client = this.client(options);
    await this.settled(client.connect(open));
    return client;
  }

  /** Lets everything happen that the promise waits for, time standing still. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    // The outcome is looked at below; a rejection that comes before is not unhandled.
    promise.catch(() => {});
    await this.settle();
    const pending = Symbol('pending');
    const outcome = await Promise.race([promise, Promise.resolve(pending)]);
    if (outcome === pending) throw new Error('still pending, although nothing moves any more');
    return outcome as T;
  }

  /** Carries bytes and ends turns until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; ) quiet = (await this.turn()) ? 0 : quiet + 1;
  }

  /** Carries what bytes there are, once, and ends a turn. @returns whether anything moved */
  async turn(): Promise<boolean> {
    const moved = this.#links
      .flatMap(([near, far]) => [near.deliver(), far.deliver()])
      .reduce((a, b) => a + b, 0);
    const turnEnds = this.#turnEnds;
    this.#turnEnds = [];
    for (const flush of turnEnds) flush();
    await new Promise(setImmediate); // All that follows from it in promises.
    return moved > 0 || turnEnds.length > 0;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const [near] of this.#links.splice(0)) near.destroy();
  }

  /** Lets time pass, waking whoever asked for it. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1000;
    await this.settle();
    for (let next = this.#nextWake(end); next !== undefined; next = this.#nextWake(end)) {
      this.#now = Math.max(this.#now, next.at);
      next.at = Number.POSITIVE_INFINITY;
      next.call(this.#now);
      await this.settle();
    }
    this.#now = end;
  }

  #nextWake(end: number): Wake | undefined {
    const due = this.#wakes.filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }

  #host<T extends { wake(now: number): void }>(create: (host: ClientOptions['host']) => T): T {
    const wake = this.wakeup();
    const created = create({
      clock: { now: () => this.#now },
      atEndOfTurn: (flush) => this.atEndOfTurn(flush),
      wakeAt: (at) => {
        wake.at = at;
      },
    });
    wake.call = (now) => created.wake(now);
    return created;
  }
}

/** The machine of one `MqttClient`. It gives up what takes too long to open, as sockets do. */
export class TestPlatform implements ClientPlatform {
  readonly clock: ClientPlatform['clock'];
  readonly atEndOfTurn: ClientPlatform['atEndOfTurn'];
  readonly after: ClientPlatform['after'];
  readonly random: ClientPlatform['random'];
  readonly date: ClientPlatform['date'];
  /** The servers that were to be reached, in their order. */
  readonly reached: string[] = [];
  readonly #reach: (server: URL) => Open;
  #isStopped = false;

  constructor(network: TestNetwork, reach: (server: URL) => Open, random: () => number) {
    this.clock = { now: () => network.now };
    this.atEndOfTurn = (flush) => network.atEndOfTurn(flush);
    this.random = random;
    this.date = () => network.now;
    this.#reach = reach;
    this.after = (milliseconds, call) => {
      assert.ok(!this.#isStopped, 'a client that has ended asks for no time');
      return network.after(milliseconds, call);
    };
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  readonly stop = (): void => {
    this.#isStopped = true;
  };

  readonly open = (server: URL, accept: Accept, signal: AbortSignal): Promise<void> => {
    this.reached.push(server.href);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#reach(server)(accept).then(resolve, reject);
    promise.catch(() => {}).finally(() => signal.removeEventListener('abort', abort));
    return promise;
  };
}

/** The far end of one connection, which says only what the test has it say. */
export class PlayedServer {
  readonly open: Open;
  readonly #network: TestNetwork;
  readonly #version: ProtocolVersion;
  #link: MemoryLink | undefined;
  #received: Packet[] = [];
  #isClosed = false;

  constructor(network: TestNetwork, version: ProtocolVersion = 5) {
    this.#network = network;
    this.#version = version;
    this.open = network.link((link) => this.#accept(link as MemoryLink));
  }

  /** The present connection is over. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The client takes nothing from the network. */
  get isHeldUp(): boolean {
    return this.#link!.pendingBytes > 0;
  }

  /** Answers the CONNECT that has come, and gives it back. */
  async letIn(
    connack: Partial<Packet & { type: 'connack' }> = {},
  ): Promise<Packet & { type: 'connect' }> {
    await this.#network.settle();
    const connect = this.received().findLast(({ type }) => type === 'connect');
    assert.ok(connect, 'the client has sent CONNECT');
    const success = { type: 'connack', sessionPresent: false, reasonCode: 0 } as const;
    await this.send({ ...success, ...connack });
    return connect as Packet & { type: 'connect' };
  }

  /** Has the client connect, and gives back its CONNECT. */
  async welcome(client: Client, connack: Partial<Packet & { type: 'connack' }> = {}) {
    const connecting = client.connect(this.open);
    await this.#network.settle();
    const connect = this.received()[0];
    await this.send({
      type: 'connack',
      sessionPresent: false,
      reasonCode: reasonCodes.success,
      ...connack,
    });
    await this.#network.settled(connecting);
    return connect as Packet & { type: 'connect' };
  }

  /** Takes no more bytes, as a frozen process does; `release` goes on. */
  hold(): void {
    this.#link!.pause();
  }

  release(): void {
    this.#link!.resume();
  }

  /** What has arrived since the last call. */
  received(): Packet[] {
    return this.#received.splice(0);
  }

  /** Of what has arrived since the last call, the type and packet id: `['puback 1']`. */
  heard(): string[] {
    return this.received().map((packet) =>
      'packetId' in packet && packet.packetId > 0
        ? `${packet.type} ${packet.packetId}`
        : packet.type,
    );
  }

  /** Sends packets in one piece and lets the client answer. */
  async send(...packets: Packet[]): Promise<void> {
    for (const packet of packets) this.#link!.write(encodePacket(packet, this.#version));
    await this.#network.settle();
  }

  /** Sends bytes, in the notation of packet-notation.ts. */
  async sendBytes(notation: string): Promise<void> {
    this.#link!.write(bytesOf(notation));
    await this.#network.settle();
  }

  /** Ends the connection without a word. */
  async drop(): Promise<void> {
    this.#link!.destroy();
    await this.#network.settle();
  }

  #accept(link: MemoryLink) {
    this.#link = link;
    this.#isClosed = false;
    const reader = new PacketReader({ from: fromClient, packetBytesMax: 268_435_460 });
    return {
      receive: (bytes: Uint8Array) => {
        reader.push(bytes.slice());
        for (let packet = reader.next(); packet; packet = reader.next()) {
          this.#received.push(packet);
        }
      },
      drained() {},
      closed: () => {
        this.#isClosed = true;
      },
    };
  }
}
