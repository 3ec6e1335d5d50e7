/** Payloads above the limit: refused, as Mosquitto refuses them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { publishOf, TestBroker } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

async function scene(version: 4 | 5) {
  const broker = new TestBroker({ limits: { messageBytesMax: 3 } });
  const subscriber = await broker.connect('subscriber');
  await subscriber.subscribe('#');
  const none = { version, properties: undefined };
  return { broker, subscriber, publisher: await broker.connect('publisher', none) };
}

describe('a payload above the limit', () => {
  const answers = { 4: ['40 02 00 01', '50 02 00 01'], 5: ['40 03 00 01 95', '50 03 00 01 95'] };
  for (const version of [4, 5] as const) {
    for (const qos of [1, 2] as const) {
      it(`is acknowledged and goes nowhere, with QoS ${qos} in version ${version}`, async () => {
        const { publisher, subscriber } = await scene(version);
        await publisher.publish('a', 'four', { qos });
        assert.equal(publisher.receivedHex(), answers[version][qos - 1]);
        assert.deepEqual(subscriber.payloads(), []);
        await publisher.publish('a', 'ok', { qos, packetId: 2 });
        assert.deepEqual(subscriber.payloads(), ['ok']);
      });
    }

    it(`goes nowhere with QoS 0 in version ${version}, and is not retained`, async () => {
      const { broker, publisher, subscriber } = await scene(version);
      await publisher.publish('a', 'four', { retain: true });
      await publisher.publish('b', '333', { retain: true });
      assert.deepEqual(subscriber.payloads(), ['333']);
      const late = await broker.connect('late');
      await late.subscribe('#');
      assert.deepEqual(late.payloads(), ['333']);
    });
  }

  it('ends the exchange in version 5: the packet identifier is free', async () => {
    const { publisher, subscriber } = await scene(5);
    await publisher.publish('a', 'four', { qos: 2 });
    await publisher.publish('a', 'ok', { qos: 2 });
    assert.deepEqual(subscriber.payloads(), ['ok']);
  });

  it('is refused before anybody is asked whether the client may publish', async () => {
    const gatekeeper = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
    const broker = new TestBroker({ limits: { messageBytesMax: 3 }, gatekeeper });
    const client = await broker.connect('id');
    await client.send(publishOf('a', 'four', { qos: 1 }));
    assert.deepEqual(outcomeOf(client), ['puback 95']);
  });

  it('may be taken after a reload, by clients that are there', async () => {
    const { broker, publisher, subscriber } = await scene(5);
    broker.broker.change({ limits: { messageBytesMax: 4 } });
    await publisher.publish('a', 'four');
    assert.deepEqual(subscriber.payloads(), ['four']);
  });

  it('keeps a client out that has it in its will', async () => {
    const { broker } = await scene(5);
    const will = { topic: 'w', payload: Buffer.from('four'), qos: 0, retain: false } as const;
    const newer = broker.open(5);
    const connack = await newer.connect('5', { will });
    assert.equal(connack?.type === 'connack' && connack.reasonCode, 0x95);
    const older = broker.open(4);
    await older.connect('4', { will });
    assert.equal(older.receivedHex(), '20 02 00 05');
  });
});
