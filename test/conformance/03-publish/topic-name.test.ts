/** The topic name of PUBLISH. (MQTT 5.0 sections 3.3.2.1 and 4.7) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertClosed, assertReceived, inBothVersions, pair } from '../../harness/wire.ts';

const refused = [
  { name: 'that is not UTF-8 [MQTT-3.3.2-1, MQTT3-3.3.2-1]', topic: '0001 ff', code: '81' },
  { name: 'with a surrogate [MQTT-3.3.2-1, MQTT3-3.3.2-1]', topic: '0003 eda080', code: '81' },
  { name: 'longer than the packet [MQTT-3.3.2-1, MQTT3-3.3.2-1]', topic: '00ff', code: '81' },
  { name: 'with U+0000 [MQTT-4.7.3-2, MQTT3-4.7.3-2]', topic: '0003 610062', code: '81' },
  {
    name: 'with # [MQTT-3.3.2-2, MQTT-4.7.0-1, MQTT3-3.3.2-2, MQTT3-4.7.1-1]',
    topic: '"#"',
    code: '81',
  },
  {
    name: 'with + [MQTT-3.3.2-2, MQTT-4.7.0-1, MQTT3-3.3.2-2, MQTT3-4.7.1-1]',
    topic: '"a/+/b"',
    code: '81',
  },
  {
    name: 'with + inside a level [MQTT-3.3.2-2, MQTT-4.7.0-1, MQTT3-3.3.2-2, MQTT3-4.7.1-1]',
    topic: '"a+b"',
    code: '81',
  },
];

inBothVersions((version, none) => {
  for (const { name, topic, code } of refused) {
    for (const firstByte of ['30', '31', '32', '34']) {
      it(`refuses a PUBLISH ${firstByte} to a topic ${name}`, async () => {
        const { subscriber, publisher } = await pair({ version });
        await subscriber.subscribe('#');
        const packetId = firstByte < '32' ? '' : '0001';
        await publisher.sendBytes(`${firstByte} [${topic} ${packetId} ${none} (x)]`);
        assertClosed(publisher, version, code);
        assertReceived(subscriber, '');
      });
    }
  }

  it('refuses a PUBLISH to an empty topic name [MQTT-4.7.3-1, MQTT3-4.7.3-1]', async () => {
    const { publisher } = await pair({ version });
    await publisher.sendBytes(`30 ["" ${none} (x)]`);
    assertClosed(publisher, version, '81');
  });

  it('sends the topic name as it was published [MQTT-3.3.2-3, MQTT3-3.3.2-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('#');
    for (const topic of ['a', '/', '/a', 'a/', '//', 'a b', 'größe/🦗', 'A/a', '@/$a']) {
      await publisher.sendBytes(`30 ["${topic}" ${none} (x)]`);
      assertReceived(subscriber, `30 ["${topic}" ${none} (x)]`);
    }
  });

  it('carries a topic name of 65,535 bytes [MQTT-4.7.3-3, MQTT3-4.7.3-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    const topic = `a/${'b'.repeat(65_533)}`;
    await subscriber.subscribe(topic);
    await publisher.publish(topic, 'x');
    const [publish] = subscriber.publishes();
    assert.equal(publish.topic, topic);
  });
});

it('refuses a topic name of more than 201 levels, which no filter can have', async () => {
  const { publisher } = await pair();
  await publisher.publish('/'.repeat(200), 'x');
  assertReceived(publisher, '');
  await publisher.publish('/'.repeat(201), 'x');
  assertClosed(publisher, 5, '81');
});
