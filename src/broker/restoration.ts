/** Makes a broker's sessions and retained messages anew, from what its store had. */

import type { Gatekeeper } from './ports.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Sessions } from './sessions.ts';
import type { Keeping } from './state/keeping.ts';
import type { Recalled, RecalledSession } from './state/recall.ts';
import type { SessionRecord, WillRecord } from './state/session-record.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { LeftWill } from './wills.ts';

export interface RestorationParts {
  readonly sessions: Sessions;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly keeping: Keeping;
  /** Decides about the wills of clients that have not come back. */
  readonly gatekeeper: Gatekeeper;
  /** Mosquitto's `persistent_client_expiration`, in seconds. */
  readonly sessionExpirySecondsMax: number;
}

export function restore(recalled: Recalled, parts: RestorationParts, now: number): void {
  const { retained, keeping } = parts;
  // Nobody may get what a lost session or message has left behind.
  keeping.logs.pass(recalled.sessionNumberMax);
  keeping.messageNumbers.pass(recalled.messageNumberMax);
  for (const { number, message } of recalled.retained) {
    keeping.retainedNumbers.pass(number);
    if (message.expiresAt > now) retained.restore(number, message);
    else retained.restoreExpired(number, message);
  }
  const ended: RecalledSession[] = [];
  for (const session of recalled.sessions.values()) {
    if (session.record.isEnded) ended.push(session);
    else restoreSession(session, parts, { now, hasEnded: recalled.hasEnded });
  }
  // Last, since what is left of them goes to others.
  for (const session of ended) {
    parts.sessions.restoreRemains(session.record.clientId, keptOf(session, keeping), now);
  }
}

function restoreSession(
  recalled: RecalledSession,
  { sessions, subscriptions, keeping, gatekeeper, sessionExpirySecondsMax }: RestorationParts,
  { now, hasEnded }: { now: number; hasEnded: boolean },
): void {
  const { record } = recalled;
  const session = sessions.restore(record.clientId, keptOf(recalled, keeping));
  session.expirySeconds = Math.min(record.expirySeconds, sessionExpirySecondsMax);
  for (const { number, record: asked } of recalled.subscriptions) {
    const subscription = subscriptions.add(session, asked.filter, asked);
    subscription.number = number;
    session.addSubscription(subscription);
  }
  // Who was there when the broker broke off has left just now; and nobody knows who that was, so
  // that nobody's time is counted for which the broker was not there.
  const leftAt = hasEnded && record.leftAt > 0 ? keeping.calendar.clockOf(record.leftAt) : now;
  sessions.awaitRestored(session, {
    left: record.will && leftWill(record, record.will, gatekeeper),
    leftAt,
    willAt: willAt(record.will, now, (date) => keeping.calendar.clockOf(date)),
    endsAt: leftAt + session.expirySeconds * 1000,
  });
}

function keptOf(
  { number, record, shelf, openIds, subscriptions }: RecalledSession,
  keeping: Keeping,
) {
  const subscriptionNumber = subscriptions.at(-1)?.number ?? 0;
  const log = keeping.logs.restore(number, { sequence: shelf.last, subscriptionNumber, record });
  return { log, shelf, openIds };
}

function leftWill(
  { clientId }: SessionRecord,
  { will, userName }: WillRecord,
  gatekeeper: Gatekeeper,
): LeftWill {
  return {
    will,
    client: { clientId, userName, peer: 'a connection before the start' },
    gatekeeper,
  };
}

function willAt(will: WillRecord | undefined, now: number, clockOf: (date: number) => number) {
  if (will === undefined) return now;
  if (will.dueAt > 0) return clockOf(will.dueAt);
  return now + (will.will.properties?.willDelayInterval ?? 0) * 1000;
}
