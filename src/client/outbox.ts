/** What is published and not acknowledged yet, bounded, through any number of connections. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { Fifo } from '../session/fifo.ts';
import type { Message } from '../session/message.ts';
import { ClientError } from './client-error.ts';
import type { Outcome } from './publications.ts';
import { type Published, publishedWith } from './published.ts';
import type { SessionClient } from './session-client.ts';

export interface OutboxOptions {
  /** Messages of QoS 1 and 2 that are not acknowledged to the end; 10,000. */
  readonly messagesMax: number;
  /** Bytes of them; 64 MiB. A single message may always come in. */
  readonly bytesMax: number;
  /**
   * What happens to a message for which there is no room: `wait`, so does its publisher; `reject`,
   * its publisher is told; `drop oldest`, the one goes that has waited longest and was not sent.
   */
  readonly whenFull: 'wait' | 'reject' | 'drop oldest';
  /** Whether messages of QoS 0 wait for the next connection while there is none; false. */
  readonly qos0: boolean;
}

export const outboxDefaults: OutboxOptions = {
  messagesMax: 10_000,
  bytesMax: 64 * 2 ** 20,
  whenFull: 'wait',
  qos0: false,
};

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #session: SessionClient;
  // Those for which there is no room yet.
  readonly #waiting = new Fifo<Posting>();
  readonly #settled = (message: Message): void => this.#leave(message);
  #messages = 0;
  #bytes = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(session: SessionClient, options: OutboxOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Messages that are not acknowledged to the end, and those that wait for room. */
  get messages(): number {
    return this.#messages + this.#waiting.length;
  }

  /** Bytes of those that are not acknowledged to the end. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Sends the message as soon as that is possible.
   *
   * @param signal takes it back as long as it has not been sent; later, nobody waits for it
   * @returns a promise of the server's last word
   */
  add(message: Message, signal: AbortSignal | undefined): Promise<Published> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const posting = new Posting(message, this.#settled);
    if (signal !== undefined) this.#watch(posting, signal);
    if (this.#waiting.length === 0 && this.#hasRoomFor(message)) this.#send(posting);
    else this.#await(posting);
    return posting.outcome.promise;
  }

  /** Resolves when nothing is left. */
  whenIdle(): Promise<void> {
    if (this.messages === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** The client ends: so does the waiting. */
  end(cause: ClientError): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.outcome.reject(cause);
    }
    this.#session.end(cause);
  }

  #hasRoomFor(message: Message): boolean {
    const { messagesMax, bytesMax } = this.#options;
    if (this.#messages >= messagesMax) return false;
    return this.#messages === 0 || this.#bytes + message.bytes <= bytesMax;
  }

  /** There is no room for it. */
  #await(posting: Posting): void {
    const { message, outcome } = posting;
    const { whenFull } = this.#options;
    if (whenFull === 'wait') return this.#waiting.push(posting);
    // Those that have been sent are with the server perhaps, and stay.
    while (whenFull === 'drop oldest' && !this.#hasRoomFor(message)) {
      if (!this.#session.dropOldest()) break;
    }
    if (this.#hasRoomFor(message)) this.#send(posting);
    else outcome.reject(full(message));
  }

  #send(posting: Posting): void {
    const { message } = posting;
    this.#messages++;
    this.#bytes += message.bytes;
    try {
      this.#session.publish(message, posting);
    } catch (error) {
      posting.reject(error);
    }
  }

  #watch(posting: Posting, signal: AbortSignal): void {
    const { message, outcome } = posting;
    const abort = () => {
      outcome.reject(signal.reason);
      const isWaiting = this.#waiting.remove((each) => each === posting).length > 0;
      if (isWaiting) this.#lookForIdle();
      else this.#session.withdraw(message);
    };
    signal.addEventListener('abort', abort, { once: true });
    const off = () => signal.removeEventListener('abort', abort);
    outcome.promise.then(off, off);
  }

  #leave(message: Message): void {
    this.#messages--;
    this.#bytes -= message.bytes;
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (!this.#hasRoomFor(next.message)) break;
      this.#waiting.shift();
      this.#send(next);
    }
    this.#lookForIdle();
  }

  #lookForIdle(): void {
    if (this.messages > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

/** One message, and whoever waits to hear of it. */
class Posting implements Outcome {
  readonly message: Message;
  readonly outcome = Promise.withResolvers<Published>();
  readonly #settled: (message: Message) => void;

  /** @param settled is told when it takes no more room */
  constructor(message: Message, settled: (message: Message) => void) {
    this.message = message;
    this.#settled = settled;
  }

  resolve(reasonCode: ReasonCode): void {
    this.outcome.resolve(publishedWith(reasonCode));
    this.#settled(this.message);
  }

  reject(error: unknown): void {
    this.outcome.reject(error);
    this.#settled(this.message);
  }
}

function full({ topic }: Message): ClientError {
  const text = `a message to '${topic}' was not sent: the outbox is full`;
  return new ClientError('dropped', text, { reasonCode: reasonCodes.quotaExceeded });
}
