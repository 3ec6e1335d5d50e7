/** Has the server's subscriptions be those of a client, through any number of connections. */

import type { UserProperties } from '../packet/properties.ts';
import type { Publish } from '../packet/publish.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { Fifo } from '../session/fifo.ts';
import { ClientError, disconnected } from './client-error.ts';
import { refuseFault } from './fault.ts';
import { type Backlog, holdMessage, IncomingMessage, releaseMessage } from './incoming-message.ts';
import type { Sink } from './message-stream.ts';
import type { Recipient, Source } from './ports.ts';
import type { SessionClient } from './session-client.ts';
import { type SubscriptionOptions, subscriptionOf } from './subscription-request.ts';
import { type Entry, SubscriptionTable } from './subscription-table.ts';
import type { Timer, Timers } from './timers.ts';

export interface SubscriberLimits {
  /** Messages that have arrived and are not dealt with; beyond them nothing more is read. */
  readonly inboxMessagesMax: number;
  /** The same in bytes of payload. */
  readonly inboxBytesMax: number;
  /** Messages that are kept for whoever may yet subscribe to them; then the oldest are lost. */
  readonly unclaimedMessagesMax: number;
  /**
   * Seconds after the first connection in which such messages are kept, unacknowledged. Since
   * acknowledgements leave in order, nothing behind them could be acknowledged for ever.
   */
  readonly unclaimedSeconds: number;
  /** Seconds in which nobody takes any of many messages, before the event `stalled`. */
  readonly stalledSeconds: number;
}

export const subscriberDefaults: SubscriberLimits = {
  inboxMessagesMax: 1000,
  inboxBytesMax: 8_000_000,
  unclaimedMessagesMax: 1000,
  unclaimedSeconds: 30,
  stalledSeconds: 10,
};

export interface SubscriberOptions {
  readonly limits: SubscriberLimits;
  /** So many messages that nobody has dealt with may be all that the server sends. */
  readonly heldMax: number;
  readonly timers: Timers;
  readonly random: () => number;
  /** A message has arrived that nobody here has subscribed to: of a session from before. */
  readonly unclaimed: (message: IncomingMessage) => void;
  /** The server does not let the client subscribe to the filter, now or any more. */
  readonly refused: (filter: string, failure: ClientError) => void;
  /** Nobody has taken anything for a while, and so the server has to wait. */
  readonly stalled: (stall: Stall) => void;
  /** There were more such messages than are kept; or more of QoS 0 than anybody takes. */
  readonly dropped: (message: IncomingMessage) => void;
}

export interface Stall {
  /** Messages that have arrived and have not been dealt with. */
  readonly messages: number;
  /** Those whose messages nobody reads; none where all have been read, but not acknowledged. */
  readonly filters: readonly string[];
}

export class Subscriber implements Recipient, Backlog {
  readonly #options: SubscriberOptions;
  readonly #table: SubscriptionTable;
  readonly #unclaimed = new Fifo<IncomingMessage>();
  // Filters that a session of the server still has, although nobody reads them.
  readonly #leftovers = new Set<string>();
  #session: SessionClient | undefined;
  #messages = 0;
  #bytes = 0;
  #wasFull = false;
  readonly #stallTimer: Timer;
  #isPiledUp = false;
  #taken = 0;
  #takenBefore = 0;
  // Messages that somebody waits for, who may be the one who takes the others.
  #expected = 0;
  #keepsUnclaimed = true;
  // The session of the server may have subscriptions of an earlier program.
  #isInherited = true;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#table = new SubscriptionTable(options.random);
    this.#stallTimer = options.timers.timer(() => this.#lookForStall());
  }

  /** By which subscriptions go to the server. */
  use(session: SessionClient): void {
    this.#session = session;
  }

  get isFull(): boolean {
    const { inboxMessagesMax, inboxBytesMax } = this.#options.limits;
    const isFull = this.#messages >= inboxMessagesMax || this.#bytes >= inboxBytesMax;
    this.#wasFull ||= isFull;
    return isFull && this.#expected === 0;
  }

  /** A message is waited for: until `unexpect` reading goes on, whatever waits to be taken. */
  expect(): void {
    this.#expected++;
    this.#session?.resumeReading();
  }

  unexpect(): void {
    this.#expected--;
  }

  add(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
    this.#lookAtPile();
  }

  remove(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
    this.#taken++;
    this.#lookAtPile();
    // Of a message of an earlier connection, the present one is not told otherwise.
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#session?.resumeReading();
  }

  push(publish: Publish, topic: string, source: Source): void {
    const message = new IncomingMessage(publish, topic, source, this);
    // While an answer is awaited, reading goes on beyond the limit, and QoS 0 knows no window.
    if (
      publish.qos === 0 &&
      this.#messages > beyondFactor * this.#options.limits.inboxMessagesMax
    ) {
      return this.#drop(message);
    }
    // Held while it is handed out, as the first who gets it may be done with it at once.
    holdMessage(message);
    if (this.#table.route(message) === 'unclaimed') return this.#keep(message);
    releaseMessage(message);
  }

  #lookAtPile(): void {
    const { heldMax, limits } = this.#options;
    const isPiledUp = this.#messages >= heldMax || this.#bytes >= limits.inboxBytesMax;
    if (isPiledUp === this.#isPiledUp) return;
    this.#isPiledUp = isPiledUp;
    if (isPiledUp) this.#awaitStall();
    else this.#stallTimer.clear();
  }

  #awaitStall(): void {
    this.#takenBefore = this.#taken;
    this.#stallTimer.set(this.#options.limits.stalledSeconds * 1000);
  }

  #lookForStall(): void {
    if (this.#taken !== this.#takenBefore) return this.#awaitStall();
    this.#options.stalled({ messages: this.#messages, filters: this.#table.unreadFilters() });
  }

  /**
   * Has the sink get what matches one of the filters.
   *
   * @returns for each filter what the server says of it, once it has said so
   * @throws RangeError for what no server could make sense of
   */
  subscribe(
    filters: readonly string[],
    sink: Sink,
    options: SubscriptionOptions,
    userProperties: UserProperties | undefined,
  ): Promise<ReasonCode>[] {
    refuseFault(filters.length > 0 ? undefined : 'no topic filter, where at least one is needed');
    for (const filter of filters) subscriptionOf(filter, options);
    const answers = filters.map((filter) => {
      const entry = this.#table.add(filter, sink, options, userProperties);
      const answer = Promise.withResolvers<ReasonCode>();
      entry.waiting.push(answer);
      entry.state = 'wanted';
      if (this.#session?.isConnected) this.#request(entry);
      return answer.promise;
    });
    this.#claim();
    return answers;
  }

  /** The sink gets no more of the filters; what only it has wanted the server forgets. */
  async unsubscribe(filters: readonly string[], sink: Sink): Promise<void> {
    const entries = filters.flatMap((filter) => this.#table.remove(filter, sink) ?? []);
    for (const { filter, waiting } of entries) {
      for (const { reject } of waiting.splice(0)) reject(unsubscribed(filter));
    }
    const unwanted = entries
      .filter(({ wasAsked }) => wasAsked || this.#isInherited)
      .map(({ filter }) => filter);
    const session = this.#session;
    // Where there is no connection, see `welcomed`.
    if (unwanted.length === 0 || !session?.isConnected) return this.#forgetLater(unwanted);
    await this.#unsubscribe(unwanted);
  }

  /** Has the sink get all that arrives. */
  subscribeToEverything(sink: Sink): void {
    this.#table.addForEverything(sink);
    this.#claim();
  }

  leaveEverything(sink: Sink): void {
    this.#table.removeForEverything(sink);
  }

  /**
   * A connection is there: the server is to have what is wanted, and nothing else.
   *
   * @param session that the server has; `doubtful`: it may have begun since our last connection
   */
  welcomed(session: 'none' | 'doubtful' | 'known'): void {
    if (session === 'none') this.#isInherited = false;
    for (const entry of this.#table.entries()) {
      if (session !== 'known' && entry.state === 'granted') {
        entry.state = 'wanted';
        entry.isDoubtful = session === 'doubtful';
      }
      if (entry.state === 'wanted') this.#request(entry);
    }
    const leftovers = [...this.#leftovers];
    this.#leftovers.clear();
    if (session !== 'none' && leftovers.length > 0) void this.#unsubscribe(leftovers);
  }

  /** The client ends: so do all readers. */
  end(failure: ClientError | undefined): void {
    const cause = failure ?? disconnected();
    for (const { waiting } of this.#table.entries()) {
      for (const { reject } of waiting.splice(0)) reject(cause);
    }
    for (const sink of this.#table.sinks()) sink.end(failure);
  }

  /** Has the server forget; if it does not hear of it now, then by the next connection. */
  async #unsubscribe(filters: readonly string[]): Promise<void> {
    try {
      await this.#session!.unsubscribe({ type: 'unsubscribe', filters, properties: undefined });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.failure !== 'refused') this.#forgetLater(filters);
    }
  }

  #forgetLater(filters: readonly string[]): void {
    for (const filter of filters) this.#leftovers.add(filter);
  }

  /** Asks the server; if the connection ends before its answer, the next one asks again. */
  #request(entry: Entry): void {
    const { filter, options, userProperties, identifier } = entry;
    const session = this.#session!;
    this.#leftovers.delete(filter);
    const hasIdentifiers =
      session.terms?.version === 5 && session.terms.subscriptionIdentifiersAvailable;
    const properties = hasIdentifiers
      ? { subscriptionIdentifier: identifier, ...(userProperties && { userProperties }) }
      : undefined;
    const waiting = entry.waiting.splice(0);
    const settle = (use: (one: PromiseWithResolvers<ReasonCode>) => void) => {
      for (const one of waiting) use(one);
    };
    const failed = (error: unknown) => {
      entry.state = 'wanted';
      const isLost = error instanceof ClientError && isTransient(error);
      if (!isLost) {
        settle(({ reject }) => reject(error));
        if (error instanceof ClientError) this.#options.refused(filter, error);
      } else if (entry.sinks.length > 0) entry.waiting.unshift(...waiting);
      else settle(({ reject }) => reject(unsubscribed(filter)));
    };
    entry.state = 'asked';
    try {
      const subscriptions = [
        subscriptionOf(filter, entry.isDoubtful ? unlessThere(options) : options),
      ];
      entry.isDoubtful = false;
      session.subscribe({ type: 'subscribe', subscriptions, properties }).then(([reasonCode]) => {
        entry.state = 'granted';
        settle(({ resolve }) => resolve(reasonCode));
      }, failed);
      entry.wasAsked = true;
    } catch (error) {
      failed(error);
    }
  }

  /** Whoever has not come for messages from before by now will not come for them. */
  dropUnclaimed(): void {
    this.#keepsUnclaimed = false;
    while (this.#unclaimed.length > 0) this.#dropOldest();
  }

  #keep(message: IncomingMessage): void {
    this.#unclaimed.push(message);
    if (!this.#keepsUnclaimed) return this.#dropOldest();
    this.#options.unclaimed(message);
    if (this.#unclaimed.length > this.#options.limits.unclaimedMessagesMax) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#unclaimed.shift();
    if (oldest === undefined) return;
    this.#options.dropped(oldest);
    releaseMessage(oldest);
  }

  #drop(message: IncomingMessage): void {
    this.#options.dropped(message);
    holdMessage(message);
    releaseMessage(message);
  }

  /** Somebody has come for messages that may have waited for them. */
  #claim(): void {
    for (let left = this.#unclaimed.length; left > 0; left--) {
      const message = this.#unclaimed.shift()!;
      if (this.#table.route(message) === 'unclaimed') this.#unclaimed.push(message);
      else releaseMessage(message);
    }
  }
}

// How far more may be read than anybody takes, before QoS 0 is dropped.
const beyondFactor = 4;

/** Retained messages come only where the server does not have the subscription. */
function unlessThere(options: SubscriptionOptions): SubscriptionOptions {
  return { ...options, retainHandling: options.retainHandling === 2 ? 2 : 1 };
}

function unsubscribed(filter: string): ClientError {
  const text = `the subscription to '${filter}' was ended before the server had answered`;
  return new ClientError('not connected', text);
}

const transient: readonly ClientError['failure'][] = [
  'connection lost',
  'keep-alive timeout',
  'disconnected by server',
  'protocol error',
  'not connected',
];

function isTransient({ failure }: ClientError): boolean {
  return transient.includes(failure);
}
