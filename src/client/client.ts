/** A client of an MQTT server: connects, publishes, subscribes, and hands out what arrives. */

import type { Connack } from '../packet/connack.ts';
import type { DisconnectProperties } from '../packet/disconnect.ts';
import type { UserProperties } from '../packet/properties.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { RetainHandling, SubscribeProperties } from '../packet/subscribe.ts';
import type { ProtocolVersion, QoS } from '../packet/version.ts';
import { filterFault } from '../topic/topic-filter.ts';
import type { ClientError } from './client-error.ts';
import { refuseFault } from './fault.ts';
import { Inbox, type ReceivedMessage } from './inbox.ts';
import { knownTopics } from './known-topics.ts';
import { type ClientLimits, defaultClientLimits } from './limits.ts';
import { MessageMaker, type PublishOptions } from './message-maker.ts';
import type { ClientHost, ClientObserver, Open } from './ports.ts';
import type { ServerTerms } from './server-terms.ts';
import { type Introduction, SessionClient } from './session-client.ts';
import { subscriptionOf } from './subscription-request.ts';

export interface ClientOptions extends Partial<Introduction> {
  readonly host: ClientHost;
  /** Empty: the server gives one, where the version allows it. */
  readonly clientId?: string;
  readonly version?: ProtocolVersion;
  /** Whether the first connection begins a new session; further ones resume what survives. */
  readonly cleanStart?: boolean;
  readonly limits?: Partial<ClientLimits>;
  readonly observer?: ClientObserver;
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
  readonly #introduction: Introduction;
  readonly #inbox: Inbox;
  readonly #maker: MessageMaker;
  readonly #session: SessionClient;

  constructor({
    host,
    clientId = '',
    cleanStart = true,
    observer = {},
    ...options
  }: ClientOptions) {
    const limits = { ...defaultClientLimits, ...options.limits };
    const { version = 5, keepAliveSeconds = 60 } = options;
    this.#introduction = { ...options, version, keepAliveSeconds };
    this.#inbox = new Inbox(limits);
    this.#maker = new MessageMaker(host.clock, version);
    this.#session = new SessionClient({
      host,
      clientId,
      cleanStart,
      recipient: this.#inbox,
      keepsMessages: false,
      limits,
      topics: knownTopics,
      observer,
    });
  }

  /** Its own identifier, or the one that the server gave it. */
  get clientId(): string {
    return this.#session.clientId;
  }

  get isConnected(): boolean {
    return this.#session.isConnected;
  }

  /** What the server of the present or the last connection offers. */
  get terms(): ServerTerms | undefined {
    return this.#session.terms;
  }

  /**
   * Resolves when the present connection has ended: with nothing when this side ended it, else with
   * the reason. It never rejects.
   */
  get closed(): Promise<ClientError | undefined> {
    return this.#session.closed;
  }

  /**
   * Connects. After a connection has ended it may be called again: then the session goes on if it
   * was agreed to outlive connections, and what is not acknowledged is sent again.
   *
   * @returns CONNACK, which may say more than this class knows
   * @throws ClientError, or what `open` rejects with
   */
  connect(open: Open): Promise<Connack> {
    return this.#session.connect(open, this.#introduction);
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
    options: PublishOptions = {},
  ): Promise<ReasonCode> {
    this.#session.requireConnection('publish');
    const message = this.#maker.message(topic, payload, options);
    if (message.qos === 0) {
      await this.#session.publishAtMostOnce(message);
      return reasonCodes.success;
    }
    const outcome = Promise.withResolvers<ReasonCode>();
    this.#session.publish(message, outcome);
    return outcome.promise;
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
    { properties, ...options }: SubscribeOptions = {},
  ): Promise<readonly ReasonCode[]> {
    this.#session.requireConnection('subscribe');
    const subscriptions = listOf(filters).map((filter) => subscriptionOf(filter, options));
    return this.#session.subscribe({ type: 'subscribe', subscriptions, properties });
  }

  /**
   * @returns the server's reason code for each filter; none from MQTT 3.x
   * @throws ClientError when the server refused all of them
   */
  async unsubscribe(
    filters: string | readonly string[],
    { userProperties }: UnsubscribeOptions = {},
  ): Promise<readonly ReasonCode[]> {
    this.#session.requireConnection('unsubscribe');
    const list = listOf(filters);
    for (const filter of list) refuseFault(filterFault(filter));
    const properties = userProperties && { userProperties };
    return this.#session.unsubscribe({ type: 'unsubscribe', filters: list, properties });
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
    await this.#session.disconnect(reasonCode, properties);
  }

  /** Does what is due at this time of the clock. */
  wake(now: number): void {
    this.#session.wake(now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }
}

function listOf(filters: string | readonly string[]): readonly string[] {
  return typeof filters === 'string' ? [filters] : filters;
}
