/** One session with a server, through any number of connections, of which it has one at a time. */

import { ByteWriter } from '../packet/byte-writer.ts';
import type { Connack } from '../packet/connack.ts';
import {
  type Connect,
  type ConnectProperties,
  type Will,
  writeConnect,
} from '../packet/connect.ts';
import type { DisconnectProperties } from '../packet/disconnect.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Subscribe } from '../packet/subscribe.ts';
import { utf8Of } from '../packet/text.ts';
import type { TopicCache } from '../packet/topic-cache.ts';
import type { Unsubscribe } from '../packet/unsubscribe.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { Accept } from '../session/link.ts';
import type { Message } from '../session/message.ts';
import { Turn } from '../session/turn.ts';
import { nameFault } from '../topic/topic-filter.ts';
import { ClientError, disconnected } from './client-error.ts';
import { ClientSession } from './client-session.ts';
import { Connection } from './connection.ts';
import type { AuthExchange } from './enhanced-authentication.ts';
import { refuseFault } from './fault.ts';
import type { ClientLimits } from './limits.ts';
import type { OutboxLog } from './outbox-log.ts';
import type { ClientHost, ClientObserver, Open, Recipient } from './ports.ts';
import type { Outcome, Publication } from './publications.ts';
import type { ServerTerms } from './server-terms.ts';

export interface SessionClientOptions {
  readonly host: ClientHost;
  /** Empty: the server gives one, where the version allows it. */
  readonly clientId: string;
  /** Makes one up where it does not; absent: there has to be a `clientId`. */
  readonly makeClientId?: (() => string) | undefined;
  /** Whether the first connection begins a new session; further ones resume what survives. */
  readonly cleanStart: boolean;
  readonly recipient: Recipient;
  /** Whether what has not been acknowledged outlives a session that the server has not kept. */
  readonly keepsMessages: boolean;
  readonly limits: ClientLimits;
  /** Absent: each topic that arrives is decoded. */
  readonly topics: TopicCache | undefined;
  readonly observer: ClientObserver;
}

/** What one CONNECT says of its client. */
export interface Introduction {
  readonly version: ProtocolVersion;
  readonly keepAliveSeconds: number;
  readonly will?: Will | undefined;
  readonly userName?: string | undefined;
  readonly password?: Uint8Array | string | undefined;
  /** MQTT 5.0 only; `sessionExpiryInterval` is what lets a session outlive its connection. */
  readonly properties?: ConnectProperties | undefined;
  /** For an `authenticationMethod`; its own properties of CONNECT are to be among those. */
  readonly exchange?: AuthExchange | undefined;
}

export class SessionClient {
  readonly #options: SessionClientOptions;
  readonly #turn: Turn;
  #clientId: string;
  #session: ClientSession;
  // The server may hold a session of ours: ask for it, do not begin anew.
  #resumes: boolean;
  // What this side knew of a session that the server may hold is gone.
  #beginsAnew = false;
  // What the present session said when it connected: DISCONNECT cannot prolong it beyond that.
  #expirySeconds = 0;
  #isOpening = false;
  #isDoubtful = false;
  #connection: Connection | undefined;
  #terms: ServerTerms | undefined;
  #closed: PromiseWithResolvers<ClientError | undefined> = Promise.withResolvers();

  constructor(options: SessionClientOptions) {
    this.#options = options;
    this.#turn = options.host.turn ?? new Turn(options.host.atEndOfTurn);
    this.#clientId = options.clientId;
    this.#session = new ClientSession(options.limits, options.host.clock);
    this.#resumes = !options.cleanStart;
    this.#closed.resolve(undefined);
  }

  /** Its own identifier, or the one that the server gave it. */
  get clientId(): string {
    return this.#clientId;
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false;
  }

  /**
   * Goes on with a session that an earlier program has left; call before `connect`.
   *
   * @param outcomeOf is told how each of its messages ends
   */
  restore(log: OutboxLog, outcomeOf: (message: Publication) => Outcome): void {
    const { limits, host } = this.#options;
    this.#session = new ClientSession(limits, host.clock, log);
    this.#session.restore(outcomeOf);
  }

  /**
   * Has the first connection begin a new session, that later ones resume: in an old one, the server
   * might take a message for a duplicate of one that this side does not know of.
   */
  beginAnew(): void {
    this.#beginsAnew = true;
  }

  /** What the server of the present or the last connection offers. */
  get terms(): ServerTerms | undefined {
    return this.#terms;
  }

  get limits(): ClientLimits {
    return this.#options.limits;
  }

  /** Whether a publisher waits to hear from the server. */
  get awaitsAnswers(): boolean {
    return this.#session.awaitsAnswers;
  }

  /**
   * The last CONNECT has had no answer. If the server lost the session before, it may have begun
   * another, which it will say is present, too.
   */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  /**
   * Resolves when the present connection has ended: with nothing when this side ended it, else with
   * the reason. It never rejects.
   */
  get closed(): Promise<ClientError | undefined> {
    return this.#closed.promise;
  }

  /**
   * Connects. After a connection has ended it may be called again: then the session goes on if it
   * was agreed to outlive connections, and what is not acknowledged is sent again.
   *
   * @returns CONNACK, which may say more than this class knows
   * @throws ClientError, or what `open` rejects with; RangeError when that makes no CONNECT
   */
  async connect(open: Open, introduction: Introduction): Promise<Connack> {
    if (this.#isOpening || this.#connection !== undefined) {
      throw new RangeError('the client has a connection');
    }
    const connect = this.#connectPacket(introduction);
    const connected = Promise.withResolvers<Connack>();
    const accept: Accept = (link) => {
      this.#connection = this.#createConnection(link, connect, introduction, connected);
      return this.#connection;
    };
    this.#isOpening = true;
    try {
      const [connack] = await Promise.all([connected.promise, open(accept)]);
      return connack;
    } finally {
      this.#isOpening = false;
    }
  }

  /**
   * Sends a message of QoS 0; where there is no connection it waits, if that is allowed.
   *
   * @returns undefined when the network takes it; else a promise of that
   * @throws ClientError when it cannot be sent
   */
  publishAtMostOnce(message: Message): Promise<void> | undefined {
    const connection = this.#connection;
    if (connection?.isConnected) return connection.publishAtMostOnce(message);
    this.#session.publishAtMostOnce(message);
    return undefined;
  }

  /**
   * Sends a message of QoS 1 or 2 as soon as that is possible, in this connection or a later one,
   * and tells how it ends.
   *
   * @throws ClientError when the server does not offer what the message asks for
   */
  publish(message: Publication, outcome: Outcome): void {
    const connection = this.#connection;
    if (connection?.isConnected) connection.publish(message, outcome);
    else this.#session.publish(message, outcome);
  }

  /** Gives up the message of QoS 1 or 2 that has waited longest, if one has not been sent. */
  dropOldest(): Message | undefined {
    let oldest: Message | undefined;
    this.#session.outgoing.giveUp(({ message, qos }) => {
      if (qos > 0) oldest = message;
      return qos > 0;
    });
    return oldest;
  }

  /** Gives the message up if it has not been sent. @returns whether */
  withdraw(message: Message): boolean {
    return this.#session.outgoing.giveUp((each) => each.message === message);
  }

  /** @throws ClientError, as when there is no connection */
  subscribe(packet: Omit<Subscribe, 'packetId'>): Promise<readonly ReasonCode[]> {
    return this.#connected('subscribe').subscribe(packet);
  }

  /** @throws ClientError, as when there is no connection */
  unsubscribe(packet: Omit<Unsubscribe, 'packetId'>): Promise<readonly ReasonCode[]> {
    return this.#connected('unsubscribe').unsubscribe(packet);
  }

  /** The recipient takes more than it did. */
  resumeReading(): void {
    this.#connection?.resumeReading();
  }

  /**
   * Sends DISCONNECT and resolves when the connection is over. The server drops the will.
   *
   * @throws RangeError
   */
  async disconnect(reasonCode: ReasonCode, properties?: DisconnectProperties): Promise<void> {
    if ((properties?.sessionExpiryInterval ?? 0) > 0 && this.#expirySeconds === 0) {
      // MQTT 5.0 section 3.14.2.2.2
      throw new RangeError('DISCONNECT cannot prolong a session that CONNECT let end with it');
    }
    if (properties?.sessionExpiryInterval === 0) this.#resumes = false;
    this.#connection?.disconnect(reasonCode, properties);
    await this.closed;
  }

  /** The session is given up: what waits in it will not be sent. */
  end(cause: ClientError): void {
    this.#session.end(cause);
  }

  /** Does what is due at this time of the clock. */
  wake(now: number): void {
    this.#connection?.wake(now);
  }

  /** @throws ClientError */
  requireConnection(what: string): void {
    this.#connected(what);
  }

  #connected(what: string): Connection {
    if (this.#connection?.isConnected) return this.#connection;
    throw new ClientError('not connected', `${what} needs a connection: connect first`);
  }

  /** @throws RangeError when it makes no CONNECT */
  #connectPacket(introduction: Introduction): Connect {
    const { exchange: _, password, ...said } = introduction;
    const { version, will } = said;
    // [MQTT3-3.1.3-7]; MQTT 3.1 asks for an identifier in any case.
    const needsId = version === 3 || (version === 4 && this.#resumes);
    if (needsId && this.#clientId === '') this.#clientId = this.#options.makeClientId?.() ?? '';
    const connect: Connect = {
      userName: undefined,
      will: undefined,
      ...said,
      type: 'connect',
      bridge: false,
      // In MQTT 3.x it would have the session end with the connection.
      cleanStart: !this.#resumes || (this.#beginsAnew && version === 5),
      clientId: this.#clientId,
      password: typeof password === 'string' ? utf8Of(password) : password,
    };
    if (will !== undefined) refuseFault(nameFault(will.topic));
    if (needsId && connect.clientId === '') {
      throw new RangeError(
        'no clientId, which MQTT 3.1 needs, and a session that is to be found again',
      );
    }
    writeConnect(new ByteWriter(256), connect);
    return connect;
  }

  #createConnection(
    link: Parameters<Accept>[0],
    connect: Connect,
    { exchange }: Introduction,
    connected: PromiseWithResolvers<Connack>,
  ): Connection {
    this.#closed = Promise.withResolvers();
    this.#expirySeconds = connect.properties?.sessionExpiryInterval ?? 0;
    const isDoubtful = this.#isDoubtful;
    this.#isDoubtful = true;
    return new Connection(link, {
      ...this.#options,
      connect,
      isDoubtful,
      session: this.#session,
      turn: this.#turn,
      exchange,
      events: {
        connected: (connack, terms) => {
          this.#terms = terms;
          this.#isDoubtful = false;
          this.#clientId = terms.clientId;
          this.#resumes = terms.sessionSurvives;
          this.#beginsAnew = false;
          this.#session.log?.sessionBegun();
          this.#options.recipient.opened?.();
          connected.resolve(connack);
        },
        ended: (failure) => {
          connected.reject(failure ?? disconnected());
          this.#ended(failure);
        },
      },
    });
  }

  #ended(failure: ClientError | undefined): void {
    this.#connection = undefined;
    const { host, keepsMessages, limits, recipient } = this.#options;
    if (!this.#resumes && !keepsMessages) {
      this.#session.end(failure ?? disconnected());
      this.#session = new ClientSession(limits, host.clock);
    }
    recipient.ended?.(failure);
    this.#closed.resolve(failure);
  }
}
