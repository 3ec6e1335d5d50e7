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
  /** It is on its way to its receivers: for later deliveries its publisher does not wait. */
  isBeingRouted = true;
  /** Its publisher was told that it is not stored, and so it must not be delivered either. */
  isRefused = false;
  /** Deliveries that were not written yet. */
  unwrittenCount = 0;
  // Under which a commit stores it by itself, and which that is. Later ones cannot refer to it: it
  // may be gone with the last delivery that did, which need not be in memory.
  #number = 0;
  #commit = 0;

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
    const { numbers, calendar, journal } = tools;
    if (this.#commit !== journal.gathering) {
      if (isSingle) return 0;
      this.#number = numbers.next();
      this.#commit = journal.gathering;
      writeMessage(changes.beginPut(tables.message, this.#number), message, calendar);
      changes.endPut();
    }
    changes.hold(this.#number, 1);
    return this.#number;
  }
}

export interface PlacingTools {
  readonly numbers: Numbers;
  readonly calendar: Calendar;
  /** Which commit is being gathered. */
  readonly journal: { readonly gathering: number };
}
