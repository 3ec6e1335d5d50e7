/** What every client library finds at our broker, in each version of MQTT. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import { defineMqtt5Claims } from './client-claims-mqtt-5.ts';
import {
  type ForeignConnectOptions,
  type ForeignLibrary,
  ForeignRefusal,
} from './foreign-client.ts';
import { type ClaimBrokers, type RunningBroker, tcpBrokers } from './running-broker.ts';
import { claimOptions, next, Stage, text, topicsOf, untilTopic } from './stage.ts';

const versions: readonly { readonly version: ProtocolVersion; readonly name: string }[] = [
  { version: 3, name: 'MQTT 3.1' },
  { version: 4, name: 'MQTT 3.1.1' },
  { version: 5, name: 'MQTT 5.0' },
];
const levels: readonly QoS[] = [0, 1, 2];
const manyMessages = 2000;
// The broker's; MQTT.js leaves it to its user not to send more than that at a time.
const receiveMaximum = 20;
const megabyte = 1_000_000;

/** Defines the tests; `start` is called once, before them. */
export function defineClientClaims(
  start: () => ForeignLibrary & AsyncDisposable,
  brokers: ClaimBrokers = tcpBrokers,
): void {
  let stage: Stage;
  let broker: RunningBroker;
  let library: ForeignLibrary & AsyncDisposable;

  before(async () => {
    library = start();
    broker = await brokers.open();
    stage = new Stage(library, broker);
  });

  after(async () => {
    await library[Symbol.asyncDispose]();
    await broker.stop();
  });

  for (const { version, name } of versions) {
    describe(name, claimOptions, () => {
      it('delivers with the lower QoS of publisher and subscription', () =>
        deliversWithLowerQos(stage, version));
      it('carries topics and payloads as they are', () => carriesBytes(stage, version));
      it('replays, replaces and clears retained messages', () => retains(stage, version));
      it('matches wildcards', () => matchesWildcards(stage, version));
      it('honours the highest QoS of overlapping subscriptions', () => overlaps(stage, version));
      it('shares messages within a group', () => shares(stage, version));
      it('delivers nothing more after UNSUBACK', () => unsubscribes(stage, version));
      it('publishes the will of a client that vanishes, and no other', () =>
        publishesWill(stage, version));
      it('keeps a session and its messages while the client is away', () =>
        keepsSession(stage, version));
      it('discards the session at a clean start', () => discardsSession(stage, version));
      it('lets a second client take over', () => takesOver(stage, version));
      it('answers the pings of an idle client', () => answersPings(stage, version));
      it('delivers to subscribers of every version', () => crossesVersions(stage, version));
      for (const qos of [1, 2] as const) {
        it(`delivers ${manyMessages} messages of QoS ${qos} in order, each once`, () =>
          deliversMany(stage, version, qos));
      }
      it('refuses a client without a user name where one is needed', () =>
        refuses(library, version, brokers));
      if (version === 5) defineMqtt5Claims(() => stage, brokers);
    });
  }
}

async function deliversWithLowerQos(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using publisher = await stage.connect(version);
  await using subscriber = await stage.connect(version);
  const place = stage.name();
  for (const qos of levels) {
    assert.equal(await subscriber.subscribe(`${place}/${qos}`, { qos }), qos);
  }
  const pairs = levels.flatMap((published) =>
    levels.map((subscribed) => ({ published, subscribed })),
  );
  for (const { published, subscribed } of pairs) {
    await publisher.publish(`${place}/${subscribed}`, String(published), { qos: published });
  }
  const arrived = await next(subscriber, pairs.length);
  assert.deepEqual(
    arrived.map(({ topic, payload, qos }) => `${text(payload)} to ${topic} as ${qos}`).sort(),
    pairs
      .map(({ published, subscribed }) => {
        return `${published} to ${place}/${subscribed} as ${Math.min(published, subscribed)}`;
      })
      .sort(),
  );
}

async function carriesBytes(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using publisher = await stage.connect(version);
  await using subscriber = await stage.connect(version);
  const topic = `${stage.name()}/größe/温度/🦟 `;
  const large = Uint8Array.from({ length: megabyte }, (_, i) => (i * i) >> 3);
  for (const qos of levels) {
    await subscriber.subscribe(topic, { qos });
    for (const payload of [new Uint8Array(), Uint8Array.of(0, 0xff, 0x80), large]) {
      await publisher.publish(topic, payload, { qos });
      const message = await subscriber.next();
      assert.equal(message.topic, topic);
      assert.equal(message.qos, qos);
      assert.equal(sha256(message.payload), sha256(payload));
    }
  }
}

async function retains(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using publisher = await stage.connect(version);
  await using witness = await stage.connect(version);
  const place = stage.name();
  await witness.subscribe(`${place}/#`, { qos: 1 });
  const publish = (topic: string, payload: string, retain: boolean) =>
    publisher.publish(`${place}/${topic}`, payload, { qos: 1, retain });
  await publish('kept', 'old', true);
  await publish('kept', 'new', true);
  await publish('kept', 'passing', false);
  await publish('cleared', 'x', true);
  await publish('cleared', '', true);
  const live = await next(witness, 5);
  assert.deepEqual(
    live.map(({ retain }) => retain),
    [false, false, false, false, false],
  );
  await using late = await stage.connect(version);
  await late.subscribe(`${place}/#`, { qos: 1 });
  await publish('end', '', false);
  const seen = await untilTopic(late, `${place}/end`);
  assert.deepEqual(
    seen.map(({ topic, payload, retain }) => [topic, text(payload), retain]),
    [[`${place}/kept`, 'new', true]],
  );
  await publish('kept', '', true);
}

async function matchesWildcards(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using client = await stage.connect(version);
  const [one, all, dollar] = [stage.name(), stage.name(), stage.name()];
  await client.subscribe(`${one}/+/x`);
  await client.subscribe(`${all}/a/#`);
  await client.subscribe(`+/${dollar}`);
  const topics = {
    matching: [`${one}/a/x`, `${one}//x`, `${all}/a`, `${all}/a/b/c`, `x/${dollar}`],
    others: [`${one}/a/b/x`, `${one}/x`, `${one}/a/x/y`, `${all}/b`, `$x/${dollar}`],
  };
  for (const topic of [...topics.others, ...topics.matching]) await client.publish(topic, '');
  const arrived = await next(client, topics.matching.length);
  assert.deepEqual(topicsOf(arrived), topics.matching);
}

async function overlaps(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using client = await stage.connect(version);
  const place = stage.name();
  await client.subscribe(`${place}/#`, { qos: 0 });
  await client.subscribe(`${place}/+`, { qos: 2 });
  await client.subscribe(`${place}/a`, { qos: 1 });
  await client.publish(`${place}/a`, '', { qos: 2 });
  // One copy, or one for each subscription: MQTT leaves that open.
  let message = await client.next();
  while (message.qos !== 2) message = await client.next();
  assert.equal(message.topic, `${place}/a`);
}

async function shares(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using publisher = await stage.connect(version);
  await using first = await stage.connect(version);
  await using second = await stage.connect(version);
  const place = stage.name();
  const payloads = Array.from({ length: 20 }, (_, i) => String(i));
  for (const member of [first, second]) {
    await member.subscribe(`$share/group/${place}/work`, { qos: 1 });
    await member.subscribe(`${place}/end`, { qos: 1 });
  }
  for (const payload of payloads) await publisher.publish(`${place}/work`, payload, { qos: 1 });
  await publisher.publish(`${place}/end`, '', { qos: 1 });
  const shares = await Promise.all([first, second].map((each) => untilTopic(each, `${place}/end`)));
  const numbers = shares.flat().map(({ payload }) => Number(text(payload)));
  assert.deepEqual(numbers.sort((a, b) => a - b).map(String), payloads);
  for (const share of shares) assert.notEqual(share.length, 0);
}

async function unsubscribes(stage: Stage, version: ProtocolVersion): Promise<void> {
  await using client = await stage.connect(version);
  const place = stage.name();
  await client.subscribe(`${place}/a`);
  await client.subscribe(`${place}/+`);
  await client.unsubscribe(`${place}/+`);
  await client.publish(`${place}/b`, '');
  await client.publish(`${place}/a`, '');
  assert.equal((await client.next()).topic, `${place}/a`);
}

async function publishesWill(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  await using witness = await stage.connect(version);
  await witness.subscribe(`${place}/+`, { qos: 1 });
  const willOf = (topic: string) => ({
    topic: `${place}/${topic}`,
    payload: new TextEncoder().encode('gone'),
    qos: 1 as const,
    retain: true,
  });
  const polite = await stage.connect(version, { will: willOf('polite') });
  const vanishing = await stage.connect(version, { will: willOf('vanished') });
  await polite.disconnect();
  await vanishing.vanish();
  const { topic, payload, qos, retain } = await witness.next();
  assert.deepEqual([topic, text(payload), qos, retain], [`${place}/vanished`, 'gone', 1, false]);
  await using late = await stage.connect(version);
  await late.subscribe(`${place}/+`, { qos: 1 });
  assert.equal((await late.next()).retain, true);
  await late.publish(`${place}/vanished`, '', { retain: true });
}

async function keepsSession(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  const session = { ...lasting(version), clientId: stage.name() };
  const first = await stage.connect(version, session);
  assert.equal(first.sessionPresent, false);
  await first.subscribe(`${place}/+`, { qos: 2 });
  await first.disconnect();
  await using publisher = await stage.connect(version);
  for (const qos of levels) await publisher.publish(`${place}/${qos}`, 'missed', { qos });
  await using second = await stage.connect(version, { ...session, cleanStart: false });
  // MQTT 3.1 has no such flag.
  assert.equal(second.sessionPresent, version !== 3);
  const missed = await next(second, 2);
  assert.deepEqual(missed.map(({ topic, qos }) => [topic, qos]).sort(), [
    [`${place}/1`, 1],
    [`${place}/2`, 2],
  ]);
  await publisher.publish(`${place}/live`, '', { qos: 1 });
  assert.equal((await second.next()).topic, `${place}/live`);
}

async function discardsSession(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  const session = { ...lasting(version), clientId: stage.name() };
  const first = await stage.connect(version, session);
  await first.subscribe(`${place}/old`, { qos: 1 });
  await first.disconnect();
  await using second = await stage.connect(version, { ...session, cleanStart: true });
  assert.equal(second.sessionPresent, false);
  await second.subscribe(`${place}/new`, { qos: 1 });
  await second.publish(`${place}/old`, '', { qos: 1 });
  await second.publish(`${place}/new`, '', { qos: 1 });
  assert.equal((await second.next()).topic, `${place}/new`);
}

async function takesOver(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  const clientId = stage.name();
  const first = await stage.connect(version, { clientId });
  await first.subscribe(`${place}/first`);
  await using second = await stage.connect(version, { clientId });
  const isRead = version === 5 && stage.library.readsBareReasons;
  assert.equal(await first.ended, isRead ? 0x8e : undefined);
  await second.subscribe(`${place}/second`);
  await second.publish(`${place}/second`, '');
  assert.equal((await second.next()).topic, `${place}/second`);
}

async function answersPings(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  await using idle = await stage.connect(version, { keepAliveSeconds: 2 });
  await idle.subscribe(place);
  // By the second one the keep-alive would have run out, had the first ping not counted.
  await idle.pingAnswered();
  await idle.pingAnswered();
  await using publisher = await stage.connect(version);
  await publisher.publish(place, 'still there?');
  assert.equal((await idle.next()).topic, place);
}

async function crossesVersions(stage: Stage, version: ProtocolVersion): Promise<void> {
  const place = stage.name();
  await using publisher = await stage.connect(version);
  for (const { version: other } of versions) {
    await using subscriber = await stage.connect(other);
    await subscriber.subscribe(place, { qos: 2 });
    const properties = version === 5 ? { contentType: 'text/plain' } : undefined;
    await publisher.publish(place, 'hello', { qos: 2, properties });
    const message = await subscriber.next();
    assert.deepEqual([text(message.payload), message.qos], ['hello', 2]);
    assert.equal(message.properties.contentType, other === 5 ? properties?.contentType : undefined);
  }
}

async function deliversMany(stage: Stage, version: ProtocolVersion, qos: QoS): Promise<void> {
  const topic = stage.name();
  await using publisher = await stage.connect(version);
  await using subscriber = await stage.connect(version);
  await subscriber.subscribe(topic, { qos });
  const sent = Array.from({ length: manyMessages }, (_, i) => String(i));
  const arriving = next(subscriber, sent.length);
  const atOnce = version === 5 ? receiveMaximum : manyMessages;
  for (let first = 0; first < sent.length; first += atOnce) {
    const some = sent.slice(first, first + atOnce);
    await Promise.all(some.map((payload) => publisher.publish(topic, payload, { qos })));
  }
  const arrived = await arriving;
  assert.deepEqual(
    arrived.map(({ payload }) => text(payload)),
    sent,
  );
  await publisher.publish(topic, 'end', { qos });
  assert.equal(text((await subscriber.next()).payload), 'end');
}

async function refuses(
  library: ForeignLibrary,
  version: ProtocolVersion,
  brokers: ClaimBrokers,
): Promise<void> {
  await using closed = await brokers.closed();
  const { place } = new Stage(library, closed);
  await assert.rejects(
    library.connect({ ...place, version, clientId: 'stranger' }),
    new ForeignRefusal(version === 5 ? 0x87 : 5),
  );
}

/** Of a client whose session outlives its connection. */
function lasting(version: ProtocolVersion): Partial<ForeignConnectOptions> {
  if (version === 5) return { cleanStart: true, properties: { sessionExpiryInterval: 60 } };
  return { cleanStart: false };
}

function sha256(payload: Uint8Array): string {
  return createHash('sha256').update(payload).digest('hex');
}
