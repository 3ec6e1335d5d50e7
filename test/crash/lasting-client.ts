/**
 * A client that never loses anything, so that whatever is lost is the broker's: it keeps its
 * session, connects again whenever the connection breaks, and goes on where it was.
 */

import { connect, type Socket } from 'node:net';
import type { Pubrec } from '../../src/packet/acknowledgement.ts';
import type { Connack } from '../../src/packet/connack.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../../src/packet/packet.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import type { Publish } from '../../src/packet/publish.ts';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import type { QoS } from '../../src/packet/version.ts';
import { labelIn, type Message } from './message.ts';
import type { PacketLog } from './packet-log.ts';
import { type InFlight, type Request, SessionState } from './session-state.ts';

export interface LastingClientOptions {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly port: number;
  readonly session?: SessionKind;
  readonly log?: PacketLog | undefined;
}

/**
 * `lasting`: it begins when the client connects first, and must be there from then on. `clean`:
 * it ends with the connection. `inherited`: it lasts, and may have been there before.
 */
export type SessionKind = 'lasting' | 'clean' | 'inherited';

/** What happened; all of it is recorded before the broker gets an answer. */
export interface LastingClientEvents {
  /** Connected, and all that was in flight is sent again. */
  ready(): void;
  resent(message: Message): void;
  /** PUBACK, PUBREC or PUBCOMP; the reason code says whether it was accepted. */
  answered(message: Message, type: 'puback' | 'pubrec' | 'pubcomp', reasonCode: number): void;
  /** A message that is no repetition by its packet id; no label when the payload is garbage. */
  received(publish: Publish, label: string | undefined): void;
  /** PUBREL came for one of its messages. */
  released(): void;
  /** The broker did what it never may. */
  brokePromise(kind: PromiseKind, text: string): void;
}

export type PromiseKind = 'session lost' | 'packet id' | 'protocol' | 'refusal';

/** Short, so that a broker that has just started is met by all its clients at once. */
const reconnectMilliseconds = 10;
const packetBytesMax = 1_000_000;
const expiryNever = 0xffff_ffff;

/** Reason codes of DISCONNECT that are no accusation. */
const harmlessEnds: ReadonlySet<number> = new Set([
  reasonCodes.serverShuttingDown,
  reasonCodes.sessionTakenOver,
]);

export class LastingClient implements Disposable {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly #port: number;
  readonly #sessionKind: SessionKind;
  readonly #events: LastingClientEvents;
  readonly #log: PacketLog | undefined;
  readonly #state = new SessionState();
  #reader: PacketReader;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;
  #isReady = false;
  #hadSession = false;
  #receiveMax = 0xffff;

  constructor(options: LastingClientOptions, events: LastingClientEvents) {
    this.clientId = options.clientId;
    this.version = options.version;
    this.#port = options.port;
    this.#sessionKind = options.session ?? 'lasting';
    this.#log = options.log;
    this.#events = events;
    this.#reader = this.#newReader();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Session Present of the last CONNACK. */
  get hadSession(): boolean {
    return this.#hadSession;
  }

  /** It wants to be connected, be it so or not. */
  get isPresent(): boolean {
    return this.#isWanted;
  }

  get inFlight(): number {
    return this.#state.outgoing.size;
  }

  get receiveMax(): number {
    return this.#receiveMax;
  }

  /** QoS 2 messages whose PUBREL has not come, as `id: label`. */
  get unreleased(): readonly string[] {
    return [...this.#state.incoming].map(([id, label]) => `${id}: ${label}`);
  }

  get requestsOpen(): number {
    return this.#state.requests.size;
  }

  /** Connects, and keeps on doing so until it leaves. */
  come(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#open();
  }

  /** Goes away with DISCONNECT; the session stays. */
  leave(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    const socket = this.#forget();
    if (socket === undefined) return;
    socket.end(encodePacket({ type: 'disconnect', reasonCode: 0 }, this.version));
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#forget()?.destroy();
  }

  /** The connection breaks; the client comes back at once. */
  cut(): void {
    if (!this.#isWanted) return;
    this.vanish();
    this.come();
  }

  [Symbol.dispose](): void {
    this.vanish();
  }

  /** Sends a message for the first time; the client must be ready. */
  publish(message: Message): void {
    const packetId = this.#state.takeId();
    this.#state.outgoing.set(packetId, { message, step: 'publish' });
    this.#send(publishOf(message, packetId, false));
  }

  /** QoS 0: sent if there is a connection, and never again. */
  publishAtMostOnce(topic: string, payload: Uint8Array): void {
    this.#send({ ...publishDefaults, topic, payload, qos: 0, packetId: 0 });
  }

  /** Resolves to the reason code of SUBACK, however many connections that takes. */
  subscribe(filter: string, qos: QoS): Promise<number> {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    return this.#request(filter, { filter, qos, ...options });
  }

  /** Resolves to the reason code of UNSUBACK. */
  unsubscribe(filter: string): Promise<number> {
    return this.#request(filter, undefined);
  }

  #request(filter: string, subscription: Request['subscription']): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const packetId = this.#state.takeId();
    const request = { packetId, filter, subscription, answered: resolve };
    this.#state.requests.set(packetId, request);
    if (this.#isReady) this.#sendRequest(request);
    return promise;
  }

  #sendRequest({ packetId, filter, subscription }: Request): void {
    if (subscription === undefined) {
      this.#send({ type: 'unsubscribe', packetId, filters: [filter] });
    } else {
      this.#send({ type: 'subscribe', packetId, subscriptions: [subscription] });
    }
  }

  #open(): void {
    this.#reader = this.#newReader();
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#forget();
      this.#timer = setTimeout(() => this.#open(), reconnectMilliseconds);
    });
    socket.on('connect', () => {
      if (this.#socket === socket) this.#send(this.#connect());
    });
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#socket === socket) this.#receive(socket, bytes);
    });
  }

  #forget(): Socket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isReady = false;
    return socket;
  }

  #receive(socket: Socket, bytes: Uint8Array): void {
    socket.cork();
    try {
      this.#reader.push(bytes);
      for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
        this.#log?.add(this.clientId, '<', packet);
        this.#handle(packet);
        if (this.#socket !== socket) break;
      }
    } catch (error) {
      this.#events.brokePromise('protocol', `sent what is no MQTT: ${error}`);
      socket.destroy();
    }
    socket.uncork();
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case 'connack':
        return this.#connack(packet);
      case 'publish':
        return this.#publish(packet);
      case 'puback':
        return this.#finish('puback', packet.packetId, packet.reasonCode);
      case 'pubrec':
        return this.#pubrec(packet);
      case 'pubcomp':
        return this.#finish('pubcomp', packet.packetId, packet.reasonCode);
      case 'pubrel':
        return this.#release(packet.packetId);
      case 'suback':
        return this.#answered(packet.packetId, packet.reasonCodes[0]);
      case 'unsuback':
        return this.#answered(packet.packetId, packet.reasonCodes[0] ?? 0);
      case 'disconnect':
        if (harmlessEnds.has(packet.reasonCode)) return;
        return this.#accuse('protocol', `sent DISCONNECT with ${hex(packet.reasonCode)}`);
      default:
        return this.#accuse('protocol', `sent ${packet.type.toUpperCase()}`);
    }
  }

  #connack({ reasonCode, sessionPresent, properties }: Connack): void {
    if (reasonCode !== reasonCodes.success) {
      // A broker that is about to stop may say so; one that stays so is found by whoever waits.
      if (reasonCode !== reasonCodes.serverUnavailable) {
        this.#accuse('refusal', `refused to connect it, with ${hex(reasonCode)}`);
      }
      this.#socket?.destroy();
      return;
    }
    const state = this.#state;
    this.#judgeSession(sessionPresent);
    if (!sessionPresent) state.discard();
    state.isEstablished = true;
    this.#hadSession = sessionPresent;
    this.#receiveMax = properties?.receiveMaximum ?? 0xffff;
    this.#isReady = true;
    for (const [packetId, inFlight] of state.outgoing) this.#sendAgain(packetId, inFlight);
    for (const request of state.requests.values()) this.#sendRequest(request);
    this.#events.ready();
  }

  #judgeSession(isPresent: boolean): void {
    const { isEstablished, outgoing, incoming } = this.#state;
    if (isEstablished === isPresent || this.#sessionKind === 'clean') return;
    if (isEstablished) {
      const counts = `${outgoing.size} messages out and ${incoming.size} in were in flight`;
      this.#accuse('session lost', `has no session present, though there was one; ${counts}`);
    } else if (this.#sessionKind === 'lasting') {
      this.#accuse('session lost', 'has a session present that never was');
    }
  }

  #sendAgain(packetId: number, { message, step }: InFlight): void {
    this.#events.resent(message);
    if (step === 'publish') this.#send(publishOf(message, packetId, true));
    else this.#send({ type: 'pubrel', packetId, reasonCode: 0 });
  }

  #publish(publish: Publish): void {
    const { packetId, payload, topic, qos } = publish;
    const label = labelIn(payload, topic);
    if (qos < 2) {
      this.#events.received(publish, label);
      if (qos === 1) this.#send({ type: 'puback', packetId, reasonCode: 0 });
      return;
    }
    const { incoming } = this.#state;
    const known = incoming.get(packetId);
    const name = label ?? 'garbage';
    incoming.set(packetId, name);
    if (known === undefined) this.#events.received(publish, label);
    else if (known !== name) {
      // The receiver must take it for the first one [MQTT-4.3.3-10], so it is lost.
      this.#accuse('packet id', `used id ${packetId} of ${known}, not yet released, for ${name}`);
    }
    this.#send({ type: 'pubrec', packetId, reasonCode: 0 });
  }

  #release(packetId: number): void {
    this.#state.incoming.delete(packetId);
    this.#events.released();
    this.#send({ type: 'pubcomp', packetId, reasonCode: 0 });
  }

  #pubrec({ packetId, reasonCode }: Pubrec): void {
    const inFlight = this.#state.outgoing.get(packetId);
    if (inFlight?.message.qos !== 2) {
      this.#accuse('protocol', `sent PUBREC for ${packetId}, which is not in flight`);
      return;
    }
    if (reasonCode >= 0x80) this.#state.outgoing.delete(packetId);
    if (inFlight.step === 'publish') this.#events.answered(inFlight.message, 'pubrec', reasonCode);
    if (reasonCode >= 0x80) return;
    inFlight.step = 'pubrel';
    this.#send({ type: 'pubrel', packetId, reasonCode: 0 });
  }

  /** PUBACK or PUBCOMP: the packet id is free again. */
  #finish(type: 'puback' | 'pubcomp', packetId: number, reasonCode: number): void {
    const { outgoing } = this.#state;
    const inFlight = outgoing.get(packetId);
    const isExpected =
      type === 'puback' ? inFlight?.message.qos === 1 : inFlight?.step === 'pubrel';
    if (inFlight === undefined || !isExpected) {
      this.#accuse('protocol', `sent ${type.toUpperCase()} for ${packetId}, which awaits none`);
      return;
    }
    outgoing.delete(packetId);
    this.#events.answered(inFlight.message, type, reasonCode);
  }

  #answered(packetId: number, reasonCode: number): void {
    const { requests } = this.#state;
    const request = requests.get(packetId);
    if (request === undefined) return this.#accuse('protocol', `answered request ${packetId}`);
    requests.delete(packetId);
    request.answered(reasonCode);
  }

  #accuse(kind: PromiseKind, text: string): void {
    this.#events.brokePromise(kind, `the broker ${text}`);
  }

  #send(packet: Packet): void {
    const socket = this.#socket;
    this.#log?.add(this.clientId, socket?.writable ? '>' : 'x', packet);
    if (socket?.writable) socket.write(encodePacket(packet, this.version));
  }

  #newReader(): PacketReader {
    return new PacketReader({ from: fromServer, version: this.version, packetBytesMax });
  }

  #connect(): Packet {
    const isClean = this.#sessionKind === 'clean';
    return {
      type: 'connect',
      version: this.version,
      bridge: false,
      cleanStart: isClean,
      keepAliveSeconds: 0,
      clientId: this.clientId,
      will: undefined,
      userName: undefined,
      password: undefined,
      properties: isClean ? {} : { sessionExpiryInterval: expiryNever },
    };
  }
}

const publishDefaults = {
  type: 'publish',
  retain: false,
  dup: false,
  properties: undefined,
} as const;

function publishOf(message: Message, packetId: number, dup: boolean): Publish {
  const { topic, payload, qos, retain } = message;
  return { ...publishDefaults, topic, payload, qos, retain, dup, packetId };
}

function hex(reasonCode: number): string {
  return `0x${reasonCode.toString(16)}`;
}
