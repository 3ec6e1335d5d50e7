/** SUBSCRIBE and what it does. (MQTT 5.0 section 3.8) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { takeTexts } from '../../harness/take-all.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertClosed, assertReceived, inBothVersions, lasting, pair } from '../../harness/wire.ts';

inBothVersions((version, none) => {
  const malformed = [
    {
      claim: 'wrong header flags [MQTT-3.8.1-1, MQTT3-3.8.1-1]',
      packets: ['80', '81', '83', '8a', '8f'].map((first) => `${first} [0001 ${none} "a" 00]`),
      code: '81',
    },
    {
      claim: 'a filter that is no valid string [MQTT-3.8.3-1, MQTT3-3.8.3-1]',
      packets: ['0001 ff', '0003 eda080', '00ff 61'].map((text) => `82 [0001 ${none} ${text} 00]`),
      code: '81',
    },
    {
      claim: 'a filter with U+0000 [MQTT-4.7.3-2, MQTT3-4.7.3-2]',
      packets: [`82 [0001 ${none} 0002 6100 00]`],
      code: '81',
    },
    {
      claim: 'an empty filter [MQTT-4.7.3-1, MQTT3-4.7.3-1]',
      packets: [`82 [0001 ${none} "" 00]`],
      code: '81',
    },
    {
      claim: 'no filter [MQTT-3.8.3-2, MQTT3-3.8.3-3]',
      packets: [`82 [0001 ${none}]`],
      code: '81',
    },
    {
      claim: 'a filter without options [MQTT-3.8.3-2, MQTT3-3.8.3-3]',
      packets: [`82 [0001 ${none} "a"]`, `82 [0001 ${none} "a" 00 "b"]`],
      code: '81',
    },
    {
      claim: 'packet identifier 0',
      packets: [`82 [0000 ${none} "a" 00]`],
      code: '81',
    },
  ];

  for (const { claim, packets, code } of malformed) {
    it(`closes at a SUBSCRIBE with ${claim}`, async () => {
      for (const packet of packets) {
        const { subscriber } = await pair({ version });
        await subscriber.sendBytes(packet);
        assertClosed(subscriber, version, code);
      }
    });
  }

  it('answers with a SUBACK of the same identifier [MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-2.2.1-6, MQTT3-3.8.4-1, MQTT3-3.8.4-2]', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.sendBytes(`82 [beef ${none} "a" 00]`);
    assertReceived(subscriber, `90 [beef ${none} 00]`);
    await subscriber.sendBytes(`82 [0007 ${none} "a" 01] 82 [0009 ${none} "a" 02]`);
    assertReceived(subscriber, `90 [0007 ${none} 01] 90 [0009 ${none} 02]`);
  });

  it('treats many filters in one SUBSCRIBE as many SUBSCRIBEs [MQTT-3.8.4-5, MQTT3-3.8.4-4]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('b', 'kept', { retain: true });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 00 "b" 01 "c/+" 02]`);
    assertReceived(subscriber, `90 [0001 ${none} 00 01 02] 31 ["b" ${none} (kept)]`);
    for (const topic of ['a', 'b', 'c/d']) await publisher.publish(topic, topic, { qos: 2 });
    await publisher.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
    for (const topic of ['a', 'b', 'c/d']) await publisher.publish(topic, topic, { qos: 1 });
    assertReceived(
      subscriber,
      `30 ["a" ${none} (a)]`,
      `30 ["a" ${none} (a)]`,
      `32 ["b" 0001 ${none} (b)]`,
      `32 ["c/d" 0002 ${none} (c/d)]`,
    );
  });

  it('takes the last of two equal filters in one SUBSCRIBE [MQTT-3.8.4-5, MQTT3-3.8.4-4]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 02 "a" 00]`);
    assertReceived(subscriber, `90 [0001 ${none} 02 00]`);
    await publisher.publish('a', 'x', { qos: 1 });
    assertReceived(subscriber, `30 ["a" ${none} (x)]`);
  });

  it('replaces a subscription to the same filter [MQTT-3.8.4-3, MQTT3-3.8.4-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a', { qos: 0 });
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', '1', { qos: 1 });
    assertReceived(subscriber, `32 ["a" 0001 ${none} (1)]`);
    await subscriber.subscribe('a', { qos: 0 });
    await publisher.publish('a', '2', { qos: 1 });
    assertReceived(subscriber, `30 ["a" ${none} (2)]`);
    await subscriber.send({ type: 'unsubscribe', packetId: 1, filters: ['a'] });
    subscriber.received();
    await publisher.publish('a', '3', { qos: 1 });
    assertReceived(subscriber, '');
  });

  it('sends retained messages again when it replaces [MQTT-3.8.4-4, MQTT3-3.8.4-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await publisher.publish('a', 'x', { retain: true });
    for (const id of ['0001', '0002']) {
      await subscriber.sendBytes(`82 [${id} ${none} "a" 00]`);
      assertReceived(subscriber, `90 [${id} ${none} 00] 31 ["a" ${none} (x)]`);
    }
  });

  it('loses no message when it replaces [MQTT-3.8.4-4, MQTT3-3.8.4-3]', async () => {
    const { subscriber, publisher } = await pair({ version, limits: { inflightMessagesMax: 1 } });
    await subscriber.subscribe('a', { qos: 1 });
    for (const payload of ['1', '2', '3']) await publisher.publish('a', payload, { qos: 1 });
    const [{ packetId }] = subscriber.publishes();
    await subscriber.subscribe('a', { qos: 1 });
    await publisher.publish('a', '4', { qos: 1 });
    await subscriber.send({ type: 'puback', packetId, reasonCode: 0 });
    assert.deepEqual(await takeTexts(subscriber), ['2', '3', '4']);
  });

  it('delivers to a subscription at once, also from the SUBSCRIBE in the same write', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 00] 30 ["a" ${none} (x)]`);
    assertReceived(subscriber, `90 [0001 ${none} 00] 30 ["a" ${none} (x)]`);
  });

  for (const published of [0, 1, 2] as const) {
    for (const granted of [0, 1, 2] as const) {
      it(`delivers QoS ${published} to a subscription of QoS ${granted} with the lower of both [MQTT-3.8.4-8, MQTT3-3.8.4-6]`, async () => {
        const { broker, subscriber, publisher } = await pair({
          version,
          subscriber: lasting(version),
        });
        const qos = Math.min(published, granted);
        const first = ['30', '32', '34'][qos];
        const id = qos === 0 ? '' : '0001';
        await subscriber.subscribe('a', { qos: granted });
        await publisher.publish('a', 'live', { qos: published });
        assertReceived(subscriber, `${first} ["a" ${id} ${none} (live)]`);
        await subscriber.sendBytes(
          qos === 1 ? '40 [0001]' : qos === 2 ? '50 [0001] 70 [0001]' : '',
        );
        await subscriber.drop();
        await publisher.publish('a', 'kept', { qos: published, packetId: published && 2 });
        const returned = await broker.connect('subscriber', lasting(version));
        assertReceived(returned, qos === 0 ? '' : `${first} ["a" 0002 ${none} (kept)]`);
      });
    }
  }
});

const options = {
  5: [
    { claim: 'reserved option bits [MQTT-3.8.3-5]', bytes: ['40', '80', 'c0', '81'], code: '81' },
    { claim: 'QoS 3', bytes: ['03'], code: '81' },
    { claim: 'Retain Handling 3', bytes: ['30', '31'], code: '81' },
  ],
  4: [
    {
      claim: 'reserved option bits [MQTT3-3.8.3-4]',
      bytes: ['04', '08', '10', '20', '40', '80'],
      code: '81',
    },
    { claim: 'QoS 3 [MQTT3-3.8.3-4]', bytes: ['03'], code: '81' },
  ],
} as const;

for (const version of [4, 5] as const) {
  for (const { claim, bytes, code } of options[version]) {
    it(`closes at a SUBSCRIBE of version ${version} with ${claim}`, async () => {
      for (const byte of bytes) {
        const { subscriber } = await pair({ version });
        await subscriber.sendBytes(`82 [0001 ${version === 5 ? '00' : ''} "a" ${byte}]`);
        assertClosed(subscriber, version, code);
      }
    });
  }
}

it('closes at a shared subscription with No Local [MQTT-3.8.3-4]', async () => {
  for (const byte of ['04', '05', '2c']) {
    const { subscriber } = await pair();
    await subscriber.sendBytes(`82 [0001 00 "a" 00 "$share/g/a" ${byte}]`);
    assertClosed(subscriber, 5, '82');
  }
});

it('closes at a subscription identifier of 0, or two', async () => {
  for (const [properties, code] of [
    ['0b 00', '81'],
    ['0b 01 0b 02', '82'],
  ] as const) {
    const { subscriber } = await pair();
    await subscriber.sendBytes(`82 [0001 [${properties}] "a" 00]`);
    assertClosed(subscriber, 5, code);
  }
});

it('takes user properties of SUBSCRIBE, and keeps them to itself', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.sendBytes('82 [0001 [26 "k" "v"] "a" 00]');
  assertReceived(subscriber, '90 [0001 00 00]');
  await publisher.publish('a', 'x');
  assertReceived(subscriber, '30 ["a" 00 (x)]');
});

it('replaces all options of a subscription [MQTT-3.8.4-3]', async () => {
  const { subscriber } = await pair();
  await subscriber.sendBytes('82 [0001 [0b 01] "a" 0c]');
  await subscriber.sendBytes('82 [0002 [0b 02] "a" 02]');
  subscriber.received();
  await subscriber.sendBytes('32 ["a" 0001 00 (1)]');
  assertReceived(subscriber, '32 ["a" 0001 [0b 02] (1)] 40 [0001]');
  await subscriber.sendBytes('82 [0003 00 "a" 00]');
  subscriber.received();
  await subscriber.sendBytes('31 ["a" 00 (2)]');
  assertReceived(subscriber, '30 ["a" 00 (2)]');
});

it('subscribes to nothing when one of the filters is not valid', async () => {
  const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
  await subscriber.sendBytes('82 [0001 00 "a" 01 "a#" 01]');
  assert.deepEqual(outcomeOf(subscriber), ['disconnect 81', 'closed']);
  await publisher.publish('a', 'x', { qos: 1 });
  const returned = await broker.connect('subscriber', lasting());
  assertReceived(returned, '');
});

it('keeps a subscription whose replacement it refuses', async () => {
  let verdict: 0x00 | 0x87 = reasonCodes.success;
  const gatekeeper = new TestGatekeeper({ subscribe: () => verdict });
  const { subscriber, publisher } = await pair({ gatekeeper });
  await subscriber.sendBytes('82 [0001 00 "a" 01]');
  verdict = reasonCodes.notAuthorized;
  await subscriber.sendBytes('82 [0002 00 "a" 00]');
  assertReceived(subscriber, '90 [0001 00 01] 90 [0002 00 87]');
  await publisher.publish('a', 'x', { qos: 1 });
  assertReceived(subscriber, '32 ["a" 0001 00 (x)]');
});
