/** The last message of each topic that was published with RETAIN. (MQTT 5.0 section 3.3.1.3) */

import type { Message } from '../session/message.ts';
import { TopicTree } from '../topic/topic-tree.ts';
import { type Deadlines, notScheduled, type Timed } from './deadlines.ts';

export class RetainedMessages {
  readonly #tree = new TopicTree<Retained>();
  readonly #deadlines: Deadlines;
  #bytes = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  get count(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the message in place of the topic's last; one without payload only clears it. */
  store(message: Message): void {
    // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
    if (message.payload.length === 0) {
      this.#forget(this.#tree.delete(message.topic));
      return;
    }
    message.keep();
    const retained = new Retained(message, this);
    this.#bytes += message.bytes;
    this.#forget(this.#tree.set(message.topic, retained));
    if (message.expiresAt !== Number.POSITIVE_INFINITY) {
      this.#deadlines.set(retained, message.expiresAt);
    }
  }

  get(topic: string): Message | undefined {
    return this.#tree.get(topic)?.message;
  }

  /**
   * The messages whose topics match, found one by one: the caller may pause between them, and is
   * asked to where it gets undefined.
   */
  *matching(filter: string): IterableIterator<Message | undefined> {
    for (const retained of this.#tree.matching(filter)) yield retained?.message;
  }

  /** The message's expiry interval has passed. [MQTT-3.3.2-5] */
  expire(message: Message): void {
    if (this.get(message.topic) === message) this.#forget(this.#tree.delete(message.topic));
  }

  #forget(retained: Retained | undefined): void {
    if (retained === undefined) return;
    this.#bytes -= retained.message.bytes;
    this.#deadlines.clear(retained);
  }
}

class Retained implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly message: Message;
  readonly #expiry: { expire(message: Message): void };

  constructor(message: Message, expiry: { expire(message: Message): void }) {
    this.message = message;
    this.#expiry = expiry;
  }

  due(): void {
    this.#expiry.expire(this.message);
  }
}
