/** Tells in the log what a client was not allowed to do, and by which rule, without flooding it. */

import type { ClientIdentity } from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Log } from './log.ts';
import type { packetEvents } from './packet-lines.ts';

export interface DenialOptions {
  /** The debug log, where it is on: it shows every denial. */
  readonly packets: ReturnType<typeof packetEvents> | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/**
 * The events of an observer that tell of denials. A client that is denied something is denied it
 * again and again: one line for each client and topic in a minute, and so many for one client.
 */
export function denialEvents(log: Log, { packets, now = () => performance.now() }: DenialOptions) {
  const quota = new Quota(now);
  const tell = (client: ClientIdentity, what: string, rule: string | undefined) => {
    const verdict = quota.take(client.clientId, what);
    if (verdict === 'used up') return;
    const cause = rule === undefined ? '' : `: ${rule}`;
    const last = verdict === 'last' ? ' (no more of this client for a minute)' : '';
    log.write('notice', `Denied ${what}${cause}${last}.`);
  };
  return {
    publishDenied(
      client: ClientIdentity,
      topic: string,
      reasonCode: ReasonCode,
      rule?: string,
    ): void {
      packets?.publishDenied(client, topic);
      const { clientId } = client;
      tell(client, `PUBLISH from ${clientId} to '${topic}'`, rule ?? wordsFor(reasonCode));
    },
    subscribeDenied(
      client: ClientIdentity,
      filter: string,
      reasonCode: ReasonCode,
      rule?: string,
    ): void {
      packets?.subscribeDenied(client, filter);
      const { clientId } = client;
      tell(client, `SUBSCRIBE from ${clientId} to '${filter}'`, rule ?? wordsFor(reasonCode));
    },
  };
}

/** Why, where no rule is named; undefined where it only repeats that it was denied. */
function wordsFor(reasonCode: ReasonCode): string | undefined {
  if (reasonCode === reasonCodes.notAuthorized) return undefined;
  return `reason code 0x${reasonCode.toString(16)}`;
}

const windowMilliseconds = 60_000;
const clientLinesMax = 10;
const linesMax = 1000;

/** How many lines may still be written in this minute, and which have been. */
class Quota {
  readonly #now: () => number;
  readonly #told = new Set<string>();
  readonly #lines = new Map<string, number>();
  #windowEndsAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  take(clientId: string, what: string): 'free' | 'last' | 'used up' {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#told.clear();
      this.#lines.clear();
      this.#windowEndsAt = now + windowMilliseconds;
    }
    const lines = this.#lines.get(clientId) ?? 0;
    if (lines >= clientLinesMax || this.#told.size >= linesMax || this.#told.has(what)) {
      return 'used up';
    }
    this.#told.add(what);
    this.#lines.set(clientId, lines + 1);
    return lines + 1 === clientLinesMax ? 'last' : 'free';
  }
}
