/** Messages that have arrived and wait for whoever reads them. */

import type { Publish } from '../packet/publish.ts';
import type { Recipient, Source } from './ports.ts';

/** A message as it arrived: its topic is there in full, also where an alias stood for it. */
export type ReceivedMessage = Omit<Publish, 'type'>;

export interface InboxLimits {
  readonly inboxMessagesMax: number;
  readonly inboxBytesMax: number;
}

interface Arrival {
  readonly message: ReceivedMessage;
  readonly source: Source;
}

// Taken places at the front are given back once they are this many and half of the array.
const compactFrom = 32;

/**
 * First in, first out. A message is `taken` when its reader comes for the next one or leaves: what
 * is acknowledged has been dealt with. Several readers share the messages between them.
 */
export class Inbox implements Recipient {
  readonly #limits: InboxLimits;
  #arrivals: Arrival[] = [];
  #head = 0;
  #bytes = 0;
  // Resolved when there is something to see for readers that found nothing.
  #change: PromiseWithResolvers<void> | undefined;
  #isOpen = false;
  #failure: Error | undefined;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    const { inboxMessagesMax, inboxBytesMax } = this.#limits;
    return this.#arrivals.length - this.#head >= inboxMessagesMax || this.#bytes >= inboxBytesMax;
  }

  /** Messages may arrive from now on. */
  opened(): void {
    this.#isOpen = true;
    this.#failure = undefined;
  }

  /** No more will arrive: readers end after the last one, with `failure` if there is one. */
  ended(failure: Error | undefined): void {
    this.#isOpen = false;
    this.#failure = failure;
    this.#announce();
  }

  push(publish: Publish, topic: string, source: Source): void {
    const message = { ...ownPublish(publish), topic };
    this.#arrivals.push({ message, source });
    this.#bytes += message.payload.length;
    this.#announce();
  }

  async *read(): AsyncGenerator<ReceivedMessage, void, undefined> {
    for (;;) {
      const arrival = this.#shift();
      if (arrival !== undefined) {
        try {
          yield arrival.message;
        } finally {
          const { qos, packetId } = arrival.message;
          arrival.source.taken(qos, packetId);
        }
      } else if (this.#isOpen) {
        this.#change ??= Promise.withResolvers();
        await this.#change.promise;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else {
        return;
      }
    }
  }

  #announce(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #shift(): Arrival | undefined {
    if (this.#head === this.#arrivals.length) return undefined;
    const arrival = this.#arrivals[this.#head++];
    this.#bytes -= arrival.message.payload.length;
    if (this.#head >= compactFrom && this.#head * 2 >= this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#head);
      this.#head = 0;
    }
    return arrival;
  }
}

/** The packet with bytes that its reader may keep. */
function ownPublish(publish: Publish): Publish {
  const { properties } = publish;
  const correlationData = properties?.correlationData?.slice();
  return {
    ...publish,
    properties: correlationData === undefined ? properties : { ...properties, correlationData },
  };
}
