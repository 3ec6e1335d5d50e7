/** The last message of each topic that was published with RETAIN. (MQTT 5.0 section 3.3.1.3) */

import type { Deadlines } from '../session/deadlines.ts';
import type { Message } from '../session/message.ts';
import { TopicTree } from '../topic/topic-tree.ts';
import { isSystemTopic } from './reserved-topics.ts';
import { Retained, type RetainedHolder, type RetainedKeeping } from './retained.ts';

export class RetainedMessages implements RetainedHolder {
  readonly #tree = new TopicTree<Retained>();
  // Of topics that have none any more, until that is safe: they may have to go back to one.
  readonly #cleared = new Map<string, Retained>();
  readonly #deadlines: Deadlines;
  readonly #keeping: RetainedKeeping | undefined;
  #bytes = 0;

  /** @param keeping how they are stored; absent where nothing is */
  constructor(deadlines: Deadlines, keeping?: RetainedKeeping) {
    this.#deadlines = deadlines;
    this.#keeping = keeping;
  }

  get count(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the message in place of the topic's last; one without payload only clears it. */
  store(message: Message): void {
    const { topic } = message;
    const known = this.#tree.get(topic);
    // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
    if (message.payload.length === 0) {
      if (known !== undefined) this.#remove(known);
      (known ?? this.#cleared.get(topic))?.replace(message);
      return;
    }
    message.keep();
    if (known !== undefined) this.#discount(known);
    const retained = known ?? this.#cleared.get(topic) ?? this.#create(topic);
    retained.replace(message);
    this.#show(retained, message);
  }

  /** One that the store had. */
  restore(number: number, message: Message): void {
    const retained = this.#create(message.topic);
    retained.restore(number, message);
    this.#show(retained, message);
  }

  /** The same for one whose time has passed meanwhile: it is only removed from the store. */
  restoreExpired(number: number, message: Message): void {
    const retained = this.#create(message.topic);
    retained.restore(number, message);
    retained.reset(undefined);
  }

  get(topic: string): Message | undefined {
    return this.#tree.get(topic)?.message;
  }

  /** False when there are none for the filter, as far as can be told at once. */
  mayMatch(filter: string): boolean {
    return this.#tree.mayMatch(filter);
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
    const known = this.#tree.get(message.topic);
    if (known?.message !== message) return;
    this.#remove(known);
    known.reset(undefined);
  }

  goBack(retained: Retained, message: Message | undefined): void {
    if (retained.message !== undefined) this.#remove(retained);
    retained.reset(message);
    if (message !== undefined) this.#show(retained, message);
  }

  gone({ topic }: Retained): void {
    this.#cleared.delete(topic);
  }

  #create(topic: string): Retained {
    // Who is there, the broker or a bridge, says so anew; what it said before would mislead.
    return new Retained(topic, this, isSystemTopic(topic) ? undefined : this.#keeping);
  }

  #show(retained: Retained, message: Message): void {
    this.#tree.set(message.topic, retained);
    this.#cleared.delete(message.topic);
    this.#bytes += message.bytes;
    if (message.expiresAt === Number.POSITIVE_INFINITY) return;
    this.#deadlines.set(retained, message.expiresAt);
  }

  #remove(retained: Retained): void {
    this.#tree.delete(retained.topic);
    if (retained.isKept) this.#cleared.set(retained.topic, retained);
    this.#discount(retained);
  }

  #discount(retained: Retained): void {
    this.#bytes -= retained.message!.bytes;
    this.#deadlines.clear(retained);
  }
}
