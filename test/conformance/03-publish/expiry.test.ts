/** The Message Expiry Interval: how long a message may wait. (MQTT 5.0 section 3.3.2.3.3) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertReceived, lasting, pair } from '../../harness/wire.ts';

it('forwards the interval whole when the message does not wait [MQTT-3.3.2-6]', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a');
  for (const interval of ['00000000', '00000001', 'ffffffff']) {
    await publisher.sendBytes(`30 ["a" [02 ${interval}] (x)]`);
    assertReceived(subscriber, `30 ["a" [02 ${interval}] (x)]`);
  }
});

const waits = [
  { interval: '0000000a', seconds: 0, left: '0000000a' },
  { interval: '0000000a', seconds: 1, left: '00000009' },
  { interval: '0000000a', seconds: 4, left: '00000006' },
  { interval: '0000000a', seconds: 9, left: '00000001' },
  { interval: 'ffffffff', seconds: 255, left: 'ffffff00' },
];

for (const { interval, seconds, left } of waits) {
  it(`subtracts the ${seconds} s that a message waited for its receiver [MQTT-3.3.2-6]`, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    await publisher.sendBytes(`32 ["a" 0001 [02 ${interval} 26 "k" "v"] (x)]`);
    await broker.advance(seconds);
    const returned = await broker.connect('subscriber', lasting());
    assertReceived(returned, `32 ["a" 0001 [02 ${left} 26 "k" "v"] (x)]`);
  });

  it(`subtracts the ${seconds} s that a message was retained [MQTT-3.3.2-6]`, async () => {
    const { broker, subscriber, publisher } = await pair();
    await publisher.sendBytes(`31 ["a" [02 ${interval}] (x)]`);
    await broker.advance(seconds);
    await subscriber.subscribe('a');
    assertReceived(subscriber, `31 ["a" [02 ${left}] (x)]`);
  });

  it(`subtracts the ${seconds} s that a message waited for the window [MQTT-3.3.2-6]`, async () => {
    const { broker, subscriber, publisher } = await pair({
      subscriber: { properties: { receiveMaximum: 1 } },
    });
    await subscriber.subscribe('a', { qos: 1 });
    await publisher.sendBytes('32 ["a" 0001 00 (1)]');
    await publisher.sendBytes(`32 ["a" 0001 [02 ${interval}] (2)]`);
    await broker.advance(seconds);
    assertReceived(subscriber, '32 ["a" 0001 00 (1)]');
    await subscriber.sendBytes('40 02 0001');
    assertReceived(subscriber, `32 ["a" 0002 [02 ${left}] (2)]`);
  });
}

for (const version of [4, 5] as const) {
  it(`deletes a message that expires in the queue of a client of version ${version} [MQTT-3.3.2-5]`, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting(version) });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('a');
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.drop();
    const properties = { messageExpiryInterval: 5 };
    await publisher.publish('a', 'expires', { qos: 1, properties });
    await publisher.publish('a', 'stays', { qos: 1 });
    await broker.advance(5);
    const returned = await broker.connect('subscriber', lasting(version));
    assert.deepEqual(returned.payloads(), ['stays']);
    assert.deepEqual(watcher.payloads(), ['expires', 'stays']);
  });
}

it('deletes a message that expires behind a full window [MQTT-3.3.2-5]', async () => {
  const { broker, subscriber, publisher } = await pair({
    subscriber: { properties: { receiveMaximum: 1 } },
  });
  await subscriber.subscribe('a', { qos: 1 });
  await publisher.publish('a', '1', { qos: 1 });
  await publisher.publish('a', '2', { qos: 1, properties: { messageExpiryInterval: 5 } });
  await publisher.publish('a', '3', { qos: 1 });
  await broker.advance(5);
  await subscriber.sendBytes('40 02 0001');
  assert.deepEqual(subscriber.payloads(), ['1', '3']);
});

it('deletes a retained message that has expired [MQTT-3.3.2-5]', async () => {
  const { broker, subscriber, publisher } = await pair();
  const properties = { messageExpiryInterval: 5 };
  await publisher.publish('a', 'old', { retain: true });
  await publisher.publish('a', 'expires', { retain: true, properties });
  await publisher.publish('b', 'stays', { retain: true });
  await broker.advance(4.9);
  await subscriber.subscribe('a');
  assert.deepEqual(subscriber.payloads(), ['expires']);
  await broker.advance(0.1);
  await subscriber.subscribe('#');
  assert.deepEqual(subscriber.payloads(), ['stays']);
});

it('does not let the expiry of a retained message touch the one that took its place', async () => {
  const { broker, subscriber, publisher } = await pair();
  const properties = { messageExpiryInterval: 5 };
  await publisher.publish('a', 'expires', { retain: true, properties });
  await broker.advance(4);
  await publisher.publish('a', 'stays', { retain: true });
  await broker.advance(4);
  await subscriber.subscribe('a');
  assert.deepEqual(subscriber.payloads(), ['stays']);
});

it('never sends a retained message whose interval is 0 to a later subscriber [MQTT-3.3.2-5]', async () => {
  const { subscriber, publisher } = await pair();
  await publisher.sendBytes('31 ["a" [02 00000000] (x)]');
  await subscriber.subscribe('a');
  assertReceived(subscriber, '');
});

it('deletes a retained message that expires while it waits for the window [MQTT-3.3.2-5]', async () => {
  const { broker, subscriber, publisher } = await pair({ limits: { inflightMessagesMax: 1 } });
  for (const topic of ['a/1', 'a/2', 'a/3']) {
    const properties = { messageExpiryInterval: 5 };
    await publisher.publish(topic, 'expires', { retain: true, qos: 1, properties });
  }
  await subscriber.subscribe('a/+', { qos: 1 });
  await broker.advance(5);
  await subscriber.sendBytes('40 02 0001');
  assert.deepEqual(subscriber.payloads(), ['expires']);
});

for (const { qos, again } of [
  { qos: 1, again: '3a' },
  { qos: 2, again: '3c' },
] as const) {
  it(`sends QoS ${qos} again though it has expired since it was first sent [MQTT-4.3.3-7]`, async () => {
    const { broker, subscriber, publisher } = await pair({ subscriber: lasting() });
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', 'x', { qos, properties: { messageExpiryInterval: 5 } });
    await subscriber.drop();
    await broker.advance(10);
    const returned = await broker.connect('subscriber', lasting());
    assertReceived(returned, `${again} ["a" 0001 [02 00000000] (x)]`);
  });
}
