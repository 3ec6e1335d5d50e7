/** Finds, for what the store has for a client, the copies that the reference knows. */

import { BrokenPromise } from './broken-promise.ts';
import type { StoredDelivery } from './disk-contents.ts';
import { Copy, likeness } from './publication.ts';
import type { RecoveredGroups } from './recovered-groups.ts';
import type { Recovery } from './recovery.ts';
import type { ReferenceRouter } from './reference-router.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';

/** A copy that the store may have, and how far it was. */
interface Candidate {
  readonly copy: Copy;
  readonly origin: 'inflight' | 'due' | 'finished';
  readonly packetId: number;
  /** The store must have it. */
  readonly isDemanded: boolean;
}

export interface RecoveryTools {
  readonly recovery: Recovery;
  readonly router: ReferenceRouter;
  readonly groups: RecoveredGroups;
}

const states = { waiting: 'due', published: 'sent', released: 'released' } as const;

/** @throws BrokenPromise when something is missing, or there is what cannot be */
export function recoverCopies(
  session: ReferenceSession,
  deliveries: readonly StoredDelivery[],
  tools: RecoveryTools,
): void {
  const candidates = candidatesOf(session, tools.recovery);
  const recovered: { copy: Copy; delivery: StoredDelivery }[] = [];
  for (const delivery of deliveries) {
    const copy = copyFor(session, delivery, { candidates, tools });
    if (copy !== undefined) recovered.push({ copy, delivery });
  }
  const missing = candidates.find(({ isDemanded }) => isDemanded);
  if (missing !== undefined) {
    const { label, topic } = missing.copy.publication;
    throw broken(session, `${label} to ${topic}, ${missing.origin}, is not on the disk`);
  }
  session.forgetCopies();
  for (const { copy, delivery } of recovered) {
    copy.state = states[delivery.state];
    copy.publication.isDoubtful = false;
    if (copy.state !== 'due') session.inflight.set(delivery.packetId, copy);
  }
  const due = recovered.map(({ copy }) => copy).filter(({ state }) => state === 'due');
  for (const copy of due.sort((a, b) => a.publication.serial - b.publication.serial)) {
    copy.lastLink = -1;
    session.owe(copy);
  }
}

function candidatesOf(session: ReferenceSession, recovery: Recovery): Candidate[] {
  const { inflight, dueCopies, past } = session;
  const candidates: Candidate[] = [];
  const add = (copy: Copy, origin: Candidate['origin'], packetId: number) => {
    const isDemanded = isDemandedBy(recovery, copy, origin);
    candidates.push({ copy, origin, packetId, isDemanded });
  };
  for (const [packetId, copy] of inflight) add(copy, 'inflight', packetId);
  for (const copy of dueCopies) add(copy, 'due', 0);
  for (const { copy, packetId } of past.finished) {
    // Which message has expired is not reported: it may have been another one.
    const mayBeThere = copy.lastLink === -1 && copy.publication.expiresAt <= recovery.now;
    if (!recovery.isExact || mayBeThere) add(copy, 'finished', packetId);
  }
  return candidates;
}

function isDemandedBy(
  { isExact, now }: Recovery,
  { qos, publication, mayBeLost, isReplayed, hasTwin }: Copy,
  origin: Candidate['origin'],
): boolean {
  if (origin === 'finished' || publication.expiresAt <= now) return false;
  if (isExact) return !publication.isDoubtful && (qos > 0 || !mayBeLost);
  // QoS 2 leaves only when it is stored.
  if (origin === 'inflight' && qos === 2) return true;
  return qos > 0 && publication.isAcknowledged && !isReplayed && !hasTwin;
}

/** @returns undefined for a message of a shared group that no member was sent */
function copyFor(
  session: ReferenceSession,
  delivery: StoredDelivery,
  { candidates, tools }: { candidates: Candidate[]; tools: RecoveryTools },
): Copy | undefined {
  const known = likeIt(ofItsKind(candidates, delivery), delivery);
  if (known !== undefined) candidates.splice(candidates.indexOf(known), 1);
  const isSent = delivery.state !== 'waiting';
  const { share } = delivery;
  if (known === undefined) {
    if (share === undefined) return replayedCopy(session, delivery, tools.router);
    return tools.groups.take(session, delivery, undefined);
  }
  checkState(session, delivery, known);
  const { copy } = known;
  // Messages without payload are not told apart.
  const isCertain = copy.publication.payload.length > 0;
  if (isCertain && tools.recovery.forgotten.has(copy.publication)) {
    const { label } = copy.publication;
    const message = `${label} is on the disk, and its publisher will send it again`;
    throw new BrokenPromise('exactlyOnce', session.clientId, message);
  }
  if (share === undefined) return copy;
  return tools.groups.take(session, delivery, isSent ? copy : undefined);
}

/** Those that must be there come first, and what had that packet id before all. */
function likeIt(candidates: readonly Candidate[], delivery: StoredDelivery): Candidate | undefined {
  const { label, packetId } = delivery;
  const like = likeness(label, delivery);
  const rank = ({ isDemanded, origin, packetId: before }: Candidate) => {
    if (packetId !== 0 && before === packetId) return 0;
    const byOrigin = origin === 'due' ? 1 : origin === 'inflight' ? 2 : 3;
    return isDemanded ? byOrigin : byOrigin + 3;
  };
  const alike = candidates
    .filter(({ copy }) => likeness(copy.publication.label, copy) === like)
    .sort((a, b) => rank(a) - rank(b));
  const [best] = alike;
  if (best === undefined) return undefined;
  // It may be the other one's place that it has in the order.
  if (alike.length > 1) best.copy.lane = undefined;
  return best;
}

/** A message of a shared group has no copy that could be mistaken for another, until it is sent. */
function ofItsKind(
  candidates: readonly Candidate[],
  { share, packetId }: StoredDelivery,
): readonly Candidate[] {
  if (share === undefined || packetId === 0) return candidates;
  return candidates.filter((candidate) => candidate.packetId === packetId);
}

function checkState(
  session: ReferenceSession,
  { state, packetId, qos }: StoredDelivery,
  { copy, origin, packetId: before }: Candidate,
): void {
  const { label } = copy.publication;
  const wasSent = copy.lastLink !== -1;
  if (qos === 2 && wasSent && state === 'waiting') {
    throw broken(session, `${label} was sent with QoS 2 before the disk had its packet id`);
  }
  if (copy.wasReleased && state !== 'released') {
    throw broken(session, `PUBREL was sent for ${label} before the disk knew of its PUBREC`);
  }
  if (origin === 'inflight' && state !== 'waiting' && before !== packetId) {
    throw broken(session, `${label} was sent with packet id ${before}, the disk has ${packetId}`);
  }
  if (origin !== 'finished' && state === 'released' && copy.state !== 'released') {
    throw broken(session, `${label} is released on the disk, and no PUBREC has come`);
  }
}

/** A retained message that was to be sent when it was stored. */
function replayedCopy(
  session: ReferenceSession,
  delivery: StoredDelivery,
  router: ReferenceRouter,
): Copy {
  const { label, topic, retain, state } = delivery;
  const publication = router.everRetained(topic).find((each) => each.label === label);
  const isLikeIt = ({ identifier }: ReferenceSubscription) =>
    delivery.identifiers === (identifier === undefined ? '' : String(identifier));
  if (retain && state !== 'waiting' && publication !== undefined) {
    const wasDropped = session.past.droppedReplays.has(topic);
    if (wasDropped || session.replays.bring(topic, isLikeIt) !== undefined) {
      return new Copy(publication, delivery, { lane: undefined, isReplayed: true });
    }
  }
  throw broken(
    session,
    `${likeness(label, delivery)} is on the disk, ${state}, and was never owed`,
  );
}

function broken({ clientId }: ReferenceSession, message: string): BrokenPromise {
  return new BrokenPromise('durable', clientId, message);
}
