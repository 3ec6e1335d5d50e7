/** What must hold after every event, and once nothing moves any more. */

import { BrokenPromise } from './broken-promise.ts';
import type { ReferenceBroker } from './reference-broker.ts';
import type { ReferenceConnection } from './reference-connection.ts';
import type { ReferenceGroup } from './reference-group.ts';
import type { ReferenceSession } from './reference-session.ts';

export interface AccountLimits {
  readonly queuedMessagesMax: number;
}

/** @throws BrokenPromise for what should have happened at once */
export function checkEvent(broker: ReferenceBroker, { queuedMessagesMax }: AccountLimits): void {
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
  if (queuedMessagesMax === 0) return;
  for (const { waitingCount, clientId } of broker.sessions) {
    if (waitingCount <= queuedMessagesMax) continue;
    const kept = `${waitingCount} messages were neither sent nor dropped`;
    const message = `${kept}, and at most ${queuedMessagesMax} may wait`;
    throw new BrokenPromise('memory', clientId, message);
  }
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
    if (mayBeLost && qos === 0) continue;
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
