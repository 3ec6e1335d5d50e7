/** QoS 0, 1 and 2 of the messages that the broker sends. (MQTT 5.0 sections 4.3 and 4.4) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { publishOf } from '../../harness/test-broker.ts';
import { assertClosed, assertReceived, inAllVersions, lasting, pair } from '../../harness/wire.ts';

inAllVersions((version, none) => {
  const cleanly = { version, subscriber: lasting(version) } as const;

  it('sends QoS 0 once, without identifier, and forgets it [MQTT-4.3.1-1, MQTT-2.2.1-2, MQTT3-4.3.1-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x');
    assertReceived(subscriber, `30 ["a" ${none} (x)]`);
    await subscriber.drop();
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('sends QoS 1 with a new identifier and without DUP [MQTT-4.3.2-1, MQTT-4.3.2-2, MQTT-2.2.1-4, MQTT3-4.3.2-1]', async () => {
    const { subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 1 });
    await publisher.publish('a', '1', { qos: 1, packetId: 77 });
    await publisher.publish('a', '2', { qos: 1, packetId: 77 });
    assertReceived(subscriber, `32 ["a" 0001 ${none} (1)] 32 ["a" 0002 ${none} (2)]`);
  });

  it('sends QoS 1 again until PUBACK, and not after it [MQTT-4.3.2-3, MQTT-4.4.0-1, MQTT3-4.3.2-1, MQTT3-4.4.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 1 });
    await publisher.publish('a', 'x', { qos: 1 });
    await subscriber.drop();
    for (let time = 0; time < 3; time++) {
      const returned = await broker.connect('subscriber', lasting(version));
      assertReceived(returned, `3a ["a" 0001 ${none} (x)]`);
      await returned.drop();
    }
    const last = await broker.connect('subscriber', lasting(version));
    await last.sendBytes('40 [0001]');
    await last.drop();
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('sends QoS 2 with a new identifier and without DUP [MQTT-4.3.3-1, MQTT-4.3.3-2, MQTT-2.2.1-4, MQTT3-4.3.3-1]', async () => {
    const { subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', '1', { qos: 2, packetId: 7 });
    await publisher.publish('a', '2', { qos: 2, packetId: 8 });
    assertReceived(subscriber, `34 ["a" 0001 ${none} (1)] 34 ["a" 0002 ${none} (2)]`);
  });

  it('sends QoS 2 again until PUBREC [MQTT-4.3.3-3, MQTT-4.4.0-1, MQTT3-4.3.3-1, MQTT3-4.4.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos: 2 });
    await subscriber.drop();
    for (let time = 0; time < 3; time++) {
      const returned = await broker.connect('subscriber', lasting(version));
      assertReceived(returned, `3c ["a" 0001 ${none} (x)]`);
      await returned.drop();
    }
  });

  it('answers PUBREC with PUBREL, which it sends again until PUBCOMP and never PUBLISH [MQTT-4.3.3-4, MQTT-4.3.3-5, MQTT-4.3.3-6, MQTT-4.4.0-1, MQTT3-4.3.3-1, MQTT3-4.4.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos: 2 });
    subscriber.received();
    await subscriber.sendBytes('50 [0001]');
    assertReceived(subscriber, '62 [0001]');
    await subscriber.drop();
    for (let time = 0; time < 3; time++) {
      const returned = await broker.connect('subscriber', lasting(version));
      assertReceived(returned, '62 [0001]');
      await returned.sendBytes('50 [0001]');
      assertReceived(returned, '62 [0001]');
      await returned.drop();
    }
    const last = await broker.connect('subscriber', lasting(version));
    await last.sendBytes('70 [0001]');
    await last.drop();
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('takes PUBREC on a new connection for the PUBLISH of the one before', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos: 2 });
    await subscriber.drop();
    const returned = await broker.connect('subscriber', lasting(version));
    returned.received();
    await returned.sendBytes('50 [0001]');
    assertReceived(returned, '62 [0001]');
    await returned.sendBytes('70 [0001]');
    await returned.drop();
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('sends nothing again while the connection lasts [MQTT-4.4.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', '1', { qos: 1 });
    await publisher.publish('a', '2', { qos: 2 });
    await publisher.publish('a', '3', { qos: 2, packetId: 3 });
    await subscriber.sendBytes('50 [0003]');
    subscriber.received();
    await broker.advance(24 * 60 * 60);
    assertReceived(subscriber, '');
  });

  it('sends again once each, in the order and with the identifiers of before [MQTT-4.4.0-1, MQTT3-4.4.0-1, MQTT3-4.6.0-1]', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    for (const [qos, packetId] of [
      [1, 1],
      [2, 2],
      [1, 3],
      [2, 4],
      [1, 5],
      [2, 6],
    ] as const) {
      await publisher.publish('a', `${packetId}`, { qos, packetId });
    }
    await subscriber.sendBytes('50 [0002] 40 [0003] 50 [0006] 70 [0006]');
    await subscriber.drop();
    const returned = await broker.connect('subscriber', lasting(version));
    assertReceived(
      returned,
      `3a ["a" 0001 ${none} (1)] 62 [0002] 3c ["a" 0004 ${none} (4)] 3a ["a" 0005 ${none} (5)]`,
    );
  });

  it('never gives an identifier that is in use to another message [MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1, MQTT3-2.3.1-2]', async () => {
    const limits = { inflightMessagesMax: 0, queuedMessagesMax: 0 };
    const { subscriber, publisher } = await pair({ ...cleanly, limits });
    await subscriber.subscribe('a', { qos: 2 });
    // Identifier 1 between PUBREC and PUBCOMP and 2 without PUBACK stay, all others come and go.
    await publisher.publish('a', 'x', { qos: 2 });
    await publisher.publish('a', 'x', { qos: 1 });
    await subscriber.sendBytes('50 [0001]');
    subscriber.received();
    const used = new Set<number>();
    const thousand = Array.from({ length: 1000 }, () => publishOf('a', 'x', { qos: 1 }));
    for (let round = 0; round < 66; round++) {
      await publisher.send(...thousand);
      const ids = subscriber.publishes().map(({ packetId }) => packetId);
      for (const id of ids) used.add(id);
      const pubacks = ids.map((packetId) => ({ type: 'puback', packetId, reasonCode: 0 }) as const);
      await subscriber.send(...pubacks);
    }
    // Beyond those in use a few are left out, by which the others are found.
    assert.ok(used.size > 65_000);
    assert.equal(used.has(0) || used.has(1) || used.has(2), false);
  });

  it('lets a session end with its unacknowledged messages', async () => {
    const { broker, subscriber, publisher } = await pair(cleanly);
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos: 1 });
    await subscriber.drop();
    const fresh = await broker.connect('subscriber', { version, cleanStart: true });
    assertReceived(fresh, '');
    await fresh.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'y', { qos: 1 });
    assertReceived(fresh, `32 ["a" 0001 ${none} (y)]`);
  });

  const unasked = {
    PUBACK: ['40 [0007]', ''],
    PUBCOMP: ['70 [0007]', ''],
  } as const;

  for (const [name, [bytes, answer]] of Object.entries(unasked)) {
    it(`takes no notice of a ${name} that it did not wait for`, async () => {
      const { subscriber, publisher } = await pair(cleanly);
      await subscriber.subscribe('a', { qos: 2 });
      await subscriber.sendBytes(bytes);
      assertReceived(subscriber, answer);
      await publisher.publish('a', 'x', { qos: 1 });
      assertReceived(subscriber, `32 ["a" 0001 ${none} (x)]`);
    });
  }

  it('closes at an acknowledgement of the other QoS', async () => {
    for (const [qos, bytes] of [
      [1, '50 [0001]'],
      [2, '40 [0001]'],
    ] as const) {
      const { subscriber, publisher } = await pair(cleanly);
      await subscriber.subscribe('a', { qos: 2 });
      await publisher.publish('a', 'x', { qos });
      subscriber.received();
      await subscriber.sendBytes(bytes);
      assertClosed(subscriber, version, '82');
    }
  });
});

for (const { claim, qos, bytes } of [
  { claim: 'a failing PUBACK as acknowledged [MQTT-4.4.0-2]', qos: 1, bytes: '40 [0001 80]' },
  {
    claim: 'a failing PUBREC as acknowledged, without PUBREL [MQTT-4.4.0-2, MQTT-4.3.3-4]',
    qos: 2,
    bytes: '50 [0001 80]',
  },
] as const) {
  it(`takes a message with ${claim}`, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos });
    subscriber.received();
    await subscriber.sendBytes(bytes);
    assertReceived(subscriber, '');
    await subscriber.drop();
    assertReceived(await broker.connect('subscriber', lasting()), '');
  });
}

it('does not answer a failing PUBREC that it did not wait for', async () => {
  const { subscriber } = await pair();
  await subscriber.sendBytes('50 [0007 87]');
  assertReceived(subscriber, '');
});

it('answers a PUBREC with a warning like one without [MQTT-4.3.3-4]', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a', { qos: 2 });
  await publisher.publish('a', 'x', { qos: 2 });
  subscriber.received();
  await subscriber.sendBytes('50 [0001 10]');
  assertReceived(subscriber, '62 [0001]');
});

it('goes on with PUBREL after the message has expired [MQTT-4.3.3-7]', async () => {
  const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
  await subscriber.subscribe('a', { qos: 2 });
  await publisher.publish('a', 'x', { qos: 2, properties: { messageExpiryInterval: 1 } });
  subscriber.received();
  await broker.advance(5);
  await subscriber.sendBytes('50 [0001]');
  assertReceived(subscriber, '62 [0001]');
});

it('sends again to a session that comes back with another version', async () => {
  const { broker, subscriber, publisher } = await pair({ subscriber: lasting(4) });
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.publish('a', 'x', { qos: 1, properties: { contentType: 'text' } });
  assertReceived(subscriber, '32 ["a" 0001 (x)]');
  await subscriber.drop();
  const returned = await broker.connect('subscriber', lasting(5));
  assertReceived(returned, '3a ["a" 0001 [03 "text"] (x)]');
});
