/** Whether a message that the broker says it has dropped might be dropped. */

import { encodePacket } from '../../src/packet/packet.ts';
import type { QoS } from '../../src/packet/version.ts';
import type { DropCause } from '../../src/session/delivery.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { Copy, Publication, Terms } from './publication.ts';
import { type ReferenceBroker, settle } from './reference-broker.ts';
import type { ReferenceSession } from './reference-session.ts';
import { levelsMatch } from './topics.ts';

export interface Drop {
  readonly clientId: string;
  /** Of the message: see `labelOf`. */
  readonly label: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly cause: DropCause;
}

export interface DropLimits {
  readonly queuedMessagesMax: number;
}

interface DropEvent extends Drop {
  readonly session: ReferenceSession;
  readonly broker: ReferenceBroker;
  readonly limits: DropLimits;
  readonly now: number;
}

/**
 * Strikes out the copy that the broker has dropped.
 *
 * @throws BrokenPromise when the cause is not true, or nothing of that kind was owed
 */
export function strikeOut(
  drop: Drop,
  broker: ReferenceBroker,
  { limits, now }: { limits: DropLimits; now: number },
): void {
  if (drop.cause === 'session ended') return sessionEnded(drop, broker);
  const session = broker.session(drop.clientId);
  // It ended in this event: what it did not get is not missed. Nor is what the last session of
  // the client did not get, while the CONNACK of the next one is still to come.
  const last = broker.endedNow(drop.clientId)?.session ?? session;
  if (session === undefined || (last !== session && session.isAwaitingConnack)) return;
  const { cause } = drop;
  const event: DropEvent = { ...drop, session, broker, limits, now };
  switch (cause) {
    case 'offline':
      return offline(event);
    case 'slow receiver':
      return slowReceiver(event);
    case 'queue full':
      return queueFull(event);
    case 'expired':
      return expired(event);
    case 'packet too large':
      return packetTooLarge(event);
    case 'not allowed':
      throw untrue(event, latestDue(event)?.publication, 'everybody may receive everything');
    case 'not stored':
      return notStored(event);
    default:
      cause satisfies never;
  }
}

/**
 * Whether it may end is checked elsewhere; then nothing is owed to it any more. Of a QoS 2 message
 * that lay on the disk nobody knows whether it was sent, and so no other member of a shared group
 * gets it.
 */
function sessionEnded({ topic, qos }: Drop, { router }: ReferenceBroker): void {
  if (qos === 2) router.dropShared(topic);
}

function offline(event: DropEvent): void {
  const copy = latestDue(event);
  // QoS 0 for a client that is away is not even owed, unless a shared group has nobody else.
  if (copy === undefined) return dropShared(event);
  if (!copy.mayBeLost) throw untrue(event, copy.publication, 'the client is connected');
  event.session.noLongerDue(copy);
}

function slowReceiver(event: DropEvent): void {
  const { session } = event;
  const connection = session.connection ?? event.broker.endedNow(session.clientId);
  const copy = latestDue(event);
  if (connection === undefined || connection.link.pendingBytes === 0) {
    throw untrue(event, copy?.publication, 'nothing waits for the client');
  }
  if (copy === undefined) dropShared(event);
  else session.noLongerDue(copy);
}

function queueFull(event: DropEvent): void {
  const { session, limits, now } = event;
  const copy = latestDue(event);
  // What the disk has counts for up to a second longer.
  const countedUntil = session.isKept ? now - 1000 : now;
  const waiting = session.dueCopies.filter(
    ({ publication }) => publication.expiresAt > countedUntil,
  );
  const shared = [...session.groups].flatMap(({ dispatches }) => [...dispatches]);
  const most = waiting.length + shared.length - 1;
  if (limits.queuedMessagesMax === 0 || most < limits.queuedMessagesMax) {
    const message = `at most ${most} messages wait, the limit is ${limits.queuedMessagesMax}`;
    throw untrue(event, copy?.publication, message);
  }
  if (copy === undefined) dropShared(event);
  else session.noLongerDue(copy);
}

/** Its publisher is told so. */
function notStored(event: DropEvent): void {
  const { session, topic, qos, broker } = event;
  const refused = session.past.finished.find(
    (each) => each.copy.isRefused && each.copy.publication.topic === topic && each.copy.qos === qos,
  );
  if (refused !== undefined) {
    refused.copy.isRefused = false;
    return;
  }
  const doubtful = dueLikeIt(event).filter(({ publication }) => publication.isDoubtful);
  if (doubtful.length === 1) return session.drop(doubtful[0]);
  // One of them: none needs to come.
  if (doubtful.length > 1) return;
  if (isMistaken(event, ({ publication }) => publication.isDoubtful)) return;
  const before = [
    ...session.past.finished
      .filter(({ copy }) => copy.publication.topic === topic && copy.qos === qos)
      .map(({ copy }) => copy.publication),
    ...sharedMessages(event),
    ...broker.router.everRetained(topic),
  ];
  if (before.some(({ isDoubtful }) => isDoubtful)) return;
  throw untrue(event, undefined, 'nothing of the kind was refused');
}

function expired(event: DropEvent): void {
  const { session, now } = event;
  const isExpired = ({ expiresAt }: Publication) => expiresAt <= now;
  const copy = dueLikeIt(event).find(({ publication }) => isExpired(publication));
  if (copy !== undefined) return session.drop(copy);
  if (sharedMessages(event).some(isExpired)) return dropShared(event);
  if (isMistaken(event, ({ publication }) => isExpired(publication))) return;
  throw untrue(event, undefined, 'nothing that was owed has expired');
}

function packetTooLarge(event: DropEvent): void {
  const { session, qos, topic, broker } = event;
  const max = packetBytesMax(event);
  const isTooLarge = (publication: Publication, terms: Terms) => bytesOf(publication, terms) > max;
  const connection = session.connection ?? broker.endedNow(session.clientId)!;
  // What goes again goes first.
  for (const [packetId, sent] of session.inflight) {
    const isAgain = sent.state === 'sent' && sent.lastLink !== connection.link.number;
    const isIt = isAgain && sent.publication.topic === topic && sent.qos === qos;
    if (isIt && isTooLarge(sent.publication, sent)) return settle(session, packetId, sent);
  }
  const due = dueLikeIt(event).filter((each) => isTooLarge(each.publication, each));
  const isAlive = ({ publication }: Copy) => publication.expiresAt > event.now;
  const copy = (session.isKept && due.find(isAlive)) || due[0];
  if (copy !== undefined) return session.drop(copy);
  const terms = { qos, retain: true, identifiers: '268435455' };
  if (sharedMessages(event).some((publication) => isTooLarge(publication, terms))) {
    return dropShared(event);
  }
  const retained = broker.router.retainedFor(session, { topic, qos });
  if (retained.some((publication) => isTooLarge(publication, terms))) {
    session.past.droppedReplays.add(topic);
    if (session.replays.bring(topic, () => true) !== undefined) return;
  }
  if (isMistaken(event, (each) => isTooLarge(each.publication, each))) return;
  throw untrue(event, undefined, `nothing that was owed takes more than ${max} bytes`);
}

function packetBytesMax({ session, broker }: DropEvent): number {
  const connection = session.connection ?? broker.endedNow(session.clientId);
  return connection?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
}

/**
 * A report names a topic and leaves open which of its messages is meant. So another one may have
 * been struck out for the last report, and it is that one's turn now.
 */
function isMistaken(event: DropEvent, isIt: (copy: Copy) => boolean): boolean {
  const { session, topic, qos, now } = event;
  const isStruck = session.past.finished.some(
    ({ copy }) =>
      copy.lastLink === -1 && copy.publication.topic === topic && copy.qos === qos && isIt(copy),
  );
  const other = dueLikeIt(event).find(
    (copy) =>
      copy.publication.isDoubtful ||
      copy.publication.expiresAt <= now ||
      bytesOf(copy.publication, copy) > packetBytesMax(event),
  );
  if (!isStruck || other === undefined) return false;
  session.drop(other);
  return true;
}

/** Copies of that message that have not been sent, in the order in which they were owed. */
function dueLikeIt({ session, label, qos }: DropEvent): Copy[] {
  return session.dueCopies
    .filter((copy) => copy.publication.label === label && copy.qos === qos)
    .sort((a, b) => a.publication.serial - b.publication.serial);
}

/** The one that the broker is just about to send, as causes of that kind are found out then. */
function latestDue(event: DropEvent): Copy | undefined {
  return dueLikeIt(event).at(-1);
}

/** Where no copy of its own is due, a client drops what a shared group has given it. */
function dropShared({ session, topic }: DropEvent): void {
  const levels = topic.split('/');
  for (const group of session.groups) {
    if (levelsMatch(group.levels, levels)) group.dropped(topic);
  }
}

/** Messages that groups have given to one of their members, perhaps to this one. */
function sharedMessages({ session, topic }: DropEvent): Publication[] {
  return [...session.groups].flatMap(({ dispatches }) =>
    [...dispatches]
      .filter(({ copy, publication }) => copy === undefined && publication.topic === topic)
      .map(({ publication }) => publication),
  );
}

/** The most bytes that it may take, with all that a hop can add. */
function bytesOf({ topic, payload, properties }: Publication, terms: Terms): number {
  const identifiers =
    terms.identifiers === '' ? undefined : terms.identifiers.split(' ').map(Number);
  const packet = {
    type: 'publish',
    topic,
    payload,
    qos: terms.qos,
    retain: terms.retain,
    dup: false,
    packetId: terms.qos === 0 ? 0 : 1,
    properties: {
      ...properties,
      willDelayInterval: undefined,
      topicAlias: 1,
      subscriptionIdentifiers: identifiers,
    },
  } as const;
  return encodePacket(packet, 5).length;
}

function untrue(drop: Drop, publication: Publication | undefined, message: string): BrokenPromise {
  const what = publication?.label ?? 'a message';
  return new BrokenPromise(
    'drops',
    drop.clientId,
    `${what} of QoS ${drop.qos} to ${drop.topic} is dropped as '${drop.cause}': ${message}`,
  );
}
