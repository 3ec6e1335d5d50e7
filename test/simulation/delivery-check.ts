/** What must hold for each PUBLISH that leaves the broker. */

import type { Publish } from '../../src/packet/publish.ts';
import { BrokenPromise, type PromiseName } from './broken-promise.ts';
import type { CarriedProperties, Copy } from './publication.ts';
import type { ReferenceConnection } from './reference-connection.ts';
import type { ReferenceSession } from './reference-session.ts';

export interface Delivery {
  readonly session: ReferenceSession;
  readonly connection: ReferenceConnection;
  readonly publish: Publish;
  readonly copy: Copy;
}

export interface DeliveryLimits {
  readonly inflightMessagesMax: number;
  readonly outputBytesMax: number;
}

type Check = (delivery: Delivery, limits: DeliveryLimits, now: number) => string | undefined;

/** What each finds wrong, if it does. */
const checks: readonly (readonly [PromiseName, Check])[] = [
  ['memory', backlogFault],
  ['packetIds', packetIdFault],
  ['window', windowFault],
  ['order', orderFault],
  ['expiry', expiryFault],
  ['flags', contentFault],
];

/** @throws BrokenPromise */
export function checkDelivery(delivery: Delivery, limits: DeliveryLimits, now: number): void {
  for (const [promise, check] of checks) {
    const fault = check(delivery, limits, now);
    if (fault === undefined) continue;
    const { label } = delivery.copy.publication;
    throw new BrokenPromise(promise, delivery.session.clientId, `${label}: ${fault}`);
  }
}

function backlogFault({ connection }: Delivery, { outputBytesMax }: DeliveryLimits) {
  // Not what waits now: a large payload is with the link before its packet is reported.
  const { backlogBytes } = connection.link;
  if (backlogBytes < outputBytesMax) return undefined;
  return `sent while ${backlogBytes} bytes wait for the client, the limit is ${outputBytesMax}`;
}

function packetIdFault({ session, publish, copy }: Delivery): string | undefined {
  const { packetId, qos } = publish;
  if (qos === 0) return packetId === 0 ? undefined : `QoS 0 with packet id ${packetId}`;
  const holder = session.inflight.get(packetId);
  if (holder === undefined || holder === copy) return undefined;
  return `packet id ${packetId} still belongs to ${holder.publication.label}`;
}

function windowFault({ connection, publish }: Delivery, { inflightMessagesMax }: DeliveryLimits) {
  if (publish.qos === 0) return undefined;
  const max = Math.min(connection.receiveMaximum, inflightMessagesMax || 65_535);
  if (connection.unacknowledged < max) return undefined;
  return `${connection.unacknowledged} messages are unacknowledged, ${max} is the most`;
}

function orderFault({ session, connection, publish, copy }: Delivery): string | undefined {
  const inSession = publish.dup || session.isInOrder(copy);
  const inConnection = connection.isInOrder(copy);
  if (inSession && inConnection) return undefined;
  const { publisher, topic } = copy.publication;
  return `a later message of ${publisher} to ${topic} came before`;
}

function expiryFault(
  { session, connection, publish, copy }: Delivery,
  _limits: unknown,
  now: number,
) {
  const { expiresAt } = copy.publication;
  // What has to be stored first may expire meanwhile.
  const isUnderWay = publish.dup || (session.isKept && publish.qos === 2);
  if (!isUnderWay && expiresAt <= now) return `it expired ${now - expiresAt} ms ago`;
  if (connection.connect!.version !== 5 || copy.hasTwin) return undefined;
  // [MQTT-3.3.2-6]
  const left = publish.properties?.messageExpiryInterval;
  const expected =
    expiresAt === Number.POSITIVE_INFINITY
      ? undefined
      : Math.max(0, Math.ceil((expiresAt - now) / 1000));
  return left === expected ? undefined : `${left} s are left to it, expected are ${expected}`;
}

function contentFault({ connection, publish, copy }: Delivery): string | undefined {
  const { payload, properties } = copy.publication;
  if (Buffer.compare(publish.payload, payload) !== 0) return 'its payload is another';
  if (connection.connect!.version !== 5) return undefined;
  const is = carried(publish.properties);
  const expected = carried(properties);
  return is === expected ? undefined : `it carries ${is}, expected is ${expected}`;
}

/** The properties that pass through a broker unchanged. */
function carried(properties: CarriedProperties | undefined): string {
  if (properties === undefined) return '';
  const { contentType, responseTopic, payloadFormatIndicator, userProperties } = properties;
  const correlation = properties.correlationData && [...properties.correlationData];
  const values = [contentType, responseTopic, payloadFormatIndicator, userProperties, correlation];
  return values.every((value) => value === undefined) ? '' : JSON.stringify(values);
}
