/** What each packet of a client's changes, and which answer it must get. */

import type { Pubcomp, Pubrec, Pubrel } from '../../src/packet/acknowledgement.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Subscribe, Subscription } from '../../src/packet/subscribe.ts';
import type { Unsubscribe } from '../../src/packet/unsubscribe.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { Publication } from './publication.ts';
import { type ReferenceBroker, settle } from './reference-broker.ts';
import { type ReferenceConnection, refused } from './reference-connection.ts';
import type { ReferenceSession } from './reference-session.ts';

const success = 0x00;
const noMatchingSubscribers = 0x10;
const noSubscriptionExisted = 0x11;

/** The broker has taken the packet. */
export function take(
  broker: ReferenceBroker,
  connection: ReferenceConnection,
  packet: Packet,
): void {
  if (connection.ended !== undefined) return;
  switch (packet.type) {
    case 'connect':
      connection.connect = packet;
      return;
    case 'publish':
      return publish(broker, connection, packet);
    case 'puback':
      return acknowledged(connection, packet.packetId);
    case 'pubrec':
      return received(connection, packet);
    case 'pubrel':
      return released(connection, packet);
    case 'pubcomp':
      return completed(connection, packet);
    case 'subscribe':
      return subscribe(broker, connection, packet);
    case 'unsubscribe':
      return unsubscribe(broker, connection, packet);
    case 'pingreq':
      return connection.owe('pingresp');
    case 'disconnect':
      return broker.leave(connection, packet);
    default:
      throw new Error(`simulated clients do not send ${packet.type}`);
  }
}

function publish(broker: ReferenceBroker, connection: ReferenceConnection, packet: Publish): void {
  const session = connection.session!;
  const { packetId, qos } = packet;
  const topic = connection.topicFromClient(packet);
  const known = qos === 2 ? session.openIncoming.get(packetId) : undefined;
  if (known !== undefined) {
    // [MQTT-4.3.3-10]
    const outcomes = [success, noMatchingSubscribers].map(String);
    connection.owe('pubrec', packetId, outcomes, {
      certify: certifying(broker, session, { packetId, qos, publication: known }),
    });
    return;
  }
  if (isDenied(broker, connection, { packet, topic })) {
    connection.owe(qos === 1 ? 'puback' : 'pubrec', packetId, [refused]);
    return;
  }
  const { matched, publication } = broker.publish(packet, topic, session);
  if (qos === 0) return;
  if (qos === 2) {
    session.openIncoming.set(packetId, publication);
    session.past.openId(packetId).become(publication);
  }
  const certify = certifying(broker, session, { packetId, qos, publication });
  // It may say that there is no subscriber, or keep that to itself.
  const outcomes = matched ? [success] : [success, noMatchingSubscribers];
  const refuse = () => {
    broker.refuse(publication);
    return qos === 2 ? close(session, packetId) : () => {};
  };
  const commit = qos === 2 && session.isKept ? broker.nextCommit : undefined;
  const refusal = { publication, refuse, commit };
  connection.owe(qos === 1 ? 'puback' : 'pubrec', packetId, outcomes.map(String), {
    certify,
    refusal: connection.connect!.version === 5 ? refusal : undefined,
  });
}

/** What cannot be stored now is refused where MQTT has a word for that. */
function isDenied(
  { router, isStoreFailing }: ReferenceBroker,
  { connect, session }: ReferenceConnection,
  { packet: { qos, retain }, topic }: { packet: Publish; topic: string },
): boolean {
  if (!isStoreFailing || qos === 0 || connect!.version !== 5) return false;
  return retain || (qos === 2 && session!.isKept) || router.isKept(topic);
}

/** PUBACK or PUBREC leaves: the message is safe. */
function certifying(
  { router }: ReferenceBroker,
  { past }: ReferenceSession,
  { packetId, qos, publication }: { packetId: number; qos: number; publication: Publication },
): () => void {
  const open = past.openId(packetId);
  const version = open.presentVersion;
  return () => {
    router.certify(publication);
    if (qos === 2) open.certify(version);
  };
}

/** The exchange is over. @returns what makes sure that the store knows that */
function close(session: ReferenceSession, packetId: number): () => void {
  session.openIncoming.delete(packetId);
  const past = session.past.openId(packetId);
  const version = past.become(undefined);
  return () => past.certify(version);
}

function acknowledged({ session, clientId }: ReferenceConnection, packetId: number): void {
  const copy = session!.inflight.get(packetId);
  if (copy === undefined) return;
  if (copy.receipts === 0) {
    const { label } = copy.publication;
    const message = `packet ${packetId} (${label}) is acknowledged, and never came`;
    throw new BrokenPromise('packetIds', clientId, message);
  }
  settle(session!, packetId, copy);
}

function received(connection: ReferenceConnection, { packetId, reasonCode }: Pubrec): void {
  const session = connection.session!;
  const copy = session.inflight.get(packetId);
  if (reasonCode >= 0x80) {
    if (copy !== undefined) settle(session, packetId, copy);
    return;
  }
  if (copy !== undefined) copy.state = 'released';
  connection.owe('pubrel', packetId);
}

function released(connection: ReferenceConnection, { packetId }: Pubrel): void {
  const session = connection.session!;
  const certify = close(session, packetId);
  connection.owe('pubcomp', packetId, [`${success}`], { certify });
}

function completed({ session }: ReferenceConnection, { packetId }: Pubcomp): void {
  const copy = session!.inflight.get(packetId);
  if (copy?.state === 'released') settle(session!, packetId, copy);
}

function subscribe(
  broker: ReferenceBroker,
  connection: ReferenceConnection,
  { packetId, subscriptions, properties }: Subscribe,
): void {
  const session = connection.session!;
  const identifier = properties?.subscriptionIdentifier;
  const isFailing = session.isKept && broker.isStoreFailing;
  // What is there already can be asked for again: it need not be stored.
  const granted = subscriptions.filter(
    (each) => !isFailing || hasAlready(session, each, identifier),
  );
  const replays = granted.map((each) => broker.router.subscribe(session, each, identifier));
  const startReplays = () => {
    for (const start of replays) start?.();
  };
  // Their SUBACK may be held up by other answers, and need not be waited for.
  if (!session.isKept) startReplays();
  // In MQTT 3.x the codec makes 0x80 of what is refused.
  const codes = subscriptions.map((each) => (granted.includes(each) ? each.qos : refused));
  const filters = granted.map(({ filter }) => filter);
  const save = saving(session, filters);
  const certify = () => {
    save();
    if (session.isKept) startReplays();
  };
  connection.owe('suback', packetId, [codes.join(' ')], { certify });
}

function hasAlready(
  { subscriptions }: ReferenceSession,
  { filter, qos, noLocal, retainAsPublished }: Subscription,
  identifier: number | undefined,
): boolean {
  const known = subscriptions.get(filter);
  return (
    known !== undefined &&
    known.qos === qos &&
    known.noLocal === noLocal &&
    known.retainAsPublished === retainAsPublished &&
    known.identifier === identifier
  );
}

/** @returns what follows from SUBACK or UNSUBACK: what these subscriptions are by now is safe */
function saving({ past, subscriptions }: ReferenceSession, filters: readonly string[]): () => void {
  const versions = filters.map((filter) => {
    const ofFilter = past.subscription(filter);
    return { ofFilter, version: ofFilter.become(subscriptions.get(filter)) };
  });
  return () => {
    for (const { ofFilter, version } of versions) ofFilter.certify(version);
  };
}

function unsubscribe(
  broker: ReferenceBroker,
  connection: ReferenceConnection,
  { packetId, filters }: Unsubscribe,
): void {
  const reasonCodes = filters.map((filter) =>
    broker.router.unsubscribe(connection.session!, filter) ? success : noSubscriptionExisted,
  );
  const certify = saving(connection.session!, filters);
  connection.owe('unsuback', packetId, [reasonCodes.join(' ')], { certify });
}
