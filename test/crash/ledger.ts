/** All messages of a run and all that went wrong in it. */

import type { Clock } from './clock.ts';
import { type Message, type NewMessage, newMessage, newRemoval, storyOf } from './message.ts';

export interface Failure {
  readonly kind: FailureKind;
  readonly text: string;
}

export const failureKinds = [
  'lost',
  'duplicate',
  'unexpected',
  'order',
  'garbage',
  'retained',
  'session lost',
  'packet id',
  'protocol',
  'refusal',
  'broker ended',
  'stuck',
] as const;
export type FailureKind = (typeof failureKinds)[number];

export class Ledger {
  readonly clock: Clock;
  readonly #messages = new Map<string, Message>();
  readonly #byTopic = new Map<string, Message[]>();
  readonly #failures: Failure[] = [];
  readonly #tolerated: ReadonlySet<FailureKind>;
  #toleratedCount = 0;

  /** @param tolerated kinds that are counted, and are no failure */
  constructor(clock: Clock, tolerated: readonly FailureKind[] = []) {
    this.clock = clock;
    this.#tolerated = new Set(tolerated);
  }

  get toleratedCount(): number {
    return this.#toleratedCount;
  }

  get failures(): readonly Failure[] {
    return this.#failures;
  }

  messages(): Iterable<Message> {
    return this.#messages.values();
  }

  /** In the order of their publisher. */
  messagesOn(topic: string): readonly Message[] {
    return this.#byTopic.get(topic) ?? [];
  }

  message(label: string): Message | undefined {
    return this.#messages.get(label);
  }

  create(message: NewMessage, fillerBytes: number): Message {
    return this.#add(newMessage(message, fillerBytes));
  }

  createRemoval(message: Omit<NewMessage, 'retain'>): Message {
    return this.#add(newRemoval(message));
  }

  answered(message: Message, type: 'puback' | 'pubrec' | 'pubcomp', reasonCode: number): void {
    const now = this.clock.now();
    if (type === 'pubcomp') {
      message.completed = now; // 0x92 too: it was released before
    } else if (reasonCode >= 0x80) {
      message.refused = reasonCode as Message['refused'];
    } else {
      message.acknowledged = now;
      if (type === 'puback') message.completed = now;
    }
  }

  fail(kind: FailureKind, text: string): void {
    if (this.#tolerated.has(kind)) this.#toleratedCount++;
    else this.#failures.push({ kind, text });
  }

  /** A failure about a message, told with its story. */
  failMessage(kind: FailureKind, message: Message, text: string): void {
    this.fail(kind, `${text}\n    ${storyOf(message)}`);
  }

  #add(message: Message): Message {
    this.#messages.set(message.label, message);
    const onTopic = this.#byTopic.get(message.topic);
    if (onTopic === undefined) this.#byTopic.set(message.topic, [message]);
    else onTopic.push(message);
    return message;
  }
}
