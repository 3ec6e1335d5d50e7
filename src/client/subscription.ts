/** What a client has subscribed to at once, and the messages of it. */

import type { UserProperties } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import { whenAborted } from './abort.ts';
import { ClientError } from './client-error.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MessageStream, Sink } from './message-stream.ts';
import type { Subscriber } from './subscriber.ts';
import type { SubscriptionOptions } from './subscription-request.ts';

export interface SubscriptionParts {
  readonly filters: readonly string[];
  readonly sink: Sink & Partial<MessageStream>;
  readonly options: SubscriptionOptions;
  readonly userProperties: UserProperties | undefined;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** Calls back when the client ends. @returns what it is not to call back after all */
  readonly atEnd: (ended: () => void) => () => void;
}

/**
 * Messages are read from it as they arrive, in order, by whoever iterates; several who do share
 * them. It lasts until it is ended, through any number of connections.
 */
export class Subscription implements AsyncIterable<IncomingMessage>, AsyncDisposable {
  readonly filters: readonly string[];
  /**
   * What the server says of each filter: the granted QoS.
   *
   * @throws ClientError when the server refused one; those that it took stay
   */
  readonly granted: Promise<readonly ReasonCode[]>;
  readonly #subscriber: Subscriber;
  readonly #sink: Sink & Partial<MessageStream>;
  readonly #offSignal: () => void;
  readonly #offEnd: (() => void) | undefined;
  #isOver = false;

  /** @throws RangeError for what no server could make sense of */
  constructor(subscriber: Subscriber, parts: SubscriptionParts) {
    const { filters, sink, options, userProperties, signal, atEnd } = parts;
    signal?.throwIfAborted();
    this.filters = filters;
    this.#subscriber = subscriber;
    this.#sink = sink;
    const answers = subscriber.subscribe(filters, sink, options, userProperties);
    this.granted = Promise.all(answers);
    // Not everybody asks; the event `refused` tells them, and the end of the messages.
    this.granted.catch(() => {});
    void Promise.allSettled(answers).then((outcomes) => this.#answered(outcomes));
    this.#offSignal = whenAborted(signal, () => void this.unsubscribe());
    this.#offEnd = signal && atEnd(this.#offSignal);
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingMessage, undefined> {
    const iterate = this.#sink[Symbol.asyncIterator];
    if (iterate === undefined)
      throw new TypeError('messages go to the handler of the subscription');
    return iterate.call(this.#sink);
  }

  /** Ends it. What has arrived before can still be read. */
  async unsubscribe(): Promise<void> {
    if (this.#isOver) return;
    this.#over(undefined);
    await this.#subscriber.unsubscribe(this.filters, this.#sink);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unsubscribe();
  }

  /** Where all were refused, nothing would ever come, and its reader hears of it, too. */
  #answered(outcomes: readonly PromiseSettledResult<ReasonCode>[]): void {
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    if (this.#isOver || refusals.length < outcomes.length || refusals.length === 0) return;
    const [error] = refusals;
    const failure = error instanceof Error ? error : new ClientError('refused', String(error));
    this.#over(failure);
    void this.#subscriber.unsubscribe(this.filters, this.#sink);
  }

  #over(failure: Error | undefined): void {
    this.#isOver = true;
    this.#offSignal();
    this.#offEnd?.();
    this.#sink.end(failure);
  }
}
