/** What is published and not acknowledged yet, bounded, through any number of connections. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { Fifo } from '../session/fifo.ts';
import type { Message } from '../session/message.ts';
import { whenAborted } from './abort.ts';
import { ClientError } from './client-error.ts';
import type { DurableOutbox } from './durable-outbox.ts';
import type { OutboxLog } from './outbox-log.ts';
import type { Outcome, Publication } from './publications.ts';
import { type Published, publishedWith } from './published.ts';
import type { SessionClient } from './session-client.ts';

export interface OutboxOptions {
  /**
   * What keeps the messages of QoS 1 and 2, and what is agreed with the server about them, beyond
   * the life of the program. A client that has one needs a `clientId`, and by default goes on with
   * its session. Absent: memory.
   */
  readonly store: DurableOutbox | undefined;
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
  store: undefined,
  messagesMax: 10_000,
  bytesMax: 64 * 2 ** 20,
  whenFull: 'wait',
  qos0: false,
};

/** What a publisher waits for: the server's last acknowledgement, or that the store has it. */
export type Until = 'acknowledged' | 'stored';

export interface AddOptions {
  /** Takes the message back as long as it has not been sent; later, nobody waits for it. */
  readonly signal?: AbortSignal | undefined;
  readonly until?: Until | undefined;
}

/** A message that nobody waits for any more, and that the server has not taken. */
export type Lost = (message: Message, failure: ClientError) => void;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #session: SessionClient;
  // Those for which there is no room yet.
  readonly #waiting = new Fifo<Posting>();
  readonly #owner: PostingOwner;
  #messages = 0;
  #bytes = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #log: OutboxLog | undefined;

  /** @param lost is told of what only the outbox still waits for */
  constructor(session: SessionClient, options: OutboxOptions, lost: Lost) {
    this.#session = session;
    this.#options = options;
    this.#owner = {
      settled: (message) => this.#leave(message),
      isForNext: () => this.#log?.isClosed === true,
      lost,
    };
  }

  /** Takes over what an earlier program has left. */
  restore(log: OutboxLog): void {
    this.#log = log;
    this.#session.restore(log, (message) => {
      const posting = new Posting(message, this.#owner, 'stored');
      posting.stored();
      this.#messages++;
      this.#bytes += message.bytes;
      return posting;
    });
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
   * @returns a promise of the server's last word, or of success as soon as it is stored
   */
  add(message: Publication, { signal, until }: AddOptions = {}): Promise<Published> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const posting = new Posting(message, this.#owner, until);
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
      posting.reject(error as ClientError);
      return;
    }
    if (posting.until !== 'stored') return;
    this.#log!.whenSafe(
      () => posting.stored(),
      (error) => posting.outcome.reject(error),
    );
  }

  #watch(posting: Posting, signal: AbortSignal): void {
    const { message, outcome } = posting;
    const off = whenAborted(signal, () => {
      outcome.reject(signal.reason);
      const isWaiting = this.#waiting.remove((each) => each === posting).length > 0;
      if (isWaiting) this.#lookForIdle();
      else this.#session.withdraw(message);
    });
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

interface PostingOwner {
  /** It takes no more room. */
  settled(message: Message): void;
  lost: Lost;
  /** What was to be sent stays for the next program. */
  isForNext(): boolean;
}

/** One message, and whoever waits to hear of it. */
class Posting implements Outcome {
  readonly message: Publication;
  readonly until: Until | undefined;
  readonly outcome = Promise.withResolvers<Published>();
  readonly #owner: PostingOwner;
  #isStored = false;

  constructor(message: Publication, owner: PostingOwner, until: Until | undefined) {
    this.message = message;
    this.until = until;
    this.#owner = owner;
  }

  resolve(reasonCode: ReasonCode): void {
    this.outcome.resolve(publishedWith(reasonCode));
    this.#owner.settled(this.message);
  }

  reject(error: ClientError): void {
    const isKept = this.until === 'stored' && this.#owner.isForNext();
    if (!isKept && this.#isStored) this.#owner.lost(this.message, error);
    // Whether it is stored is all that is asked.
    else if (!isKept) this.outcome.reject(error);
    this.#owner.settled(this.message);
  }

  /** From now on the message is the outbox's business, and so is whatever goes wrong with it. */
  stored(): void {
    this.#isStored = true;
    this.outcome.resolve(publishedWith(reasonCodes.success));
  }
}

function full({ topic }: Message): ClientError {
  const text = `a message to '${topic}' was not sent: the outbox is full`;
  return new ClientError('dropped', text, { reasonCode: reasonCodes.quotaExceeded });
}
