/** What the store has to do with one message: who waits for it, and where its bytes are. */

import type { Custody } from '../../session/custody.ts';
import type { Message } from '../../session/message.ts';
import type { Calendar } from './calendar.ts';
import type { Changes } from './changes.ts';
import { tables } from './keys.ts';
import { writeMessage } from './message-record.ts';
import type { Numbers } from './numbers.ts';

// What is larger is stored by itself, so that a change of a delivery does not write it again.
const inlineBytesMax = 1024;

/** Its publisher's acknowledgement, which may wait for it. */
export interface Pledge {
  /** All parts are safe, or nobody needs them any more. */
  release(): void;
}

export class KeptMessage implements Custody {
  partsCount = 0;
  pledge: Pledge | undefined = undefined;
  /** Its publisher was told that it is not stored, and so it must not be delivered either. */
  isRefused = false;
  /** Deliveries that were not written yet. */
  unwrittenCount = 0;
  /** Under which it is stored by itself; 0: it is not. */
  number: number;
  // Deliveries that were written and refer to it by that number, of those that memory knows.
  #holdersCount: number;

  constructor(number = 0) {
    this.number = number;
    this.#holdersCount = number === 0 ? 0 : 1;
  }

  static of(message: Message): KeptMessage {
    message.custody ??= new KeptMessage();
    return message.custody as KeptMessage;
  }

  partDone(): void {
    if (--this.partsCount === 0) this.pledge?.release();
  }

  /**
   * A delivery is about to be written for the first time.
   *
   * @returns the number under which it finds the message; 0 when it has to hold it itself
   */
  place(message: Message, changes: Changes, tools: PlacingTools): number {
    const isSingle = this.unwrittenCount === 1 && message.payload.length <= inlineBytesMax;
    this.unwrittenCount--;
    if (this.number === 0) {
      if (isSingle) return 0;
      this.number = tools.numbers.next();
      writeMessage(changes.beginPut(tables.message, this.number), message, tools.calendar);
      changes.endPut();
    }
    changes.hold(this.number, 1);
    this.#holdersCount++;
    return this.number;
  }

  /** A delivery that refers to it is removed; with the last one it may leave the store. */
  release(number: number, changes: Changes): void {
    changes.hold(number, -1);
    if (number === this.number && --this.#holdersCount === 0) this.number = 0;
  }
}

export interface PlacingTools {
  readonly numbers: Numbers;
  readonly calendar: Calendar;
}
