/** What every client library finds at our broker in MQTT 5.0 only. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { WillProperties } from '../../src/packet/connect.ts';
import type { PublishProperties } from '../../src/packet/publish.ts';
import type { ForeignClient, ForeignConnectOptions, ForeignMessage } from './foreign-client.ts';
import type { ClaimBrokers } from './running-broker.ts';
import { next, Stage, text, topicsOf, untilTopic } from './stage.ts';

const forever = 0xffff_ffff;

/** Every property that a message keeps. Names stand together, as some libraries group them. */
const properties: PublishProperties = {
  payloadFormatIndicator: 1,
  contentType: 'text/plain; charset=utf-8',
  responseTopic: 'answers/größe',
  correlationData: Uint8Array.of(0, 1, 0xff),
  userProperties: [
    ['unit', '°C'],
    ['unit', ''],
    ['', 'room'],
  ],
};

/** Defines the tests; the stage is there when they run. */
export function defineMqtt5Claims(stage: () => Stage, brokers: ClaimBrokers): void {
  it('carries the properties of a message', () => carriesProperties(stage()));
  it('carries the properties of a will', () => carriesWillProperties(stage()));
  it('lets a requester find the answer to its request', () => answersRequest(stage()));
  it('tells which subscriptions a message is for', () => identifiesSubscriptions(stage()));
  it('sends the retained messages that a subscription asks for', () => handlesRetain(stage()));
  it('spares a client its own messages if it wants', () => heedsNoLocal(stage()));
  it('takes a topic alias for the topic', () => resolvesAliases(stage()));
  it('publishes a delayed will unless the client comes back', () => delaysWill(stage()));
  it('publishes a delayed will when the session ends', () => endsDelay(stage()));
  it('drops a message that expires before it is delivered', () => expiresMessages(stage()));
  it('forgets a session without an expiry interval', () => forgetsSession(stage()));
  it('tells a client the identifier it gave it', () => assignsClientId(stage()));
  it('sends no packet larger than the client takes', () => heedsPacketSize(stage()));
  it('waits for acknowledgements as the receive maximum demands', () =>
    heedsReceiveMaximum(stage()));
  it('tells its clients when it shuts down', () => tellsOfShutdown(stage(), brokers));
}

async function carriesProperties(stage: Stage): Promise<void> {
  await using publisher = await stage.connect(5);
  await using subscriber = await stage.connect(5);
  const topic = stage.name();
  await subscriber.subscribe(topic);
  const expiring = { ...properties, messageExpiryInterval: 3600 };
  await publisher.publish(topic, 'live', { properties });
  await publisher.publish(topic, 'retained', { retain: true, properties: expiring });
  await using late = await stage.connect(5);
  await late.subscribe(topic);
  assert.deepEqual((await subscriber.next()).properties, properties);
  const { messageExpiryInterval, ...others } = (await late.next()).properties;
  assert.deepEqual(others, properties);
  assert.ok(messageExpiryInterval! > 0 && messageExpiryInterval! <= 3600);
  await publisher.publish(topic, '', { retain: true });
}

async function carriesWillProperties(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using witness = await stage.connect(5);
  await witness.subscribe(topic);
  const mortal = await stage.connect(5, willOf(topic, properties));
  await mortal.vanish();
  assert.deepEqual((await witness.next()).properties, properties);
}

async function answersRequest(stage: Stage): Promise<void> {
  const place = stage.name();
  await using requester = await stage.connect(5);
  await using responder = await stage.connect(5);
  await requester.subscribe(`${place}/answers`, { qos: 1 });
  await responder.subscribe(`${place}/requests`, { qos: 1 });
  const correlationData = Uint8Array.of(0, 7);
  await requester.publish(`${place}/requests`, '6 x 7', {
    qos: 1,
    properties: { responseTopic: `${place}/answers`, correlationData },
  });
  const request = (await responder.next()).properties;
  await responder.publish(request.responseTopic!, '42', {
    qos: 1,
    properties: { correlationData: request.correlationData },
  });
  const answer = await requester.next();
  assert.deepEqual(answer.properties, { correlationData });
  assert.equal(text(answer.payload), '42');
}

async function identifiesSubscriptions(stage: Stage): Promise<void> {
  const place = stage.name();
  await using client = await stage.connect(5);
  await client.subscribe(`${place}/+`, { subscriptionIdentifier: 1 });
  await client.subscribe(`${place}/both`, { subscriptionIdentifier: 268_435_455 });
  await client.publish(`${place}/both`, '');
  await client.publish(`${place}/one`, '');
  // One copy, or one for each subscription: MQTT leaves that open.
  const both = await untilTopic(client, `${place}/one`);
  const identifiers = both.flatMap((message) => message.properties.subscriptionIdentifiers ?? []);
  assert.deepEqual(
    identifiers.sort((a, b) => a - b),
    [1, 268_435_455],
  );
}

async function handlesRetain(stage: Stage): Promise<void> {
  const place = stage.name();
  await using client = await stage.connect(5);
  const topic = `${place}/kept`;
  await client.publish(topic, '', { qos: 1 });
  await client.publish(topic, 'kept', { qos: 1, retain: true });
  await client.subscribe(topic, { retainHandling: 2 });
  await client.subscribe(topic, { retainHandling: 1 });
  await client.publish(topic, 'live', { retain: true });
  await client.subscribe(topic, { retainHandling: 0, retainAsPublished: true });
  await client.publish(topic, 'live', { retain: true });
  const arrived = await next(client, 3);
  assert.deepEqual(
    arrived.map(({ payload, retain }) => [text(payload), retain]),
    [
      ['live', false],
      ['live', true],
      ['live', true],
    ],
  );
  await client.publish(topic, '', { retain: true });
}

async function heedsNoLocal(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using client = await stage.connect(5);
  await using other = await stage.connect(5);
  await client.subscribe(topic, { noLocal: true });
  await client.publish(topic, 'own', { qos: 1 });
  await other.publish(topic, 'foreign', { qos: 1 });
  assert.equal(text((await client.next()).payload), 'foreign');
}

async function resolvesAliases(stage: Stage): Promise<void> {
  const place = stage.name();
  await using client = await stage.connect(5);
  await client.subscribe(`${place}/+`, { qos: 1 });
  const publish = (topic: string, topicAlias: number) =>
    client.publish(topic, '', { qos: 1, properties: { topicAlias } });
  await publish(`${place}/a`, 1);
  await publish(`${place}/b`, 2);
  await publish('', 1);
  await publish('', 2);
  await publish(`${place}/c`, 1);
  await publish('', 1);
  const arrived = await next(client, 6);
  assert.deepEqual(
    topicsOf(arrived),
    ['a', 'b', 'a', 'b', 'c', 'c'].map((level) => `${place}/${level}`),
  );
}

async function delaysWill(stage: Stage): Promise<void> {
  const place = stage.name();
  await using witness = await stage.connect(5);
  await witness.subscribe(`${place}/+`);
  const lasting = (topic: string, willDelayInterval: number): Partial<ForeignConnectOptions> => ({
    ...willOf(`${place}/${topic}`, { willDelayInterval }),
    clientId: stage.name(),
    properties: { sessionExpiryInterval: forever },
  });
  const returning = lasting('returned', 3600);
  await (await stage.connect(5, returning)).vanish();
  const back = await stage.connect(5, { ...returning, cleanStart: false, will: undefined });
  assert.equal(back.sessionPresent, true);
  await back.disconnect();
  // The end of the session would publish the will now, were it still waiting.
  await (await stage.connect(5, { clientId: returning.clientId })).disconnect();
  await (await stage.connect(5, lasting('gone', 1))).vanish();
  assert.equal((await witness.next()).topic, `${place}/gone`);
}

async function endsDelay(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using witness = await stage.connect(5);
  await witness.subscribe(topic);
  await (await stage.connect(5, willOf(topic, { willDelayInterval: 3600 }))).vanish();
  assert.equal(text((await witness.next()).payload), 'gone');
}

async function expiresMessages(stage: Stage): Promise<void> {
  const place = stage.name();
  const session = { clientId: stage.name(), properties: { sessionExpiryInterval: forever } };
  const away = await stage.connect(5, session);
  await away.subscribe(`${place}/+`, { qos: 1 });
  await away.disconnect();
  await using publisher = await stage.connect(5);
  const publish = (topic: string, messageExpiryInterval: number) =>
    publisher.publish(`${place}/${topic}`, '', { qos: 1, properties: { messageExpiryInterval } });
  await publish('expires', 1);
  await publish('lasts', 3600);
  await oneSecondOfTheBroker(stage);
  await using back = await stage.connect(5, { ...session, cleanStart: false });
  assert.equal((await back.next()).topic, `${place}/lasts`);
}

/** Over when a will that was delayed by a second comes. */
async function oneSecondOfTheBroker(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using witness = await stage.connect(5);
  await witness.subscribe(topic);
  const mortal = await stage.connect(5, {
    ...willOf(topic, { willDelayInterval: 1 }),
    properties: { sessionExpiryInterval: forever },
  });
  await mortal.vanish();
  await witness.next();
}

async function forgetsSession(stage: Stage): Promise<void> {
  const clientId = stage.name();
  const first = await stage.connect(5, { clientId, cleanStart: false });
  await first.subscribe(clientId, { qos: 1 });
  await first.disconnect();
  await using second = await stage.connect(5, { clientId, cleanStart: false });
  assert.equal(second.sessionPresent, false);
}

async function assignsClientId(stage: Stage): Promise<void> {
  await using client = await stage.connect(5, { clientId: '' });
  assert.match(client.assignedClientId ?? '', /^auto-./);
}

async function heedsPacketSize(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using small = await stage.connect(5, { properties: { maximumPacketSize: 100 } });
  await using publisher = await stage.connect(5);
  await small.subscribe(topic, { qos: 1 });
  await publisher.publish(topic, 'x'.repeat(100), { qos: 1 });
  await publisher.publish(topic, 'fits', { qos: 1 });
  assert.equal(text((await small.next()).payload), 'fits');
}

async function heedsReceiveMaximum(stage: Stage): Promise<void> {
  const topic = stage.name();
  await using slow = await stage.connect(5, { properties: { receiveMaximum: 1 } });
  await using publisher = await stage.connect(5);
  await slow.subscribe(topic, { qos: 2 });
  const sent = Array.from({ length: 50 }, (_, i) => String(i));
  for (const payload of sent) await publisher.publish(topic, payload, { qos: 2 });
  assert.deepEqual(payloadsOf(await next(slow, sent.length)), sent);
}

async function tellsOfShutdown({ library }: Stage, brokers: ClaimBrokers): Promise<void> {
  await using broker = await brokers.open();
  const client: ForeignClient = await new Stage(library, broker).connect(5);
  await broker.stop();
  assert.equal(await client.ended, library.readsBareReasons ? 0x8b : undefined);
}

function willOf(topic: string, properties: WillProperties) {
  const payload = new TextEncoder().encode('gone');
  return { will: { topic, payload, qos: 1, retain: false, properties } } as const;
}

function payloadsOf(messages: readonly ForeignMessage[]): string[] {
  return messages.map(({ payload }) => text(payload));
}
