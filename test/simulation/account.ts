/** What must hold after every event, and once nothing moves any more. */

import { BrokenPromise } from './broken-promise.ts';
import type { ReferenceBroker } from './reference-broker.ts';
import type { ReferenceConnection } from './reference-connection.ts';
import type { ReferenceGroup } from './reference-group.ts';
import type { ReferenceSession } from './reference-session.ts';

export interface AccountLimits {
  readonly queuedMessagesMax: number;
  readonly inflightMessagesMax: number;
}

/** @throws BrokenPromise for what should have happened at once */
export function checkEvent(broker: ReferenceBroker, limits: AccountLimits, now: number): void {
  for (const { link, ended, clientId } of broker.endEvent()) {
    if (link.isClosing || link.isOver) continue;
    throw new BrokenPromise('sessions', clientId, `its connection stays open: ${ended}`);
  }
  for (const { session, copy } of broker.router.takeInstants()) {
    if (copy.state !== 'due' || !session.dueOf(copy.publication.label).includes(copy)) continue;
    session.noLongerDue(copy);
    if (copy.mayBeLost) continue;
    const { label, topic } = copy.publication;
    const message = `${label} to ${topic} is neither sent nor dropped, though the client is there`;
    throw new BrokenPromise('atMostOnce', session.clientId, message);
  }
  if (limits.queuedMessagesMax === 0) return;
  for (const session of broker.sessions) checkQueue(session, limits, now);
}

function checkQueue(
  session: ReferenceSession,
  { queuedMessagesMax, inflightMessagesMax }: AccountLimits,
  now: number,
): void {
  if (session.waitingCount <= queuedMessagesMax) return;
  const waiting = session.dueCopies.filter(
    ({ qos, publication }) => qos > 0 && !publication.isDoubtful,
  );
  // What the disk has does not count any more, and is found out when it is loaded.
  const counted = session.isKept
    ? waiting.filter(({ publication }) => publication.expiresAt > now).length
    : waiting.length;
  // QoS 2 is in flight before it is sent, until it is stored.
  const held = session.isKept ? waiting.filter(({ qos }) => qos === 2).length : 0;
  const max = queuedMessagesMax + Math.min(held, inflightMessagesMax || held);
  if (counted <= max) return;
  const kept = `${counted} messages were neither sent nor dropped`;
  throw new BrokenPromise('memory', session.clientId, `${kept}, and at most ${max} may wait`);
}

/** @throws BrokenPromise for what is missing when every client has been there and all is quiet */
export function checkRest(broker: ReferenceBroker, now: number): void {
  for (const connection of broker.connections) {
    if (connection.ended === undefined) checkConnection(connection);
  }
  for (const session of broker.sessions) checkSession(session);
  for (const group of broker.router.groups) checkGroup(group, now);
}

function checkConnection({ clientId, owed, onTheWay, arrivedCount }: ReferenceConnection): void {
  const [answer] = owed;
  if (answer !== undefined) {
    const message = `${answer.type} ${answer.packetId} has never come`;
    throw new BrokenPromise('answers', clientId, message);
  }
  if (arrivedCount > 0) {
    throw new BrokenPromise('answers', clientId, `${arrivedCount} of its packets were never read`);
  }
  const [sent] = onTheWay;
  if (sent === undefined) return;
  throw new BrokenPromise('wire', clientId, `${sent.packet.type} was sent and has never arrived`);
}

function checkSession(session: ReferenceSession): void {
  const { clientId, dueCopies, inflight, replays } = session;
  for (const { qos, publication, mayBeLost } of dueCopies) {
    if ((mayBeLost && qos === 0) || publication.isDoubtful) continue;
    const promise = qos === 2 ? 'exactlyOnce' : qos === 1 ? 'atLeastOnce' : 'atMostOnce';
    const message = `${publication.label} to ${publication.topic}, QoS ${qos}, was never sent`;
    throw new BrokenPromise(promise, clientId, message);
  }
  for (const [packetId, { qos, publication, state }] of inflight) {
    const message = `${publication.label}, packet ${packetId}, does not come to an end: ${state}`;
    throw new BrokenPromise(qos === 2 ? 'exactlyOnce' : 'atLeastOnce', clientId, message);
  }
  const topic = replays.missing();
  if (topic === undefined) return;
  throw new BrokenPromise('retained', clientId, `the retained message of ${topic} never came`);
}

function checkGroup(group: ReferenceGroup, now: number): void {
  const [dispatch] = group.missing(now);
  if (dispatch === undefined) return;
  const { label, topic } = dispatch.publication;
  const message = `${label} to ${topic} came to no member of ${group.name}`;
  throw new BrokenPromise('shared', undefined, message);
}
