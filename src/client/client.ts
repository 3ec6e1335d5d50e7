/** A client of an MQTT server: connects, publishes, subscribes, and hands out what arrives. */

import { ByteWriter } from '../packet/byte-writer.ts';
import type { Connack } from '../packet/connack.ts';
import type { Connect, ConnectProperties, Will } from '../packet/connect.ts';
import type { DisconnectProperties } from '../packet/disconnect.ts';
import { writePacket } from '../packet/packet.ts';
import type { UserProperties } from '../packet/properties.ts';
import { writePublishHead } from '../packet/publish.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { RetainHandling, SubscribeProperties, Subscription } from '../packet/subscribe.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import type { Accept } from '../session/link.ts';
import { Message, type MessageProperties } from '../session/message.ts';
import { Turn } from '../session/turn.ts';
import { filterFault, nameFault } from '../topic/topic-filter.ts';
import { ClientError } from './client-error.ts';
import { ClientSession } from './client-session.ts';
import { Connection } from './connection.ts';
import { Inbox, type ReceivedMessage } from './inbox.ts';
import { type ClientLimits, defaultClientLimits } from './limits.ts';
import type { AnswerChallenge, ClientHost, ClientObserver, Open } from './ports.ts';
import type { ServerTerms } from './server-terms.ts';

export interface ClientOptions {
  readonly host: ClientHost;
  /** Empty: the server gives one, where the version allows it. */
  readonly clientId?: string;
  readonly version?: ProtocolVersion;
  /** Whether the first connection begins a new session; further ones resume what survives. */
  readonly cleanStart?: boolean;
  readonly keepAliveSeconds?: number;
  readonly will?: Will | undefined;
  readonly userName?: string | undefined;
  readonly password?: Uint8Array | string | undefined;
  /** MQTT 5.0 only; `sessionExpiryInterval` is what lets a session outlive its connection. */
  readonly properties?: ConnectProperties | undefined;
  /** For an `authenticationMethod` that takes more than CONNECT. */
  readonly answerChallenge?: AnswerChallenge;
  readonly limits?: Partial<ClientLimits>;
  readonly observer?: ClientObserver;
}

export interface PublishOptions {
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties | undefined;
}

export interface SubscribeOptions {
  readonly qos?: QoS;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: RetainHandling;
  readonly properties?: SubscribeProperties | undefined;
}

export interface UnsubscribeOptions {
  readonly userProperties?: UserProperties;
}

export interface DisconnectOptions {
  readonly reasonCode?: ReasonCode;
  readonly properties?: DisconnectProperties | undefined;
}

/**
 * One client with one session, which lives through any number of connections. Arguments that no
 * server could make sense of are a RangeError; everything else that fails is a ClientError.
 *
 *     const client = new Client({ host, clientId: 'thermometer' });
 *     await client.connect((accept) => connectTcp(accept, { host: 'localhost', port: 1883 }));
 *     await client.publish('home/temperature', '25.5', { qos: 1 });
 *     await client.disconnect();
 */
export class Client {
  readonly #options: ClientOptions;
  readonly #limits: ClientLimits;
  readonly #turn: Turn;
  readonly #inbox: Inbox;
  readonly #scratch = new ByteWriter(256);
  #clientId: string;
  #session: ClientSession;
  // The server may hold a session of ours: ask for it, do not begin anew.
  #resumes: boolean;
  #isOpening = false;
  #connection: Connection | undefined;
  #terms: ServerTerms | undefined;
  #closed: PromiseWithResolvers<ClientError | undefined> = Promise.withResolvers();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#limits = { ...defaultClientLimits, ...options.limits };
    this.#turn = new Turn(options.host.atEndOfTurn);
    this.#inbox = new Inbox(this.#limits);
    this.#clientId = options.clientId ?? '';
    this.#session = new ClientSession(this.#limits);
    this.#resumes = options.cleanStart === false;
    this.#closed.resolve(undefined);
  }

  /** Its own identifier, or the one that the server gave it. */
  get clientId(): string {
    return this.#clientId;
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false;
  }

  /** What the server of the present or the last connection offers. */
  get terms(): ServerTerms | undefined {
    return this.#terms;
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
   * @throws ClientError, or what `open` rejects with
   */
  async connect(open: Open): Promise<Connack> {
    if (this.#isOpening || this.#connection !== undefined) {
      throw new RangeError('the client has a connection: wait for `closed` before the next one');
    }
    const connect = this.#connectPacket();
    const connected = Promise.withResolvers<Connack>();
    const accept: Accept = (link) => {
      this.#connection = this.#createConnection(link, connect, connected);
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
   * Publishes a message. A payload must not be changed until the promise is settled.
   *
   * @returns the server's reason code, once the message has been acknowledged as its QoS asks; at
   *   QoS 0 once the network takes it. Should the connection end before, it waits for the next one,
   *   if the session outlives connections.
   * @throws ClientError with the server's reason code where it refused the message
   */
  async publish(
    topic: string,
    payload: Uint8Array | string,
    { qos = 0, retain = false, properties }: PublishOptions = {},
  ): Promise<ReasonCode> {
    const connection = this.#connected('publish');
    refuseFault(nameFault(topic));
    // [MQTT-3.3.2-14]
    if (properties?.responseTopic !== undefined) refuseFault(nameFault(properties.responseTopic));
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
    const message = new Message(topic, bytes, {
      qos,
      retain,
      properties,
      expiresAt: this.#expiry(properties?.messageExpiryInterval),
    });
    this.#checkWritable(message);
    return connection.publish(message);
  }

  /**
   * Subscribes. What arrives is read from `messages`.
   *
   * @returns the server's reason code for each filter: the granted QoS, or 0x80 and more where it
   *   refused one. In MQTT 3.x 0x80 is the only refusal.
   * @throws ClientError when the server refused all of them
   */
  async subscribe(
    filters: string | readonly string[],
    {
      qos = 0,
      noLocal = false,
      retainAsPublished = false,
      retainHandling = 0,
      properties,
    }: SubscribeOptions = {},
  ): Promise<readonly ReasonCode[]> {
    const connection = this.#connected('subscribe');
    const subscriptions = listOf(filters).map((filter): Subscription => {
      refuseFault(filterFault(filter));
      // [MQTT-3.8.3-4]
      const isLocalShare = noLocal && filter.startsWith('$share/');
      refuseFault(isLocalShare ? `shared subscription '${filter}' with no local` : undefined);
      return { filter, qos, noLocal, retainAsPublished, retainHandling };
    });
    return connection.subscribe({ type: 'subscribe', subscriptions, properties });
  }

  /**
   * @returns the server's reason code for each filter; none from MQTT 3.x
   * @throws ClientError when the server refused all of them
   */
  async unsubscribe(
    filters: string | readonly string[],
    { userProperties }: UnsubscribeOptions = {},
  ): Promise<readonly ReasonCode[]> {
    const connection = this.#connected('unsubscribe');
    const list = listOf(filters);
    for (const filter of list) refuseFault(filterFault(filter));
    const properties = userProperties && { userProperties };
    return connection.unsubscribe({ type: 'unsubscribe', filters: list, properties });
  }

  /**
   * Messages as they arrive, until the connection ends. One of QoS 1 or 2 is acknowledged when its
   * reader comes for the next one, or stops reading; the server waits for slow readers. Several
   * readers share the messages.
   *
   * @throws ClientError when the connection ended and this side did not end it
   */
  messages(): AsyncGenerator<ReceivedMessage, void, undefined> {
    return this.#inbox.read();
  }

  /** Sends DISCONNECT and resolves when the connection is over. The server drops the will. */
  async disconnect({
    reasonCode = reasonCodes.normalDisconnection,
    properties,
  }: DisconnectOptions = {}): Promise<void> {
    const prolongs = (properties?.sessionExpiryInterval ?? 0) > 0;
    if (prolongs && !this.#options.properties?.sessionExpiryInterval) {
      // MQTT 5.0 section 3.14.2.2.2
      throw new RangeError('DISCONNECT cannot prolong a session that CONNECT let end with it');
    }
    if (properties?.sessionExpiryInterval === 0) this.#resumes = false;
    this.#connection?.disconnect(reasonCode, properties);
    await this.closed;
  }

  /** Does what is due at this time of the clock. */
  wake(now: number): void {
    this.#connection?.wake(now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  /** @throws RangeError when the options make no CONNECT */
  #connectPacket(): Connect {
    const { version = 5, keepAliveSeconds = 60, will, userName, password } = this.#options;
    const connect: Connect = {
      type: 'connect',
      version,
      bridge: false,
      cleanStart: !this.#resumes,
      keepAliveSeconds,
      clientId: this.#clientId,
      will,
      userName,
      password: typeof password === 'string' ? new TextEncoder().encode(password) : password,
      properties: this.#options.properties,
    };
    if (will !== undefined) refuseFault(nameFault(will.topic));
    // [MQTT3-3.1.3-7]; MQTT 3.1 asks for an identifier in any case.
    const needsId = version === 3 || (version === 4 && !connect.cleanStart);
    if (needsId && connect.clientId === '') {
      throw new RangeError('an empty client identifier, where this version or session needs one');
    }
    writePacket(new ByteWriter(256), connect, version);
    return connect;
  }

  #createConnection(
    link: Parameters<Accept>[0],
    connect: Connect,
    connected: PromiseWithResolvers<Connack>,
  ): Connection {
    const { host, observer = {}, answerChallenge } = this.#options;
    this.#closed = Promise.withResolvers();
    return new Connection(link, {
      connect,
      session: this.#session,
      recipient: this.#inbox,
      limits: this.#limits,
      host,
      turn: this.#turn,
      observer,
      answerChallenge,
      events: {
        connected: (connack, terms) => {
          this.#terms = terms;
          this.#clientId = terms.clientId;
          this.#resumes = terms.sessionSurvives;
          this.#inbox.open();
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
    if (!this.#resumes) {
      this.#session.end(failure ?? disconnected());
      this.#session = new ClientSession(this.#limits);
    }
    this.#inbox.close(failure);
    this.#closed.resolve(failure);
  }

  #connected(what: string): Connection {
    if (this.#connection?.isConnected) return this.#connection;
    throw new ClientError('not connected', `${what} needs a connection: connect first`);
  }

  #expiry(seconds: number | undefined): number {
    if (seconds === undefined) return Number.POSITIVE_INFINITY;
    return this.#options.host.clock.now() + seconds * 1000;
  }

  /** @throws RangeError before the message is part of the session, which could not send it */
  #checkWritable({ topic, payload, qos, retain, properties }: Message): void {
    const packetId = qos === 0 ? 0 : 1;
    const packet = { type: 'publish', topic, payload, qos, retain, dup: false, packetId } as const;
    const { version = 5 } = this.#options;
    this.#scratch.reset();
    writePublishHead(this.#scratch, { ...packet, properties }, version);
  }
}

function listOf(filters: string | readonly string[]): readonly string[] {
  return typeof filters === 'string' ? [filters] : filters;
}

/** @throws RangeError when there is a fault */
function refuseFault(fault: string | undefined): void {
  if (fault !== undefined) throw new RangeError(fault);
}

function disconnected(): ClientError {
  return new ClientError('disconnected', 'the client disconnected');
}
