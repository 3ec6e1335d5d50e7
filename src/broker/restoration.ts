/** Makes a broker's sessions and retained messages anew, from what its store had. */

import type { Access } from './access.ts';
import type { Gatekeeper } from './ports.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Sessions } from './sessions.ts';
import type { Keeping } from './state/keeping.ts';
import type { Recalled, RecalledSession } from './state/recall.ts';
import type { SessionRecord } from './state/session-record.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface RestorationParts {
  readonly sessions: Sessions;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly keeping: Keeping;
  /** Decides about the clients of a listener, until they come back. */
  readonly gatekeeperOf: (listenerName: string | undefined) => Gatekeeper;
  /** Mosquitto's `persistent_client_expiration`, in seconds. */
  readonly sessionExpirySecondsMax: number;
}

/** @returns when a broker has last begun after one that had broken off, now or before; a date */
export function restore(recalled: Recalled, parts: RestorationParts, now: number): number {
  const { retained, keeping } = parts;
  const brokenOffAt = recalled.hasEnded ? recalled.brokenOffAt : keeping.calendar.dateOf(now);
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
    else restoreSession(session, parts, brokenOffAt);
  }
  // Last, since what is left of them goes to others.
  for (const session of ended) {
    parts.sessions.restoreRemains(accessOf(session.record, parts), keptOf(session, keeping), now);
  }
  return brokenOffAt;
}

function restoreSession(
  recalled: RecalledSession,
  parts: RestorationParts,
  brokenOffAt: number,
): void {
  const { record } = recalled;
  const { sessions, subscriptions, keeping, sessionExpirySecondsMax } = parts;
  const session = sessions.restore(accessOf(record, parts), keptOf(recalled, keeping));
  session.expirySeconds = Math.min(record.expirySeconds, sessionExpirySecondsMax);
  for (const { number, record: asked } of recalled.subscriptions) {
    const subscription = subscriptions.add(session, asked.filter, asked);
    subscription.number = number;
    session.addSubscription(subscription);
  }
  // Whoever may have been there when the broker broke off has left with the restart, at the latest.
  const leftAt = keeping.calendar.clockOf(Math.max(record.leftAt, brokenOffAt));
  const dueAt = record.will?.dueAt ?? 0;
  const delaySeconds = record.will?.will.properties?.willDelayInterval ?? 0;
  sessions.awaitRestored(session, {
    left: record.will?.will,
    leftAt,
    willAt: dueAt > 0 ? keeping.calendar.clockOf(dueAt) : leftAt + delaySeconds * 1000,
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

function accessOf(
  { clientId, identity, userNameOfWill }: SessionRecord,
  { gatekeeperOf }: Pick<RestorationParts, 'gatekeeperOf'>,
): Access {
  const userName = identity === undefined ? userNameOfWill : identity.userName;
  return {
    client: { clientId, userName, peer: 'a connection before the start' },
    gatekeeper: gatekeeperOf(identity?.listenerName),
    listenerName: identity?.listenerName,
    mountPoint: undefined,
    isKnown: identity !== undefined,
  };
}
