/** More memory is in use than may be: nothing is taken that would need more. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { type ConnectOptions, TestBroker } from '../../harness/test-broker.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 100 } } as const;

/** A broker with a subscriber and a publisher, which then uses more memory than it may. */
async function scene(options: ConnectOptions = {}) {
  const broker = new TestBroker({ limits: { memoryBytesMax: 5000 } });
  const subscriber = await broker.connect('subscriber', lasting);
  await subscriber.subscribe('#', { qos: 1 });
  const publisher = await broker.connect('publisher', { properties: undefined, ...options });
  await broker.advance(1);
  broker.heapBytes = 5001;
  return { broker, subscriber, publisher };
}

describe('while more memory is in use than may be', () => {
  for (const qos of [1, 2] as const) {
    it(`a publisher with QoS ${qos} is told that the quota is exceeded`, async () => {
      const { publisher, subscriber } = await scene();
      await publisher.publish('a', 'x', { qos });
      assert.deepEqual(outcomeOf(publisher), [`${qos === 1 ? 'puback' : 'pubrec'} 97`]);
      assert.deepEqual(subscriber.payloads(), []);
    });

    it(`one of MQTT 3.1.1 with QoS ${qos}, whom nobody can tell, is disconnected`, async () => {
      const { publisher, subscriber } = await scene({ version: 4 });
      await publisher.publish('a', 'x', { qos });
      assert.deepEqual(outcomeOf(publisher), ['closed']);
      assert.deepEqual(subscriber.payloads(), []);
    });
  }

  it('QoS 0 goes on, unless it is to be retained', async () => {
    const { publisher, subscriber } = await scene();
    await publisher.publish('a', 'x');
    await publisher.publish('a', 'y', { retain: true });
    assert.deepEqual(subscriber.payloads(), ['x']);
  });

  it('retained messages can be cleared', async () => {
    const { broker, publisher } = await scene();
    broker.heapBytes = 0;
    await publisher.publish('a', 'x', { retain: true });
    await broker.advance(1);
    broker.heapBytes = 5001;
    await publisher.publish('a', '', { retain: true, qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 00']);
  });

  it('nobody comes in who has no session', async () => {
    const { broker } = await scene();
    const newer = broker.open(5);
    const connack = await newer.connect('new');
    assert.equal(connack?.type === 'connack' && connack.reasonCode, 0x97);
    const older = broker.open(4);
    await older.connect('new');
    assert.equal(older.receivedHex(), '20 02 00 03');
    await broker.connect('subscriber', lasting);
  });

  it('further subscriptions are refused', async () => {
    const { subscriber } = await scene();
    const suback = await subscriber.subscribe('b');
    assert.deepEqual(suback.type === 'suback' && suback.reasonCodes, [0x97]);
  });

  it('a reload may allow more', async () => {
    const { broker, publisher } = await scene();
    broker.broker.change({ limits: { memoryBytesMax: 6000 } });
    await publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 00']);
  });
});

it('goes on when memory is free again, a tenth of a second later at most', async () => {
  const { broker, publisher, subscriber } = await scene();
  await publisher.publish('a', 'x', { qos: 1 });
  broker.heapBytes = 5000;
  await broker.advance(0.1);
  await publisher.publish('a', 'y', { qos: 1 });
  assert.deepEqual(subscriber.payloads(), ['y']);
});

it('a message of QoS 2 whose publisher was disconnected is taken when it comes again', async () => {
  const options = { version: 4, properties: undefined, cleanStart: false } as const;
  const { broker, publisher, subscriber } = await scene(options);
  await publisher.publish('a', 'x', { qos: 2 });
  broker.heapBytes = 0;
  await broker.advance(1);
  const again = await broker.connect('publisher', options);
  await again.publish('a', 'x', { qos: 2, dup: true });
  assert.deepEqual(subscriber.payloads(), ['x']);
});
