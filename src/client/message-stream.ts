/** Messages that have arrived, for whoever asks for the next one. */

import { Fifo } from '../session/fifo.ts';
import {
  holdMessage,
  holdUntilAck,
  type IncomingMessage,
  releaseMessage,
} from './incoming-message.ts';

/** Gets the messages of a subscription, as they arrive. */
export interface Sink {
  /** Messages that nobody has come for yet. */
  readonly waiting: number;
  push(message: IncomingMessage): void;
  /** No more will come. @param failure why, unless this side wanted it so */
  end(failure: Error | undefined): void;
}

export interface MessageStreamOptions {
  /** Messages are acknowledged by `ack`, and not when their reader comes for the next. */
  readonly manualAck: boolean;
  /** Nobody reads any more. */
  readonly left: () => void;
}

// Of a queue that fills anew with every piece of the network, and so need not grow each time.
const placesKept = 1024;

type Result = IteratorResult<IncomingMessage, undefined>;

/** A reader that has found nothing. */
interface Waiting extends PromiseWithResolvers<Result> {
  readonly take: (message: IncomingMessage) => void;
}

/**
 * First in, first out. A message is let go of when its reader comes for the next one or leaves, so
 * that what is acknowledged has been dealt with. Several readers share the messages between them;
 * when one of them leaves, the stream is over.
 */
export class MessageStream implements Sink {
  readonly #options: MessageStreamOptions;
  readonly #queue = new Fifo<IncomingMessage>(placesKept);
  readonly #waiting = new Fifo<Waiting>();
  // Somebody has come to read.
  #isRead = false;
  // Nobody had when the stream ended: what waits can be read, but the server does not wait for it.
  #isLetGo = false;
  #isOver = false;
  #failure: Error | undefined;

  constructor(options: MessageStreamOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  push(message: IncomingMessage): void {
    if (this.#options.manualAck) holdUntilAck(message);
    else holdMessage(message);
    if (this.#isOver) return this.#drop(message);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#queue.push(message);
      return;
    }
    waiting.take(message);
    waiting.resolve({ done: false, value: message });
  }

  end(failure: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    if (!this.#isRead) this.#letGo();
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      if (failure === undefined) waiting.resolve({ done: true, value: undefined });
      else waiting.reject(failure);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingMessage, undefined> {
    this.#isRead = true;
    let current: IncomingMessage | undefined;
    // More than one, where its reader asks for the next before it has got the last.
    let others: IncomingMessage[] = [];
    const take = (message: IncomingMessage) => {
      if (current !== undefined && !this.#options.manualAck) others.push(current);
      current = message;
    };
    const release = () => {
      const done = current;
      current = undefined;
      if (done === undefined || this.#options.manualAck || this.#isLetGo) return;
      for (const other of others) releaseMessage(other);
      if (others.length > 0) others = [];
      releaseMessage(done);
    };
    return {
      next: () => {
        release();
        const message = this.#queue.shift();
        if (message === undefined) return this.#next(take);
        current = message;
        return Promise.resolve({ done: false, value: message });
      },
      return: async () => {
        release();
        this.#leave();
        return { done: true, value: undefined };
      },
    };
  }

  /** Nothing is there: waits for what comes. */
  #next(take: (message: IncomingMessage) => void): Promise<Result> {
    if (this.#isOver) {
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      return Promise.resolve({ done: true, value: undefined });
    }
    const waiting = { ...Promise.withResolvers<Result>(), take };
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** What nobody will read is let go of, so that the server does not wait for it. */
  #leave(): void {
    this.end(undefined);
    if (!this.#isLetGo) this.#letGo();
    while (this.#queue.length > 0) this.#queue.shift();
    this.#options.left();
  }

  #letGo(): void {
    this.#isLetGo = true;
    for (const message of this.#queue) this.#drop(message);
  }

  #drop(message: IncomingMessage): void {
    if (this.#options.manualAck) message.ack();
    else releaseMessage(message);
  }
}
