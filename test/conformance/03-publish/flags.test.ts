/** DUP and QoS in the first byte of PUBLISH. (MQTT 5.0 sections 3.3.1.1 and 3.3.1.2) */

import { it } from 'node:test';
import { assertClosed, assertReceived, inBothVersions, lasting, pair } from '../../harness/wire.ts';

inBothVersions((version, none) => {
  const redelivered = [
    { qos: 1, first: '32', again: '3a' },
    { qos: 2, first: '34', again: '3c' },
  ] as const;

  for (const { qos, first, again } of redelivered) {
    it(`sets DUP when it sends QoS ${qos} again [MQTT-3.3.1-1, MQTT3-3.3.1-1]`, async () => {
      const clients = await pair({ version, subscriber: lasting(version) });
      const { broker, subscriber, publisher } = clients;
      await subscriber.subscribe('a', { qos: 2 });
      await publisher.publish('a', 'x', { qos });
      assertReceived(subscriber, `${first} ["a" 0001 ${none} (x)]`);
      await subscriber.drop();
      const returned = await broker.connect('subscriber', lasting(version));
      assertReceived(returned, `${again} ["a" 0001 ${none} (x)]`);
    });
  }

  it('sends QoS 0 without DUP [MQTT-3.3.1-2, MQTT3-3.3.1-2, MQTT-4.3.1-1, MQTT3-4.3.1-1]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('#');
    // DUP of the publisher's QoS 1 must not come through either.
    await publisher.sendBytes(`3a ["a" 0001 ${none} (1)] 3c ["a" 0002 ${none} (2)]`);
    await publisher.sendBytes(`30 ["a" ${none} (3)] 31 ["a" ${none} (4)]`);
    const sent = ['1', '2', '3', '4'].map((payload) => `30 ["a" ${none} (${payload})]`);
    assertReceived(subscriber, ...sent);
  });

  it('does not pass on the DUP of the publisher [MQTT-3.3.1-3, MQTT3-3.3.1-3]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a', { qos: 2 });
    await publisher.sendBytes(`3a ["a" 0007 ${none} (1)] 3c ["a" 0008 ${none} (2)]`);
    assertReceived(subscriber, `32 ["a" 0001 ${none} (1)]`, `34 ["a" 0002 ${none} (2)]`);
  });

  const refused = {
    'QoS 0 and DUP [MQTT-3.3.1-2, MQTT3-3.3.1-2]': '38',
    'both QoS bits [MQTT-3.3.1-4, MQTT3-3.3.1-4]': '36',
    'both QoS bits, DUP and RETAIN [MQTT-3.3.1-4, MQTT3-3.3.1-4]': '3f',
  };

  for (const [name, firstByte] of Object.entries(refused)) {
    it(`delivers nothing and closes at a PUBLISH with ${name}`, async () => {
      const { subscriber, publisher } = await pair({ version });
      await subscriber.subscribe('#');
      await publisher.sendBytes(`${firstByte} ["a" 0001 ${none} (x)]`);
      assertClosed(publisher, version, '81');
      assertReceived(subscriber, '');
    });
  }
});
