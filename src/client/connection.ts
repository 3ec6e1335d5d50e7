/** One network connection to a server, from CONNECT to its end. */

import type { Connack } from '../packet/connack.ts';
import type { Connect } from '../packet/connect.ts';
import type { Disconnect, DisconnectProperties } from '../packet/disconnect.ts';
import { writeFromClientWithoutAuth } from '../packet/from-client.ts';
import { fromServerWithoutAuth } from '../packet/from-server.ts';
import type { Packet } from '../packet/packet.ts';
import { PacketReader } from '../packet/packet-reader.ts';
import { ProtocolError, protocolError } from '../packet/protocol-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import type { TopicCache } from '../packet/topic-cache.ts';
import type { Unsubscribe } from '../packet/unsubscribe.ts';
import type { Link, LinkReceiver } from '../session/link.ts';
import type { Message } from '../session/message.ts';
import { Output, referenceBytesMin } from '../session/output.ts';
import { PacketSender } from '../session/packet-sender.ts';
import type { Turn } from '../session/turn.ts';
import { ClientError, disconnected, reasonText } from './client-error.ts';
import type { ClientSession } from './client-session.ts';
import { Conversation } from './conversation.ts';
import type { AuthExchange, AuthLine } from './enhanced-authentication.ts';
import { KeepAlive } from './keep-alive.ts';
import { type ClientLimits, packetBytesMax } from './limits.ts';
import type { ClientHost, ClientObserver, Recipient } from './ports.ts';
import type { Outcome, Publication } from './publications.ts';
import { Requests } from './requests.ts';
import { publishFault, type ServerTerms, subscribeFault, termsOf } from './server-terms.ts';

export interface ConnectionEvents {
  connected(connack: Connack, terms: ServerTerms): void;
  /** @param failure undefined when this side disconnected */
  ended(failure: ClientError | undefined): void;
}

export interface ConnectionOptions {
  readonly connect: Connect;
  /** A session that is present may be another than the one that is known here. */
  readonly isDoubtful: boolean;
  readonly session: ClientSession;
  readonly recipient: Recipient;
  readonly limits: ClientLimits;
  readonly topics: TopicCache | undefined;
  readonly host: ClientHost;
  readonly turn: Turn;
  readonly observer: ClientObserver;
  readonly exchange: AuthExchange | undefined;
  readonly events: ConnectionEvents;
}

/** `closing` when only the last bytes still have to leave. */
type Phase = 'connecting' | 'connected' | 'closing' | 'closed';

export class Connection implements LinkReceiver, AuthLine {
  readonly #link: Link;
  readonly #options: ConnectionOptions;
  readonly #traffic = { receivedBytes: 0, sentBytes: 0, publishSentBytes: 0 };
  readonly #reader: PacketReader;
  readonly #output: Output;
  readonly #requests: Requests;
  #phase: Phase = 'connecting';
  #dueAt: number;
  // When the last piece came: the time that goes for all that is in it.
  #readAt = 0;
  #isPaused = false;
  // What follows CONNACK waits until the exchange has looked at that.
  #isVerifying = false;
  #sender: PacketSender;
  #terms: ServerTerms | undefined;
  #conversation: Conversation | undefined;
  #keepAlive: KeepAlive | undefined;
  // Publications of QoS 0 that wait until the network takes more.
  #room: PromiseWithResolvers<void> | undefined;
  #failure: ClientError | undefined;

  constructor(link: Link, options: ConnectionOptions) {
    const { connect, session, host, turn, limits } = options;
    this.#link = link;
    this.#options = options;
    this.#reader = new PacketReader({
      from: options.exchange?.from ?? fromServerWithoutAuth,
      version: connect.version,
      packetBytesMax: connect.properties?.maximumPacketSize ?? packetBytesMax,
      topics: options.topics,
      ownsPayloads: true,
    });
    this.#output = new Output(link, turn);
    this.#requests = new Requests(session.outgoing);
    this.#sender = this.#createSender(Number.POSITIVE_INFINITY, 0);
    this.#dueAt = this.#wakeAt(host.clock.now() + limits.connectSeconds * 1000);
    // [MQTT-3.1.0-1]
    this.#sender.send(connect);
  }

  get isConnected(): boolean {
    return this.#phase === 'connected';
  }

  get isOpen(): boolean {
    return this.#phase === 'connecting' || this.#phase === 'connected';
  }

  receive(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#traffic.receivedBytes += bytes.length;
    this.#reader.push(bytes);
    // Acknowledgements need not wait for the end of the turn, which costs a tenth of a message in
    // small pieces; where publishers hear of theirs, more is about to follow.
    const isHeld = !this.#options.session.awaitsAnswers;
    if (isHeld) this.#output.hold();
    try {
      this.#read();
    } finally {
      if (isHeld) this.#output.release();
    }
    this.#reader.keepRest();
  }

  drained(): void {
    this.#output.drained();
    if (this.#output.backlogBytes > this.#options.limits.outputBytesMax) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  closed(error?: Error): void {
    if (this.#phase === 'closed') return;
    if (this.isOpen) {
      const text = error === undefined ? 'the server closed the connection' : error.message;
      this.#leave(new ClientError('connection lost', text, { cause: error }));
    }
    this.#phase = 'closed';
    this.#output.discard();
    this.#options.events.ended(this.#failure);
  }

  /** The time that was asked for has come, or some other time. */
  wake(now: number): void {
    if (this.#phase === 'closed') return;
    if (now < this.#dueAt) {
      this.#wakeAt(this.#dueAt);
      return;
    }
    if (this.#phase === 'closing') {
      this.#link.destroy();
    } else if (this.#phase === 'connecting') {
      const text = `no CONNACK within ${this.#options.limits.connectSeconds} seconds`;
      this.end(new ClientError('connect timeout', text));
    } else {
      this.#lookAfterKeepAlive(now);
    }
  }

  /**
   * Sends a message of QoS 0.
   *
   * @returns undefined when the network takes it; else a promise of that
   * @throws ClientError when it cannot be sent
   */
  publishAtMostOnce(message: Message): Promise<void> | undefined {
    this.#checkOffered(message);
    this.#options.session.publishAtMostOnce(message);
    if (!this.#mustWaitFor(message)) return undefined;
    this.#room ??= Promise.withResolvers();
    if (this.#isPaused) this.resumeReading();
    return this.#room.promise;
  }

  /**
   * Sends a message of QoS 1 or 2 as soon as that is possible, and tells how it ends.
   *
   * @throws ClientError when the server does not offer what the message asks for
   */
  publish(message: Publication, outcome: Outcome): void {
    this.#checkOffered(message);
    this.#options.session.publish(message, outcome);
    if (this.#isPaused) this.resumeReading();
  }

  /** @throws ClientError */
  #checkOffered(message: Message): void {
    const fault = publishFault(this.#terms!, message);
    if (fault !== undefined) throw fault;
  }

  /** Too much waits for the network, or the payload itself does, not a copy of it. */
  #mustWaitFor({ payloadBytes }: Message): boolean {
    const output = this.#output;
    if (!output.isBlocked) return false;
    if (output.backlogBytes > this.#options.limits.outputBytesMax) return true;
    return payloadBytes >= referenceBytesMin;
  }

  /** @throws ClientError when it cannot be sent */
  subscribe(packet: Omit<Subscribe, 'packetId'>): Promise<readonly ReasonCode[]> {
    const { subscriptions, properties } = packet;
    const fault = subscribeFault(this.#terms!, subscriptions, properties?.subscriptionIdentifier);
    if (fault !== undefined) throw fault;
    const filters = subscriptions.map(({ filter }) => filter);
    const answer = this.#requests.open('suback', filters, (packetId) =>
      this.#sender.send({ ...packet, packetId }),
    );
    this.resumeReading();
    return answer;
  }

  /** @throws ClientError when it cannot be sent */
  unsubscribe(packet: Omit<Unsubscribe, 'packetId'>): Promise<readonly ReasonCode[]> {
    const answer = this.#requests.open('unsuback', packet.filters, (packetId) =>
      this.#sender.send({ ...packet, packetId }),
    );
    this.resumeReading();
    return answer;
  }

  /** Sends DISCONNECT behind what is on its way, and nothing after it. [MQTT-3.14.4-1] */
  disconnect(reasonCode: ReasonCode, properties: DisconnectProperties | undefined): void {
    if (!this.isOpen) return;
    this.#sender.send({ type: 'disconnect', reasonCode, properties });
    this.end(undefined);
  }

  send(packet: Packet): void {
    this.#sender.send(packet);
  }

  /** Leaves, and closes the link behind the last bytes, for which the network has some time. */
  end(failure: ClientError | undefined): void {
    if (!this.isOpen) return;
    this.#leave(failure);
    const { host, limits } = this.#options;
    this.#dueAt = this.#wakeAt(host.clock.now() + limits.lingerSeconds * 1000);
    if (this.#isPaused) this.#link.resume(); // A link that is not read does not see its end.
    this.#output.close();
  }

  /** The recipient takes more, or an answer is awaited that must be read. */
  resumeReading(): void {
    if (!this.#isPaused || this.#mayPause) return;
    this.#isPaused = false;
    this.#link.resume();
  }

  #createSender(bytesMax: number, topicAliasMax: number): PacketSender {
    const { connect, exchange, host, observer } = this.#options;
    return new PacketSender(this.#output, {
      write: exchange?.write ?? writeFromClientWithoutAuth,
      version: connect.version,
      packetBytesMax: bytesMax,
      topicAliasMax,
      // Nothing is dropped here: publishers are made to wait instead.
      outputBytesMax: Number.POSITIVE_INFINITY,
      clock: host.clock,
      traffic: this.#traffic,
      tap: observer.packetSent && ((packet) => observer.packetSent?.(packet)),
    });
  }

  /** Handles every packet that is there. Errors of the server's are caught here, nowhere else. */
  #read(): void {
    this.#readAt = this.#options.host.clock.now();
    try {
      while (this.isOpen && !this.#isVerifying) {
        if (this.#readAcknowledgement()) continue;
        const packet = this.#reader.next();
        if (packet === undefined) break;
        this.#options.observer.packetReceived?.(packet);
        this.#handle(packet);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    }
    this.#pauseWhereDue();
  }

  /** Most that say no more than that all is well cost no object. */
  #readAcknowledgement(): boolean {
    const conversation = this.#conversation;
    const type = conversation && this.#reader.nextAcknowledgement();
    if (type === undefined) return false;
    const { packetId } = this.#reader;
    const reasonCode = reasonCodes.success;
    this.#options.observer.packetReceived?.({ type, packetId, reasonCode });
    conversation!.proceed(type, packetId, reasonCode);
    return true;
  }

  #handle(packet: Packet): void {
    const conversation = this.#conversation;
    if (conversation === undefined) {
      this.#handleBeforeConnack(packet);
      return;
    }
    switch (packet.type) {
      case 'publish':
        return conversation.publish(packet);
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return conversation.proceed(packet.type, packet.packetId, packet.reasonCode);
      case 'suback':
      case 'unsuback':
        return this.#requests.answer(packet);
      case 'disconnect':
        return this.#disconnected(packet);
      case 'auth':
        return this.#options.exchange!.answer(packet, this);
      case 'pingresp': // That it came is all that matters.
        return;
      case 'connect':
      case 'connack':
      case 'subscribe':
      case 'unsubscribe':
      case 'pingreq':
        throw unexpected(packet);
      default:
        packet satisfies never;
    }
  }

  #handleBeforeConnack(packet: Packet): void {
    if (packet.type === 'connack') return this.#welcomed(packet);
    if (packet.type === 'auth') return this.#options.exchange!.answer(packet, this);
    throw unexpected(packet);
  }

  #welcomed(connack: Connack): void {
    const { reasonCode, sessionPresent, properties } = connack;
    const { connect } = this.#options;
    if (reasonCode >= 0x80) {
      const text = `the server refused the connection, ${reasonText(reasonCode, properties?.reasonString)}`;
      const { serverReference } = properties ?? {};
      this.end(new ClientError('refused', text, { reasonCode, serverReference }));
      return;
    }
    if (sessionPresent && connect.cleanStart) {
      // [MQTT-3.2.2-4]: who has no session asks for a clean start.
      throw protocolError('a session is present after a clean start');
    }
    const { exchange } = this.#options;
    if (exchange === undefined) return this.#begin(connack);
    this.#isVerifying = true;
    exchange.verify(connack, this, () => {
      this.#isVerifying = false;
      this.#begin(connack);
    });
    if (!this.#isVerifying || !this.isOpen) return;
    // What follows CONNACK is not looked at before.
    this.#isPaused = true;
    this.#link.pause();
  }

  /** The server is taken for who it says it is. */
  #begin(connack: Connack): void {
    const { connect, isDoubtful, session, host, limits } = this.#options;
    const terms = termsOf(connect, connack);
    const now = host.clock.now();
    const topicAliasMax = Math.min(terms.topicAliasMax, limits.topicAliasesMax);
    this.#terms = terms;
    this.#phase = 'connected';
    this.#sender = this.#createSender(terms.packetBytesMax, topicAliasMax);
    this.#conversation = new Conversation({
      session,
      sender: this.#sender,
      recipient: this.#options.recipient,
      clock: { now: () => this.#readAt },
      topicAliasMax: connect.properties?.topicAliasMaximum ?? 0,
      taken: () => this.resumeReading(),
    });
    if (terms.keepAliveSeconds > 0) {
      this.#keepAlive = new KeepAlive(terms.keepAliveSeconds, this.#traffic, now);
    }
    this.#dueAt = this.#wakeAt(this.#keepAlive?.dueAt ?? Number.POSITIVE_INFINITY);
    if (!connack.sessionPresent) session.forget(now);
    else if (isDoubtful) session.doubt();
    const ownMax = connect.version === 5 ? terms.receiveMax : limits.inflightMessagesMaxIn3;
    const receiveMax = Math.min(terms.receiveMax, ownMax);
    session.resume(this.#sender, { receiveMax, now });
    this.#options.events.connected(connack, terms);
    if (!this.#isPaused) return;
    this.resumeReading();
    this.#read();
  }

  #disconnected({ reasonCode, properties }: Disconnect): void {
    const text = `the server disconnected, ${reasonText(reasonCode, properties?.reasonString)}`;
    const { serverReference } = properties ?? {};
    this.end(new ClientError('disconnected by server', text, { reasonCode, serverReference }));
  }

  #refuse({ reasonCode, message }: ProtocolError): void {
    const { version } = this.#sender;
    if (version === 5 && this.#phase === 'connected') {
      const properties = { reasonString: message };
      this.#sender.send({ type: 'disconnect', reasonCode, properties });
    }
    this.end(new ClientError('protocol error', `the server sent ${message}`, { reasonCode }));
  }

  #lookAfterKeepAlive(now: number): void {
    const keepAlive = this.#keepAlive;
    if (keepAlive === undefined) return;
    if (this.#isPaused) keepAlive.excuseSilence();
    const verdict = keepAlive.look(now);
    if (verdict === 'give up') {
      const text = `the server did not answer for twice the keep-alive`;
      this.end(new ClientError('keep-alive timeout', text));
      return;
    }
    if (verdict === 'ping') this.#sender.send({ type: 'pingreq' });
    this.#dueAt = this.#wakeAt(keepAlive.dueAt);
  }

  #leave(failure: ClientError | undefined): void {
    const cause = failure ?? disconnected();
    this.#phase = 'closing';
    this.#failure = failure;
    this.#options.session.suspend();
    this.#conversation?.end();
    this.#requests.fail(cause);
    this.#room?.reject(cause);
  }

  /**
   * Stops reading when what was read is not taken, so that the server feels it. But never while
   * an answer is awaited: whoever waits for it may be the one who takes the messages.
   */
  #pauseWhereDue(): void {
    if (this.#isPaused || this.#phase !== 'connected' || !this.#mayPause) return;
    this.#isPaused = true;
    this.#link.pause();
  }

  get #mayPause(): boolean {
    const { recipient, session } = this.#options;
    // Nor while the network takes nothing: the server may not read before somebody reads it.
    if (this.#room !== undefined) return false;
    return recipient.isFull && this.#requests.count === 0 && !session.awaitsAnswers;
  }

  #wakeAt(at: number): number {
    if (at !== Number.POSITIVE_INFINITY) this.#options.host.wakeAt(at);
    return at;
  }
}

function unexpected({ type }: Packet): ProtocolError {
  return protocolError(`${type.toUpperCase()} when none was due`);
}
