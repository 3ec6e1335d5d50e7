/** Which of the copies that a session is owed a PUBLISH brings. */

import type { Publish } from '../../src/packet/publish.ts';
import { BrokenPromise } from './broken-promise.ts';
import { Copy, describe, fits, identifiersText, labelOf, type Publication } from './publication.ts';
import type { ReferenceBroker } from './reference-broker.ts';
import type { ReferenceSession, ReferenceSubscription } from './reference-session.ts';
import { levelsMatch } from './topics.ts';

export interface Arrival {
  readonly session: ReferenceSession;
  readonly publish: Publish;
  /** Also where the packet has an alias instead. */
  readonly topic: string;
  readonly now: number;
}

/** For a PUBLISH that is sent the first time. @throws BrokenPromise when nothing like it is owed */
export function owedCopy(broker: ReferenceBroker, arrival: Arrival): Copy {
  const { session, publish, topic, now } = arrival;
  const label = labelOf(topic, publish.payload);
  const fitting = session.dueOf(label).filter((copy) => fits(publish, copy));
  // Only messages without payload can be mistaken for each other; an expired one is never sent.
  const due = fitting.find(({ publication }) => publication.expiresAt > now) ?? fitting[0];
  if (due !== undefined) {
    session.noLongerDue(due);
    return due;
  }
  const { upgradesQos } = broker.router;
  const shared = sharedCopy(arrival, label, upgradesQos);
  if (shared !== undefined) return shared;
  for (const publication of broker.router.retainedFor(session, { topic, qos: publish.qos })) {
    const copy = replayedCopy(arrival, publication, upgradesQos);
    if (copy !== undefined) return copy;
  }
  const mistaken = mistakenCopy(arrival, label);
  if (mistaken !== undefined) return mistaken;
  throw notOwed(arrival, label);
}

/** A report says which topic has lost a message that expired, and leaves open which message. */
function mistakenCopy({ session, publish, topic, now }: Arrival, label: string): Copy | undefined {
  const isExpired = ({ publication }: Copy) => publication.expiresAt <= now;
  const struck = session.past.finished.find(
    ({ copy }) =>
      copy.lastLink === -1 &&
      copy.publication.label === label &&
      fits(publish, copy) &&
      isExpired(copy),
  );
  const other = session.dueCopies.find(
    (copy) => copy.qos === publish.qos && copy.publication.topic === topic && isExpired(copy),
  );
  if (struck === undefined || other === undefined) return undefined;
  session.drop(other);
  return struck.copy;
}

/**
 * One of QoS 2 that is stored leaves when its packet id is safe, and if that lasts until the next
 * connection, nobody knows for certain that it was not sent before.
 */
export function mayBeFirst({ session, publish }: Arrival): boolean {
  return session.isKept && publish.qos === 2 && !session.inflight.has(publish.packetId);
}

/** For a PUBLISH that is sent again. @throws BrokenPromise when it must not be */
export function copyInFlight(arrival: Arrival, linkNumber: number): Copy {
  const { session, publish, topic } = arrival;
  const { packetId } = publish;
  const label = labelOf(topic, publish.payload);
  const copy = session.inflight.get(packetId);
  const fault =
    copy === undefined
      ? 'which is not in flight'
      : redeliveryFault(copy, publish, { label, linkNumber });
  if (fault === undefined) return copy!;
  const message = `${label} again with packet id ${packetId}, ${fault}`;
  throw new BrokenPromise('redelivery', session.clientId, message);
}

function redeliveryFault(
  copy: Copy,
  publish: Publish,
  { label, linkNumber }: { label: string; linkNumber: number },
): string | undefined {
  if (copy.publication.label !== label) return `which belongs to ${copy.publication.label}`;
  if (copy.state === 'released') return 'for which PUBREC has come';
  if (copy.lastLink === linkNumber) return 'a second time on one connection';
  return fits(publish, copy) ? undefined : `which was sent with ${describe(copy)}`;
}

/** The terms on which one subscription gets a message. */
function termsOf(
  subscription: ReferenceSubscription,
  { qos, retain }: Publication,
  upgrade: boolean,
) {
  const { retainAsPublished, identifier } = subscription;
  return {
    qos: upgrade || subscription.qos < qos ? subscription.qos : qos,
    retain: retain && retainAsPublished,
    identifiers: identifiersText(identifier === undefined ? undefined : [identifier]),
  };
}

function sharedCopy({ session, publish, now }: Arrival, label: string, upgrade: boolean) {
  // A group that has lost its last member may be there twice: what it had, and what is new.
  const groups = [...session.groups].sort((a, b) => Number(a.isEmpty) - Number(b.isEmpty));
  const open = groups.flatMap((group) =>
    group.open(label, now).map((dispatch) => ({ group, dispatch })),
  );
  for (const { group, dispatch } of open) {
    const { publication, isUnordered } = dispatch;
    const hasTwin = dispatch.hasTwin || open.length > 1 || group.isEmpty;
    for (const subscription of group.termsOf(session)) {
      const terms = termsOf(subscription, publication, upgrade);
      if (!fits(publish, terms)) continue;
      const lane = isUnordered || hasTwin ? undefined : group.name;
      dispatch.copy = new Copy(publication, terms, { lane, hasTwin });
      dispatch.holder = session;
      if (publish.qos === 0) group.finish(dispatch);
      return dispatch.copy;
    }
  }
  return undefined;
}

/** A retained message is looked up when it is sent, so that it is the topic's last one. */
function replayedCopy(
  { session, publish, topic }: Arrival,
  publication: Publication,
  upgrade: boolean,
): Copy | undefined {
  if (!publish.retain || publication.label !== labelOf(topic, publish.payload)) return undefined;
  // [MQTT-3.3.1-8]
  const termsUnder = (subscription: ReferenceSubscription) => ({
    ...termsOf(subscription, publication, upgrade),
    retain: true,
  });
  const isLikeIt = (subscription: ReferenceSubscription) => fits(publish, termsUnder(subscription));
  const subscription = session.replays.bring(topic, isLikeIt);
  const circumstances = { lane: undefined, isReplayed: true };
  return subscription && new Copy(publication, termsUnder(subscription), circumstances);
}

function notOwed({ session, publish, topic, now }: Arrival, label: string): BrokenPromise {
  const { clientId } = session;
  const { qos, retain, packetId } = publish;
  const identifiers = identifiersText(publish.properties?.subscriptionIdentifiers);
  const is = `${label} to ${topic} with ${describe({ qos, retain, identifiers })}`;
  const [due] = session.dueOf(label);
  if (due !== undefined) {
    return new BrokenPromise('flags', clientId, `${is}: it is owed with ${describe(due)}`);
  }
  const before = session.inflight.get(packetId);
  if (before?.publication.label === label) {
    return new BrokenPromise('redelivery', clientId, `${is}: sent again without DUP`);
  }
  for (const group of session.groups) {
    const { levels, name } = group;
    if (!levelsMatch(levels, topic.split('/'))) continue;
    if (group.open(label, now).length > 0) {
      return new BrokenPromise('flags', clientId, `${is}: nothing in ${name} asks for it so`);
    }
    return new BrokenPromise('shared', clientId, `${is}: ${name} has given it to a member before`);
  }
  return new BrokenPromise('owed', clientId, `${is}: it is not owed`);
}
