/** One topic's retained message, in memory and in the store. */

import { notScheduled, type Timed } from '../session/deadlines.ts';
import type { Message } from '../session/message.ts';
import type { Calendar } from './state/calendar.ts';
import type { Changes } from './state/changes.ts';
import type { Journal } from './state/journal.ts';
import type { Kept } from './state/kept.ts';
import type { KeptMessage } from './state/kept-message.ts';
import { tables } from './state/keys.ts';
import { writeRetained } from './state/message-record.ts';
import type { Numbers } from './state/numbers.ts';

/** How retained messages are stored. */
export interface RetainedKeeping {
  readonly journal: Journal;
  readonly calendar: Calendar;
  readonly numbers: Numbers;
}

/** Who holds it by its topic. */
export interface RetainedHolder {
  expire(message: Message): void;
  /** The topic has this message again, or none: what came since was refused. */
  goBack(retained: Retained, message: Message | undefined): void;
  /** The topic has none, and that is safe. */
  gone(retained: Retained): void;
}

/** A message, or undefined where there is none: what a topic has had. */
interface Value {
  readonly message: Message | undefined;
  /** What was published: where it cleared the topic, a message without payload. */
  readonly published: Message | undefined;
}

export class Retained implements Timed, Kept {
  heapIndex = notScheduled;
  dueAt = 0;
  isDirty = false;
  dirtyTurn = 0;
  dirtyAt = 0;
  readonly topic: string;
  readonly #holder: RetainedHolder;
  readonly #keeping: RetainedKeeping | undefined;
  // In the store; 0: not there yet.
  #number = 0;
  #isWritten = false;
  #message: Message | undefined;
  #published: Message | undefined;
  // What is safe, and what came since that its publisher waits for. Without it there is no list:
  // of a million topics few have any.
  #safe: Message | undefined;
  #unsafe: Value[] | undefined;
  // What the commit under way has, and how much of what came since.
  #written: Message | undefined;
  #writtenCount = 0;

  constructor(topic: string, holder: RetainedHolder, keeping: RetainedKeeping | undefined) {
    this.topic = topic;
    this.#holder = holder;
    this.#keeping = keeping;
  }

  /** It has to do with a store. */
  get isKept(): boolean {
    return this.#keeping !== undefined;
  }

  get message(): Message | undefined {
    return this.#message;
  }

  get mayWait(): boolean {
    return false;
  }

  /** @param published without payload: the topic has no message any more */
  replace(published: Message): void {
    const message = published.payload.length === 0 ? undefined : published;
    this.#set(message, published);
  }

  /** It has expired, or was taken back. */
  reset(message: Message | undefined): void {
    this.#set(message, undefined);
  }

  restore(number: number, message: Message): void {
    this.#keeping?.numbers.pass(number);
    this.#number = number;
    this.#isWritten = true;
    this.#safe = message;
    this.#message = message;
  }

  due(): void {
    if (this.message !== undefined) this.#holder.expire(this.message);
  }

  write(changes: Changes): boolean {
    const { message } = this;
    this.#written = message;
    this.#writtenCount = this.#unsafe?.length ?? 0;
    if (message === undefined) {
      if (!this.#isWritten) {
        this.#holder.gone(this);
        return false;
      }
      changes.remove(tables.retained, this.#number);
      this.#isWritten = false;
      return true;
    }
    const { numbers, calendar } = this.#keeping!;
    if (this.#number === 0) this.#number = numbers.next();
    this.#isWritten = true;
    writeRetained(changes.beginPut(tables.retained, this.#number), message, calendar);
    changes.endPut();
    return true;
  }

  stored(): void {
    this.#safe = this.#written;
    this.#written = undefined;
    this.#unsafe?.splice(0, this.#writtenCount);
    if (this.#unsafe?.length === 0) this.#unsafe = undefined;
    if (this.message === undefined && !this.isDirty) this.#holder.gone(this);
  }

  takeBackRefused(): void {
    const unsafe = this.#unsafe;
    if (unsafe === undefined) return;
    const left = unsafe.filter(({ published }) => !isRefused(published));
    if (left.length === unsafe.length) return;
    const writtenLeft = unsafe.slice(0, this.#writtenCount).filter((v) => left.includes(v));
    // What the store will have for a while is not what the topic is to go back to.
    const lastWritten = unsafe[this.#writtenCount - 1];
    if (lastWritten !== undefined && isRefused(lastWritten.published)) {
      const before = writtenLeft.at(-1);
      this.#written = before === undefined ? this.#safe : before.message;
    }
    this.#unsafe = left;
    this.#writtenCount = writtenLeft.length;
    if (!isRefused(this.#published)) return;
    const last = left.at(-1);
    this.#holder.goBack(this, last === undefined ? this.#safe : last.message);
  }

  #set(message: Message | undefined, published: Message | undefined): void {
    this.#message = message;
    this.#published = published;
    if (this.#keeping === undefined) return;
    this.#unsafe ??= [];
    const unsafe = this.#unsafe;
    const value = { message, published };
    const isFirm = canBeRefused(value);
    const last = unsafe.length - 1;
    // Of several that cannot be refused only the last is ever gone back to.
    if (!isFirm && last >= this.#writtenCount && !canBeRefused(unsafe[last])) {
      unsafe[last] = value;
    } else {
      unsafe.push(value);
    }
    this.#keeping.journal.touch(this);
  }
}

function isRefused(published: Message | undefined): boolean {
  return (published?.custody as KeptMessage | undefined)?.isRefused ?? false;
}

/** Only who publishes with QoS 1 or 2 can be told so. */
function canBeRefused({ published }: Value): boolean {
  return published !== undefined && published.qos > 0;
}
