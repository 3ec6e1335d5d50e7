/** What each packet of a client's changes, and which answer it must get. */

import type { Pubcomp, Pubrec, Pubrel } from '../../src/packet/acknowledgement.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Subscribe } from '../../src/packet/subscribe.ts';
import type { Unsubscribe } from '../../src/packet/unsubscribe.ts';
import { BrokenPromise } from './broken-promise.ts';
import { type ReferenceBroker, settle } from './reference-broker.ts';
import type { ReferenceConnection } from './reference-connection.ts';

const success = 0x00;
const noMatchingSubscribers = 0x10;
const noSubscriptionExisted = 0x11;
const packetIdentifierNotFound = 0x92;

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
  if (qos === 2 && session.openIncoming.has(packetId)) {
    // [MQTT-4.3.3-10]
    connection.owe('pubrec', packetId, [success, noMatchingSubscribers].map(String));
    return;
  }
  const matched = broker.publish(packet, topic, session);
  if (qos === 0) return;
  if (qos === 2) session.openIncoming.add(packetId);
  // It may say that there is no subscriber, or keep that to itself.
  const outcomes = matched ? [success] : [success, noMatchingSubscribers];
  connection.owe(qos === 1 ? 'puback' : 'pubrec', packetId, outcomes.map(String));
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
  const known = connection.session!.openIncoming.delete(packetId);
  connection.owe('pubcomp', packetId, [`${known ? success : packetIdentifierNotFound}`]);
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
  for (const each of subscriptions) {
    broker.router.subscribe(connection.session!, each, properties?.subscriptionIdentifier);
  }
  const granted = subscriptions.map(({ qos }) => qos);
  connection.owe('suback', packetId, [granted.join(' ')]);
}

function unsubscribe(
  broker: ReferenceBroker,
  connection: ReferenceConnection,
  { packetId, filters }: Unsubscribe,
): void {
  const reasonCodes = filters.map((filter) =>
    broker.router.unsubscribe(connection.session!, filter) ? success : noSubscriptionExisted,
  );
  connection.owe('unsuback', packetId, [reasonCodes.join(' ')]);
}
