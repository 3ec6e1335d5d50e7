/** A function that is called for each message. */

import { Fifo } from '../session/fifo.ts';
import {
  holdMessage,
  holdUntilAck,
  type IncomingMessage,
  releaseMessage,
} from './incoming-message.ts';
import type { Sink } from './message-stream.ts';

/** What a promise stands for has to be done before the message is acknowledged. */
export type HandleMessage = (message: IncomingMessage) => void | Promise<void>;

export interface MessageHandlerOptions {
  /** Messages are acknowledged by `ack`, and not when they have been handled. */
  readonly manualAck: boolean;
  /** Promises of the handler that may be open before the next message is handed out. */
  readonly concurrency: number;
  /** The handler has thrown, or its promise was rejected. */
  readonly failed: (error: unknown, message: IncomingMessage) => void;
}

export class MessageHandler implements Sink {
  readonly #handle: HandleMessage;
  readonly #options: MessageHandlerOptions;
  readonly #queue = new Fifo<IncomingMessage>();
  #open = 0;

  constructor(handle: HandleMessage, options: MessageHandlerOptions) {
    this.#handle = handle;
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  push(message: IncomingMessage): void {
    if (this.#options.manualAck) holdUntilAck(message);
    else holdMessage(message);
    const isFree = this.#open < this.#options.concurrency && this.#queue.length === 0;
    if (isFree) this.#hand(message);
    else this.#queue.push(message);
  }

  /** What has arrived is handled all the same. */
  end(): void {}

  #hand(message: IncomingMessage): void {
    let outcome: unknown;
    try {
      outcome = this.#handle(message);
    } catch (error) {
      this.#options.failed(error, message);
    }
    if (!(outcome instanceof Promise)) return this.#done(message);
    this.#open++;
    outcome
      .catch((error: unknown) => this.#options.failed(error, message))
      .then(() => {
        this.#open--;
        this.#done(message);
        this.#goOn();
      });
  }

  #goOn(): void {
    while (this.#open < this.#options.concurrency) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#hand(next);
    }
  }

  #done(message: IncomingMessage): void {
    if (!this.#options.manualAck) releaseMessage(message);
  }
}
