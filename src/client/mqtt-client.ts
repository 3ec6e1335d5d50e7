/** The client that programs use: it stays connected, subscribed, and loses nothing on the way. */

import type { DisconnectProperties } from '../packet/disconnect.ts';
import type { UserProperties } from '../packet/properties.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { Message } from '../session/message.ts';
import { whenAborted } from './abort.ts';
import { ClientError } from './client-error.ts';
import type { ClientEvents } from './client-events.ts';
import { isTemporary, limitsOf, madeUpId } from './client-settings.ts';
import type { ConnectionEvents, ConnectOptions, Servers } from './connect-options.ts';
import { Connector } from './connector.ts';
import type { DurableOutbox } from './durable-outbox.ts';
import { Events, type ListenOptions, throwAlone } from './events.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { type HandleMessage, MessageHandler } from './message-handler.ts';
import { MessageMaker, type PublishOptions as MessageOptions } from './message-maker.ts';
import { MessageStream, type Sink } from './message-stream.ts';
import { Outbox, outboxDefaults, type Until } from './outbox.ts';
import type { OutboxLog } from './outbox-log.ts';
import type { ClientPlatform } from './ports.ts';
import { dropped, type Published, publishedWith } from './published.ts';
import { Requester, type RequestOptions } from './requester.ts';
import { type Respond, respondWith } from './responder.ts';
import type { ServerTerms } from './server-terms.ts';
import { SessionClient } from './session-client.ts';
import { Subscriber, type SubscriberLimits } from './subscriber.ts';
import { Subscription } from './subscription.ts';
import type { SubscriptionOptions } from './subscription-request.ts';
import { Timers } from './timers.ts';

export interface PublishOptions extends MessageOptions {
  /** Takes the message back as long as it has not been sent; later, nobody waits for it. */
  readonly signal?: AbortSignal | undefined;
  /**
   * `stored`, where the outbox has a store: the message of QoS 1 or 2 would outlive the program and
   * a power cut, and is the outbox's business from then on. Absent: it is acknowledged.
   */
  readonly until?: Until | undefined;
}

export interface SubscribeOptions extends SubscriptionOptions {
  /** MQTT 5.0. */
  readonly userProperties?: UserProperties | undefined;
  /**
   * Messages are acknowledged when `message.ack()` is called, and not when their reader comes for
   * the next one or their handler is done; false.
   */
  readonly manualAck?: boolean;
  /** Messages that a handler may be at work on, where it returns promises; 1: one by one. */
  readonly concurrency?: number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

export interface DisconnectOptions {
  /** Seconds that messages of QoS 1 and 2 may take to be acknowledged before; 10. */
  readonly drainSeconds?: number;
  readonly reasonCode?: ReasonCode;
  /** MQTT 5.0. */
  readonly properties?: DisconnectProperties | undefined;
}

const drainSecondsDefault = 10;

// A full disk is not looked at more often.
const storeRetryMilliseconds = 1000;

// What servers have on their way at most: Mosquitto's default, whatever Receive Maximum it is told.
const heldMax = 20;

// Requests that are answered at a time.
const responsesDefault = 100;

const sent = publishedWith(reasonCodes.success);
// One promise for all: most messages of QoS 0 leave at once.
const sentAtOnce = Promise.resolve(sent);

/**
 * A client of an MQTT server. It connects again when a connection breaks, and goes on where it was:
 * with its subscriptions, and with what has not been acknowledged. Arguments that no server could
 * make sense of are a RangeError; everything else that fails is a ClientError.
 */
export class MqttClient {
  readonly #options: ConnectOptions;
  readonly #limits: SubscriberLimits;
  readonly #platform: ClientPlatform;
  readonly #timers: Timers;
  readonly #events = new Events<ClientEvents>();
  readonly #subscriber: Subscriber;
  readonly #session: SessionClient;
  readonly #maker: MessageMaker;
  readonly #outbox: Outbox;
  readonly #connector: Connector;
  readonly #isTemporary: boolean;
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #requester: Requester | undefined;
  #log: OutboxLog | undefined;
  #isEnding = false;
  #hasEnded = false;

  /** Does nothing before `start`. */
  constructor(
    servers: Servers | (() => Servers | Promise<Servers>),
    options: ConnectOptions,
    platform: ClientPlatform,
  ) {
    const limits = limitsOf(options);
    this.#limits = limits;
    this.#options = options;
    this.#platform = platform;
    this.#timers = new Timers(platform);
    this.#isTemporary = isTemporary(options);
    this.#subscriber = new Subscriber({
      limits,
      heldMax: Math.min(limits.inboxMessagesMax, options.receiveMaximum ?? heldMax, heldMax),
      timers: this.#timers,
      random: platform.random,
      unclaimed: (message) => this.#events.emit('unclaimed', message),
      refused: (filter, failure) => this.#events.emit('refused', { filter, failure }),
      stalled: (stall) => this.#events.emit('stalled', stall),
      dropped: ({ topic }) => this.#events.emit('dropped', { topic }),
    });
    const wake = this.#timers.timer((now) => this.#session.wake(now));
    this.#session = new SessionClient({
      host: { ...platform, wakeAt: (at) => wake.setAt(at) },
      clientId: options.clientId ?? '',
      makeClientId: () => madeUpId(platform.random),
      cleanStart: this.#isTemporary,
      recipient: this.#subscriber,
      keepsMessages: true,
      limits,
      topics: platform.topics,
      observer: options.observer ?? {},
    });
    this.#subscriber.use(this.#session);
    this.#maker = new MessageMaker(platform.clock, options.version ?? 5);
    const lost = (message: Message, failure: ClientError) => {
      const { topic, payload, qos, retain, properties } = message;
      this.#events.emit('lost', { topic, payload, qos, retain, properties, failure });
    };
    this.#outbox = new Outbox(this.#session, { ...outboxDefaults, ...options.outbox }, lost);
    this.#connector = new Connector({
      servers,
      options,
      session: this.#session,
      platform,
      timers: this.#timers,
      events: this.#events as unknown as Events<ConnectionEvents>,
      welcomed: ({ sessionPresent }, isSure) => {
        this.#subscriber.welcomed(sessionPresent ? (isSure ? 'known' : 'doubtful') : 'none');
      },
    });
  }

  /** Its own identifier, or the one that the server gave it. */
  get clientId(): string {
    return this.#session.clientId;
  }

  /** The server of the present or the last connection: one of several, or where it was sent. */
  get server(): URL | undefined {
    return this.#connector.server;
  }

  get isConnected(): boolean {
    return this.#session.isConnected;
  }

  /** What the server of the present or the last connection offers. */
  get terms(): ServerTerms | undefined {
    return this.#session.terms;
  }

  /** The protocol version of the present or the last connection. */
  get version(): ProtocolVersion | undefined {
    return this.#session.terms?.version;
  }

  /** Messages of QoS 1 and 2 that are not acknowledged to the end. */
  get pendingMessages(): number {
    return this.#outbox.messages;
  }

  /** Resolves when the client has ended: with nothing if it was asked to, else with the reason. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /**
   * Makes the first connection; once it is there, the client keeps itself connected.
   *
   * @throws ClientError, or what the transport or the outbox's store says
   */
  async start(): Promise<void> {
    const { signal, outbox, reconnect } = this.#options;
    signal?.throwIfAborted();
    void this.closed.then(whenAborted(signal, () => void this.#abort(signal?.reason)));
    try {
      if (outbox?.store !== undefined) await this.#restore(outbox.store);
      const connected = this.#connector.start();
      if (reconnect && reconnect.initially === 'in background') {
        connected.then(
          () => this.#stayConnected(),
          (error) => !this.#isEnding && this.#end(error),
        );
        return;
      }
      await connected;
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
      await this.closed;
      signal?.throwIfAborted();
      throw error;
    }
    void this.#stayConnected();
  }

  /** @returns what ends the listening */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (value: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#events.on(name, listener, options);
  }

  /**
   * Publishes a message. A payload must not be changed until the promise is settled.
   *
   * At QoS 1 and 2 it waits in the outbox as long as there is no connection, and is sent again
   * until it is acknowledged. At QoS 0 it is dropped where there is no connection, unless
   * `outbox.qos0` says otherwise.
   *
   * @returns when the message has been acknowledged as its QoS asks, or is stored where `until`
   *   says so; at QoS 0 once the network takes it
   * @throws ClientError with the server's reason code where it refused the message; RangeError for
   *   what no server could make sense of
   */
  publish(
    topic: string,
    payload: Uint8Array | string,
    options: PublishOptions = {},
  ): Promise<Published> {
    try {
      if (this.#isEnding) throw ended();
      if (options.until === 'stored') return this.#store(topic, payload, options);
      const message = this.#maker.message(topic, payload, options);
      if (message.qos > 0) return this.#outbox.add(message, options);
      if (this.#session.isConnected || this.#options.outbox?.qos0) {
        return this.#session.publishAtMostOnce(message)?.then(() => sent) ?? sentAtOnce;
      }
      this.#events.emit('dropped', { topic });
      return Promise.resolve(dropped);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Subscribes, in this and all later connections. With a handler, that is called for each message;
   * without one, messages are read from the subscription, and the server waits for a slow reader:
   *
   *     for await (const message of client.subscribe('home/+/temperature', { qos: 1 })) …
   *
   * To leave the loop ends the subscription.
   *
   * @throws RangeError for a filter that no server could make sense of
   */
  subscribe(filters: string | readonly string[], options?: SubscribeOptions): Subscription;
  subscribe(
    filters: string | readonly string[],
    handler: HandleMessage,
    options?: SubscribeOptions,
  ): Subscription;
  subscribe(
    filters: string | readonly string[],
    ...args: [SubscribeOptions?] | [HandleMessage, SubscribeOptions?]
  ): Subscription {
    if (this.#isEnding) throw ended();
    const [first, second] = args;
    if (typeof first === 'function') return this.#handle(filters, first, second);
    return this.#stream(filters, first);
  }

  /** All messages that arrive, whatever they were subscribed to by; ends with the client. */
  messages({ manualAck = false }: { manualAck?: boolean } = {}): AsyncIterable<IncomingMessage> {
    if (this.#isEnding) throw ended();
    const stream: MessageStream = new MessageStream({
      manualAck,
      left: () => this.#subscriber.leaveEverything(stream),
    });
    this.#subscriber.subscribeToEverything(stream);
    return stream;
  }

  /**
   * Publishes a request and waits for its response. MQTT 5.0.
   *
   * @throws ClientError `no response` when none came in time
   */
  request(
    topic: string,
    payload: Uint8Array | string,
    options: RequestOptions = {},
  ): Promise<IncomingMessage> {
    if (this.#isEnding) return Promise.reject(ended());
    this.#requester ??= new Requester(this, {
      timers: this.#timers,
      random: this.#platform.random,
      expectant: this.#subscriber,
    });
    return this.#requester.request(topic, payload, options);
  }

  /** Answers requests: what `respond` returns goes to whoever has asked. MQTT 5.0. */
  respond(
    filters: string | readonly string[],
    respond: Respond,
    options?: SubscribeOptions,
  ): Subscription {
    const answer = async (request: IncomingMessage): Promise<void> => {
      try {
        await respondWith(this, request, respond);
      } catch (error) {
        // That a response cannot be sent may be due to whoever has asked, and is not to end us.
        if (!(error instanceof ClientError)) throw error;
        this.#events.emit('error', { error, message: request });
      }
    };
    return this.subscribe(filters, answer, {
      qos: 1,
      concurrency: responsesDefault,
      ...options,
    });
  }

  /**
   * Waits for what is on its way to be acknowledged, sends DISCONNECT, and ends. The server drops
   * the will. What could not be sent until then is given up.
   */
  async disconnect({
    drainSeconds = drainSecondsDefault,
    reasonCode = reasonCodes.normalDisconnection,
    properties,
  }: DisconnectOptions = {}): Promise<void> {
    if (this.#isEnding) {
      await this.closed;
      return;
    }
    if (this.isConnected && this.#outbox.messages > 0 && drainSeconds > 0) {
      await this.#drain(drainSeconds);
    }
    await this.#leave(reasonCode, properties);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  async #stayConnected(): Promise<void> {
    const { unclaimedSeconds } = this.#limits;
    this.#timers.timer(() => this.#subscriber.dropUnclaimed()).set(unclaimedSeconds * 1000);
    const failure = await this.#connector.run();
    if (failure !== undefined) this.#end(failure);
  }

  /** @throws as `start` */
  async #restore(store: DurableOutbox): Promise<void> {
    const { clock, date, atEndOfTurn } = this.#platform;
    const retry = this.#timers.timer(() => this.#log?.retry());
    const failed = (error: unknown) => {
      this.#events.emit('storeFailed', { error });
      retry.set(storeRetryMilliseconds);
    };
    const { clientId } = this;
    this.#log = await store.open({ clientId, clock, date, atEndOfTurn, failed });
    if (this.#log.isNew && this.#options.cleanStart === undefined) this.#session.beginAnew();
    this.#outbox.restore(this.#log);
  }

  /** The payload may be the publisher's again before it is sent. */
  #store(topic: string, payload: Uint8Array | string, options: PublishOptions): Promise<Published> {
    const bytes = typeof payload === 'string' ? payload : payload.slice();
    const message = this.#maker.message(topic, bytes, options);
    if (!this.#log || message.qos === 0) {
      throw new RangeError("until: 'stored' needs QoS 1 or 2, and an `outbox.store`");
    }
    return this.#outbox.add(message, options);
  }

  #stream(filters: string | readonly string[], options: SubscribeOptions = {}): Subscription {
    const { manualAck = false } = options;
    const stream: MessageStream = new MessageStream({
      manualAck,
      left: () => void subscription.unsubscribe().catch(() => {}),
    });
    const subscription = this.#subscription(filters, stream, options);
    return subscription;
  }

  #handle(
    filters: string | readonly string[],
    handle: HandleMessage,
    options: SubscribeOptions = {},
  ): Subscription {
    const { manualAck = false, concurrency = 1 } = options;
    const failed = (error: unknown, message: IncomingMessage) => {
      if (this.#events.has('error')) this.#events.emit('error', { error, message });
      // What a handler was at when the client ended may well fail: that is no mistake of anybody's.
      else if (!(this.#isEnding && error instanceof ClientError)) throwAlone(error);
    };
    const handler = new MessageHandler(handle, { manualAck, concurrency, failed });
    return this.#subscription(filters, handler, options);
  }

  #subscription(
    filters: string | readonly string[],
    sink: Sink & Partial<MessageStream>,
    { userProperties, signal, ...options }: SubscribeOptions,
  ): Subscription {
    const list = typeof filters === 'string' ? [filters] : filters;
    return new Subscription(this.#subscriber, {
      filters: list,
      sink,
      options,
      userProperties,
      signal,
      atEnd: (ended) => this.#events.on('closed', ended),
    });
  }

  async #drain(seconds: number): Promise<void> {
    const enough = new AbortController();
    const stop = () => enough.abort();
    const idle = this.#outbox.whenIdle();
    idle.then(stop, stop);
    void this.#session.closed.then(stop);
    await this.#timers.sleep(seconds * 1000, enough.signal);
  }

  async #abort(reason: unknown): Promise<void> {
    this.#connector.stop(reason);
    await this.#leave(reasonCodes.normalDisconnection, undefined);
  }

  async #leave(
    reasonCode: ReasonCode,
    properties: DisconnectProperties | undefined,
  ): Promise<void> {
    if (this.#isEnding) {
      await this.closed;
      return;
    }
    this.#isEnding = true;
    this.#connector.stop();
    const ends = this.#isTemporary && this.version === 5 ? { sessionExpiryInterval: 0 } : undefined;
    try {
      await this.#session.disconnect(reasonCode, { ...ends, ...properties });
    } catch (error) {
      await this.#session.disconnect(reasonCodes.normalDisconnection);
      throw error;
    } finally {
      this.#end(undefined);
    }
    if (this.#log !== undefined) await this.closed;
  }

  #end(failure: Error | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#isEnding = true;
    this.#connector.stop();
    const cause = failure instanceof ClientError ? failure : ended(failure);
    // First: what the outbox has is for the next program.
    const stored = this.#log?.close();
    this.#outbox.end(cause);
    this.#subscriber.end(failure === undefined ? undefined : cause);
    this.#requester?.end(cause);
    this.#timers.stop();
    this.#platform.stop();
    const close = (reason: Error | undefined) => {
      this.#events.emit('closed', { failure: reason });
      this.#events.end();
      this.#closed.resolve(reason);
    };
    if (stored === undefined) return close(failure);
    stored.then(
      () => close(failure),
      (error) => close(failure ?? error),
    );
  }
}

function ended(cause?: Error): ClientError {
  return new ClientError('disconnected', cause?.message ?? 'the client has ended', { cause });
}
