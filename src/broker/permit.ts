/** How long a client may stay: tokens expire, also while their owner is connected. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Clock } from '../session/clock.ts';
import { type Deadlines, notScheduled, type Timed } from '../session/deadlines.ts';
import type { Acceptance } from './ports.ts';

/** The connection that the client would have to leave. */
export interface Visitor {
  refused(reasonCode: ReasonCode, reason: string): void;
}

// What lies further away is as good as for ever.
const validSecondsMax = 100 * 365 * 86_400;

export class Permit implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly #visitor: Visitor;
  readonly #deadlines: Deadlines;

  private constructor(visitor: Visitor, deadlines: Deadlines) {
    this.#visitor = visitor;
    this.#deadlines = deadlines;
  }

  /** @returns undefined where the client may stay as long as it likes */
  static of(
    { validSeconds = Number.POSITIVE_INFINITY }: Acceptance,
    visitor: Visitor,
    { deadlines, clock }: { readonly deadlines: Deadlines; readonly clock: Clock },
  ): Permit | undefined {
    if (validSeconds > validSecondsMax) return undefined;
    const permit = new Permit(visitor, deadlines);
    deadlines.set(permit, clock.now() + Math.max(validSeconds, 0) * 1000);
    return permit;
  }

  end(): void {
    this.#deadlines.clear(this);
  }

  due(): void {
    this.#visitor.refused(reasonCodes.maximumConnectTime, 'what it logged in with has expired');
  }
}
