/** UNSUBSCRIBE and UNSUBACK. (MQTT 5.0 sections 3.10 and 3.11) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertClosed, assertReceived, inBothVersions, lasting, pair } from '../../harness/wire.ts';

inBothVersions((version, none) => {
  const [gone, none5] = version === 5 ? ['00', '11'] : ['', ''];

  const malformed = [
    {
      claim: 'wrong header flags [MQTT-3.10.1-1, MQTT3-3.10.1-1]',
      packets: ['a0', 'a1', 'a3', 'aa', 'af'].map((first) => `${first} [0001 ${none} "a"]`),
      code: '81',
    },
    {
      claim: 'a filter that is no valid string [MQTT-3.10.3-1, MQTT3-3.10.3-1]',
      packets: ['0001 ff', '0003 eda080', '00ff 61'].map((text) => `a2 [0001 ${none} ${text}]`),
      code: '81',
    },
    {
      claim: 'a filter with U+0000 [MQTT-4.7.3-2, MQTT3-4.7.3-2]',
      packets: [`a2 [0001 ${none} 0002 6100]`],
      code: '81',
    },
    {
      claim: 'an empty filter [MQTT-4.7.3-1, MQTT3-4.7.3-1]',
      packets: [`a2 [0001 ${none} ""]`],
      code: '81',
    },
    {
      claim: 'no filter [MQTT-3.10.3-2, MQTT3-3.10.3-2]',
      packets: [`a2 [0001 ${none}]`],
      code: '81',
    },
  ];

  for (const { claim, packets, code } of malformed) {
    it(`closes at an UNSUBSCRIBE with ${claim}`, async () => {
      for (const packet of packets) {
        const { subscriber } = await pair({ version });
        await subscriber.sendBytes(packet);
        assertClosed(subscriber, version, code);
      }
    });
  }

  it('answers with an UNSUBACK of the same identifier [MQTT-3.10.4-4, MQTT-2.2.1-6, MQTT3-3.10.4-4]', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.subscribe('a');
    await subscriber.sendBytes(`a2 [cafe ${none} "a"]`);
    assertReceived(subscriber, `b0 [cafe ${none} ${gone}]`);
  });

  it('answers also where there was no subscription [MQTT-3.10.4-5, MQTT3-3.10.4-5]', async () => {
    const { subscriber } = await pair({ version });
    await subscriber.sendBytes(`a2 [cafe ${none} "a"]`);
    assertReceived(subscriber, `b0 [cafe ${none} ${none5}]`);
  });

  it('removes the subscription to the very same filter, and no other [MQTT-3.10.4-1, MQTT3-3.10.4-1]', async () => {
    const { subscriber, publisher } = await pair({ version });
    const filters = ['a/+', 'a/b', 'a/#', '#'];
    for (const filter of filters) await subscriber.subscribe(filter);
    const others = ['A/+', 'a/+/', '/a/+', 'a', '+', 'a/c', '$share/g/a/+'];
    await subscriber.send({ type: 'unsubscribe', packetId: 1, filters: others });
    await subscriber.send({ type: 'unsubscribe', packetId: 2, filters: ['#', 'a/#'] });
    await subscriber.send({ type: 'unsubscribe', packetId: 3, filters: ['a/b'] });
    subscriber.received();
    await publisher.publish('a/b', '1');
    await publisher.publish('a', '2');
    assert.deepEqual(subscriber.payloads(), ['1']);
    await subscriber.send({ type: 'unsubscribe', packetId: 4, filters: ['a/+'] });
    subscriber.received();
    await publisher.publish('a/b', '3');
    assertReceived(subscriber, '');
  });

  it('leaves the same filter of other clients alone [MQTT-3.10.4-1, MQTT3-3.10.4-1]', async () => {
    const { broker, subscriber, publisher } = await pair({ version });
    const other = await broker.connect('other', { version });
    for (const client of [subscriber, other]) await client.subscribe('a');
    await subscriber.sendBytes(`a2 [0001 ${none} "a"]`);
    subscriber.received();
    await publisher.publish('a', 'x');
    assert.deepEqual([subscriber.payloads(), other.payloads()], [[], ['x']]);
  });

  it('adds no message for a client that has unsubscribed [MQTT-3.10.4-2, MQTT3-3.10.4-2]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 01] a2 [0002 ${none} "a"]`);
    await publisher.publish('a', '1');
    await publisher.publish('a', '2', { qos: 1 });
    assertReceived(subscriber, `90 [0001 ${none} 01] b0 [0002 ${none} ${gone}]`);
    await subscriber.sendBytes(`a2 [0003 ${none} "a"] 30 ["a" ${none} (x)]`);
    assertReceived(subscriber, `b0 [0003 ${none} ${none5}]`);
  });

  it('completes the deliveries that it has begun [MQTT-3.10.4-3, MQTT3-3.10.4-3]', async () => {
    const clients = await pair({ version, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.publish('a', '1', { qos: 1 });
    await publisher.publish('a', '2', { qos: 2 });
    await subscriber.sendBytes(`a2 [0001 ${none} "a"]`);
    subscriber.received();
    await subscriber.sendBytes('50 [0002]');
    assertReceived(subscriber, '62 [0002]');
    await subscriber.drop();
    const returned = await broker.connect('subscriber', lasting(version));
    assertReceived(returned, `3a ["a" 0001 ${none} (1)] 62 [0002]`);
    await returned.sendBytes('40 [0001] 70 [0002]');
    await returned.drop();
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });

  it('treats many filters in one UNSUBSCRIBE as many UNSUBSCRIBEs [MQTT-3.10.4-6, MQTT3-3.10.4-6]', async () => {
    const { subscriber, publisher } = await pair({ version });
    for (const filter of ['a', 'b', 'c']) await subscriber.subscribe(filter);
    await subscriber.sendBytes(`a2 [0001 ${none} "a" "b" "c"]`);
    assertReceived(subscriber, `b0 [0001 ${none} ${gone} ${gone} ${gone}]`);
    for (const topic of ['a', 'b', 'c']) await publisher.publish(topic, 'x');
    assertReceived(subscriber, '');
  });

  it('forgets a subscription for the sessions to come', async () => {
    const clients = await pair({ version, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    await subscriber.sendBytes(`a2 [0001 ${none} "a"]`);
    await subscriber.drop();
    await publisher.publish('a', 'x', { qos: 1 });
    assertReceived(await broker.connect('subscriber', lasting(version)), '');
  });
});

it('gives one code for each filter in their order, without any text [MQTT-3.11.2-1, MQTT-3.11.2-2, MQTT-3.11.3-1, MQTT-3.11.3-2]', async () => {
  const { subscriber } = await pair();
  for (const filter of ['a', 'b/+', '$share/g/c']) await subscriber.subscribe(filter);
  await subscriber.sendBytes(
    'a2 [0001 [26 "k" "v"] "a" "b" "b/+" "a" "c" "$share/g/c" "$share/g/a"]',
  );
  assertReceived(subscriber, 'b0 [0001 00 00 11 00 11 11 00 11]');
});
