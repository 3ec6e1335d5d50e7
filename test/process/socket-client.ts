/** A client of MQTT 5.0 on a socket, plain or TLS, which a test sees the packets of. */

import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';

export interface SocketClientOptions {
  readonly port: number;
  readonly clientId: string;
  /** Absent: plain. */
  readonly tls?: ConnectionOptions | undefined;
  readonly userName?: string;
  readonly password?: string;
}

type PacketOf<Type> = Extract<Packet, { readonly type: Type }>;

export class SocketClient implements Disposable {
  /** Text of the messages that have come, each acknowledged. */
  readonly taken: string[] = [];
  readonly socket: Socket;
  /** Resolves with the reason of DISCONNECT, or undefined where there was none. */
  readonly closed: Promise<number | undefined>;
  readonly #reader = new PacketReader({ from: fromServer, packetBytesMax: 2 ** 20, version: 5 });
  #waiters: { readonly type: string; readonly take: (packet: Packet) => void }[] = [];
  #goodbye: number | undefined;
  #packetId = 0;

  constructor({ port, tls }: SocketClientOptions) {
    this.socket =
      tls === undefined
        ? connectPlain(port, '127.0.0.1')
        : connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...tls });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (bytes: Uint8Array) => this.#read(bytes));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        resolve(this.#goodbye);
        this.#give({ type: 'disconnect', reasonCode: 0 });
      });
    });
  }

  /** @throws when it is not let in */
  static async enter(options: SocketClientOptions): Promise<SocketClient> {
    const client = new SocketClient(options);
    const { clientId, userName, password } = options;
    client.send({
      type: 'connect',
      version: 5,
      bridge: false,
      cleanStart: true,
      keepAliveSeconds: 600,
      clientId,
      will: undefined,
      userName,
      password: password === undefined ? undefined : Buffer.from(password),
    });
    const connack = await client.next('connack');
    if (connack.reasonCode !== 0) throw new Error(`refused: ${connack.reasonCode}`);
    return client;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  send(packet: Packet): void {
    this.socket.write(encodePacket(packet, 5));
  }

  /** The next packet of that type. @throws when the connection ends before. */
  next<Type extends Packet['type']>(type: Type): Promise<PacketOf<Type>> {
    const { promise, resolve, reject } = Promise.withResolvers<PacketOf<Type>>();
    const take = (packet: Packet) => {
      if (packet.type === type) resolve(packet as PacketOf<Type>);
      else reject(new Error(`closed instead of ${type}`));
    };
    if (this.isOpen) this.#waiters.push({ type, take });
    else reject(new Error(`closed, so no ${type}`));
    return promise;
  }

  /** @returns the reason code of SUBACK */
  async subscribe(filter: string): Promise<number> {
    const suback = this.next('suback');
    const subscription = {
      filter,
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    this.send({ type: 'subscribe', packetId: this.#nextId(), subscriptions: [subscription] });
    return (await suback).reasonCodes[0];
  }

  /** @returns the reason code of PUBACK, to a message of QoS 1 */
  publish(topic: string, text: string): Promise<number> {
    return this.#publish(topic, text, { retain: false });
  }

  /** As `publish`; the message is kept, or taken back by an empty text. */
  retain(topic: string, text: string): Promise<number> {
    return this.#publish(topic, text, { retain: true });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #publish(topic: string, text: string, { retain }: { retain: boolean }): Promise<number> {
    const puback = this.next('puback');
    this.send({
      type: 'publish',
      topic,
      payload: Buffer.from(text),
      qos: 1,
      retain,
      dup: false,
      packetId: this.#nextId(),
      properties: undefined,
    });
    return (await puback).reasonCode;
  }

  #nextId(): number {
    this.#packetId = (this.#packetId % 0xffff) + 1;
    return this.#packetId;
  }

  #read(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
      if (packet.type === 'publish') this.#take(packet);
      else if (packet.type === 'disconnect') this.#goodbye = packet.reasonCode;
      else this.#give(packet);
    }
  }

  #take(publish: Publish): void {
    this.taken.push(new TextDecoder().decode(publish.payload));
    if (publish.qos !== 1) return;
    this.send({ type: 'puback', packetId: publish.packetId, reasonCode: 0 });
  }

  #give(packet: Packet): void {
    const isMeant = ({ type }: { type: string }) =>
      type === packet.type || packet.type === 'disconnect';
    const meant = this.#waiters.filter(isMeant);
    const taking = packet.type === 'disconnect' ? meant : meant.slice(0, 1);
    this.#waiters = this.#waiters.filter((waiter) => !taking.includes(waiter));
    for (const { take } of taking) take(packet);
  }
}
