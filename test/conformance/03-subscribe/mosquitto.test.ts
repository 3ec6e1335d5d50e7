/** What Mosquitto adds to the subscriptions of MQTT. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { assertReceived, lasting, pair } from '../../harness/wire.ts';

/** A bridge of Mosquitto's sets the high bit of the protocol level. */
async function bridgeOf(broker: TestBroker, level: '83' | '84'): Promise<TestClient> {
  const bridge = broker.open(level === '83' ? 3 : 4);
  const name = level === '83' ? '"MQIsdp"' : '"MQTT"';
  await bridge.sendBytes(`10 [${name} ${level} 02 0000 "bridge"]`);
  assertReceived(bridge, '20 02 00 00');
  return bridge;
}

for (const level of ['83', '84'] as const) {
  it(`gives a bridge with level 0x${level} RETAIN as it was published`, async () => {
    const broker = new TestBroker();
    const bridge = await bridgeOf(broker, level);
    const publisher = await broker.connect('publisher');
    await bridge.subscribe('a');
    await publisher.publish('a', '1', { retain: true });
    await publisher.publish('a', '2');
    assertReceived(bridge, '31 ["a" (1)] 30 ["a" (2)]');
  });

  it(`does not give a bridge with level 0x${level} its own messages back`, async () => {
    const broker = new TestBroker();
    const bridge = await bridgeOf(broker, level);
    const watcher = await broker.connect('watcher');
    for (const client of [bridge, watcher]) await client.subscribe('#');
    await bridge.publish('a', 'x');
    assertReceived(bridge, '');
    assert.deepEqual(watcher.payloads(), ['x']);
  });
}

const upgradeQos = { features: { upgradeOutgoingQos: true } };

for (const published of [0, 1, 2] as const) {
  for (const granted of [0, 1, 2] as const) {
    it(`delivers QoS ${published} with QoS ${granted} of the subscription where outgoing QoS is upgraded`, async () => {
      const options = { ...upgradeQos, subscriber: lasting() };
      const { broker, subscriber, publisher } = await pair(options);
      const firstByte = ['30', '32', '34'][granted];
      const id = granted === 0 ? '' : '0001';
      await subscriber.subscribe('a', { qos: granted });
      await publisher.publish('a', 'x', { qos: published, retain: true });
      assertReceived(subscriber, `${firstByte} ["a" ${id} 00 (x)]`);
      const later = await broker.connect('later');
      await later.subscribe('a', { qos: granted });
      assertReceived(later, `3${Number(firstByte[1]) + 1} ["a" ${id} 00 (x)]`);
    });
  }
}

it('keeps QoS 0 for an absent subscriber of QoS 1 where outgoing QoS is upgraded', async () => {
  const { broker, subscriber, publisher } = await pair({ ...upgradeQos, subscriber: lasting() });
  await subscriber.subscribe('a', { qos: 1 });
  await subscriber.drop();
  await publisher.publish('a', 'x');
  assertReceived(await broker.connect('subscriber', lasting()), '32 ["a" 0001 00 (x)]');
});
