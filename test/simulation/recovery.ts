/**
 * What a session of the reference goes on with when a broker begins anew. What the store has
 * decides between all that may be; it is judged by what was promised: nothing that was acknowledged
 * may be missing, and nothing may be there that never was.
 */

import type { Calendar } from '../../src/broker/state/calendar.ts';
import type { WillRecord } from '../../src/broker/state/session-record.ts';
import type { SubscriptionRecord } from '../../src/broker/state/subscription-record.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { DiskContents, StoredSession } from './disk-contents.ts';
import type { Past } from './past.ts';
import type { Publication } from './publication.ts';
import type { ReferenceRouter } from './reference-router.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';
import { SessionPast, type SessionState } from './session-past.ts';

export interface Recovery {
  readonly contents: DiskContents;
  /** The broker has ended as it should: the store has all, and nothing else. */
  readonly isExact: boolean;
  readonly calendar: Calendar;
  readonly now: number;
  /** QoS 2 messages that the store knows nothing of: their publishers send them again. */
  readonly forgotten: Set<Publication>;
}

/** @returns the session that the store has for the client; undefined when it has none */
export function survivorOf(
  clientId: string,
  {
    past,
    stored,
    recovery,
  }: {
    past: Past<ReferenceSession | undefined>;
    stored: StoredSession | undefined;
    recovery: Recovery;
  },
): ReferenceSession | undefined {
  const possible = possibleOf(past, recovery);
  if (stored === undefined) {
    if (possible.some((session) => session === undefined || !session.isKept)) return undefined;
    const may = possible.map((session) => session?.number).join(' or ');
    throw broken(clientId, `its session ${may} is lost`);
  }
  const survivor = possible.find((session) => session?.number === stored.number);
  if (survivor !== undefined) return survivor;
  const may = possible.map((session) => session?.number ?? 'none').join(', ');
  throw broken(clientId, `session ${stored.number} is on the disk, which may have ${may}`);
}

/** All but the messages that are on their way to the client. */
export function recoverSession(
  session: ReferenceSession,
  stored: StoredSession,
  { recovery, router }: { recovery: Recovery; router: ReferenceRouter },
): void {
  const { past } = session;
  const state = recoverState(session, stored, recovery);
  const subscriptions = recoverSubscriptions(session, stored, recovery);
  const openIds = recoverOpenIds(session, stored, recovery);
  session.past = new SessionPast(state);
  session.past.finished.push(...past.finished);
  for (const topic of past.droppedReplays) session.past.droppedReplays.add(topic);
  const { will, willAt } = session.absence!;
  session.past.state.become({ ...state, will, willAt: will && willAt });
  session.subscriptions.clear();
  session.groups.clear();
  session.openIncoming.clear();
  for (const subscription of subscriptions) router.recoverSubscription(subscription);
  for (const [packetId, publication] of openIds) session.recoverOpenId(packetId, publication);
}

function recoverState(
  session: ReferenceSession,
  { record }: StoredSession,
  recovery: Recovery,
): SessionState {
  const { expirySeconds, will } = record;
  const state = possibleOf(session.past.state, recovery).findLast(
    (each) =>
      each !== undefined &&
      each.expirySeconds === expirySeconds &&
      isLike(each, will, recovery.calendar),
  );
  if (state === undefined) {
    const text = `expiry ${expirySeconds} s, will ${will?.will.topic} at ${will?.dueAt}`;
    throw broken(session.clientId, `its session is stored otherwise than it was: ${text}`);
  }
  session.expirySeconds = expirySeconds;
  const stored = will?.dueAt === 0 ? { ...state, willAt: undefined } : state;
  // Where a broker has ended as it should, and the next one broke off before its first commit, the
  // client is away since it left.
  const { calendar, contents, isExact, now } = recovery;
  const lastAt = calendar.clockOf(Math.max(record.leftAt, contents.brokenOffAt));
  const leftAt = contents.hasEnded ? lastAt : now;
  if (!isExact || session.absence === undefined) absent(session, stored, leftAt);
  return stored;
}

/** Nobody knows for how long there was no broker, and so that does not count. */
function absent(session: ReferenceSession, { will, willAt }: SessionState, leftAt: number): void {
  const delaySeconds = will?.properties?.willDelayInterval ?? 0;
  session.absence = {
    will,
    willAt: willAt ?? leftAt + delaySeconds * 1000,
    endsAt: leftAt + session.expirySeconds * 1000,
  };
}

function isLike(
  { will, willAt }: SessionState,
  record: WillRecord | undefined,
  calendar: Calendar,
): boolean {
  if (will === undefined || record === undefined) return will === record;
  const { topic, payload } = record.will;
  if (will.topic !== topic || Buffer.compare(will.payload, payload) !== 0) return false;
  return record.dueAt === 0 || (willAt !== undefined && record.dueAt === calendar.dateOf(willAt));
}

function recoverSubscriptions(
  { clientId, past }: ReferenceSession,
  { subscriptions }: StoredSession,
  recovery: Recovery,
): ReferenceSubscription[] {
  const filters = new Set([...past.filters, ...subscriptions.map(({ filter }) => filter)]);
  return [...filters].flatMap((filter) => {
    const record = subscriptions.find((each) => each.filter === filter);
    const possible = possibleOf(past.subscription(filter), recovery);
    const found = possible.findLast((each) => subscriptionText(each) === recordText(record));
    if (found !== undefined) return [found];
    if (record === undefined && possible.includes(undefined)) return [];
    const may = possible.map((each) => subscriptionText(each) ?? 'nothing').join(' or ');
    const is = recordText(record) ?? 'nothing';
    throw broken(clientId, `the disk has ${is} of its subscription ${filter}, not ${may}`);
  });
}

function subscriptionText(subscription: ReferenceSubscription | undefined): string | undefined {
  if (subscription === undefined) return undefined;
  const { qos, noLocal, retainAsPublished, identifier } = subscription;
  return JSON.stringify([qos, noLocal, retainAsPublished, identifier]);
}

function recordText(record: SubscriptionRecord | undefined): string | undefined {
  if (record === undefined) return undefined;
  const { qos, noLocal, retainAsPublished, subscriptionIdentifier } = record;
  return JSON.stringify([qos, noLocal, retainAsPublished, subscriptionIdentifier]);
}

function recoverOpenIds(
  { clientId, past }: ReferenceSession,
  { openIds }: StoredSession,
  recovery: Recovery,
): Map<number, Publication> {
  const recovered = new Map<number, Publication>();
  for (const packetId of new Set([...past.packetIds, ...openIds])) {
    const possible = possibleOf(past.openId(packetId), recovery);
    const publication = possible.findLast((each) => each !== undefined);
    if (!openIds.includes(packetId)) {
      if (!possible.includes(undefined)) {
        throw broken(
          clientId,
          `its QoS 2 packet ${packetId} is forgotten, which it has not released`,
        );
      }
      // Never stored, unless it was released since.
      if (publication !== undefined && possible.at(-1) !== undefined) {
        recovery.forgotten.add(publication);
      }
    } else if (publication === undefined) {
      throw broken(clientId, `its QoS 2 packet ${packetId} is open, which it has released`);
    } else {
      // Whoever sends it again is told that it is there.
      publication.isAcknowledged = true;
      recovered.set(packetId, publication);
    }
  }
  return recovered;
}

function possibleOf<T>(past: Past<T>, { isExact }: Recovery): readonly T[] {
  return isExact ? [past.present] : past.possible;
}

function broken(clientId: string, message: string): BrokenPromise {
  return new BrokenPromise('durable', clientId, message);
}
