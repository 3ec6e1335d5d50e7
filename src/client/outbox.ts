/** What is published and not acknowledged yet, bounded, through any number of connections. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { Fifo } from '../session/fifo.ts';
import type { Message } from '../session/message.ts';
import { ClientError } from './client-error.ts';
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

/** A publisher that waits for room. */
interface Waiting {
  readonly message: Message;
  readonly outcome: PromiseWithResolvers<ReasonCode>;
  readonly signal: AbortSignal | undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #session: SessionClient;
  readonly #waiting = new Fifo<Waiting>();
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
   * @returns a promise of the server's last reason code
   */
  add(message: Message, signal: AbortSignal | undefined): Promise<ReasonCode> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length > 0 || !this.#hasRoomFor(message)) {
      const { whenFull } = this.#options;
      if (whenFull === 'reject') return Promise.reject(full(message));
      if (whenFull === 'wait') return this.#wait(message, signal);
      while (!this.#hasRoomFor(message)) {
        // All the others have been sent, and are with the server perhaps.
        if (!this.#session.dropOldest()) return Promise.reject(full(message));
      }
    }
    return this.#send(message, signal);
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

  #send(message: Message, signal: AbortSignal | undefined): Promise<ReasonCode> {
    let sent: Promise<ReasonCode>;
    try {
      sent = this.#session.publish(message);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#messages++;
    this.#bytes += message.bytes;
    const settled = () => this.#settled(message);
    sent.then(settled, settled);
    return signal === undefined ? sent : this.#abortable(sent, message, signal);
  }

  #abortable(sent: Promise<ReasonCode>, message: Message, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<ReasonCode>();
    const abort = () => {
      reject(signal.reason);
      this.#session.withdraw(message);
    };
    signal.addEventListener('abort', abort, { once: true });
    const off = () => signal.removeEventListener('abort', abort);
    sent.then(resolve, reject);
    sent.then(off, off);
    return promise;
  }

  #wait(message: Message, signal: AbortSignal | undefined): Promise<ReasonCode> {
    const waiting = { message, outcome: Promise.withResolvers<ReasonCode>(), signal };
    this.#waiting.push(waiting);
    if (signal === undefined) return waiting.outcome.promise;
    const abort = () => {
      if (this.#waiting.remove((each) => each === waiting).length === 0) return;
      waiting.outcome.reject(signal.reason);
      this.#lookForIdle();
    };
    signal.addEventListener('abort', abort, { once: true });
    const off = () => signal.removeEventListener('abort', abort);
    waiting.outcome.promise.then(off, off);
    return waiting.outcome.promise;
  }

  #settled(message: Message): void {
    this.#messages--;
    this.#bytes -= message.bytes;
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (!this.#hasRoomFor(next.message)) break;
      this.#waiting.shift();
      next.outcome.resolve(this.#send(next.message, next.signal));
    }
    this.#lookForIdle();
  }

  #lookForIdle(): void {
    if (this.messages > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

function full({ topic }: Message): ClientError {
  const text = `a message to '${topic}' was not sent: the outbox is full`;
  return new ClientError('dropped', text, { reasonCode: reasonCodes.quotaExceeded });
}
