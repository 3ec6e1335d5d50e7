/** What a broker may leave out, and what it answers to those who ask for it. (MQTT 5.0 3.2.2.3) */

import { it } from 'node:test';
import { assertClosed, assertReceived, pair } from '../../harness/wire.ts';

const withoutWildcards = { features: { wildcardSubscriptionAvailable: false } };
const withoutShared = { features: { sharedSubscriptionAvailable: false } };
const withoutRetain = { features: { retainAvailable: false } };
const withoutIdentifiers = { features: { subscriptionIdentifiersAvailable: false } };

it('refuses a filter with wildcards where it does not support them [MQTT3-3.8.3-2]', async () => {
  const { subscriber, publisher } = await pair({ ...withoutWildcards, version: 4 });
  await subscriber.sendBytes('82 [0001 "a/+" 00 "a" 00 "#" 01 "$share/g/+" 00]');
  assertReceived(subscriber, '90 [0001 80 00 80 80]');
  await publisher.publish('a/b', 'x');
  assertReceived(subscriber, '');
});

it('answers a filter with wildcards that it does not support with DISCONNECT 0xA2', async () => {
  for (const filter of ['a/+', '#', '$share/g/+']) {
    const { subscriber } = await pair(withoutWildcards);
    await subscriber.sendBytes(`82 [0001 00 "a" 00 "${filter}" 00]`);
    assertClosed(subscriber, 5, 'a2');
  }
});

it('refuses a shared subscription of MQTT 3.1.1 where it does not support them', async () => {
  const { subscriber } = await pair({ ...withoutShared, version: 4 });
  await subscriber.sendBytes('82 [0001 "$share/g/a" 00 "a" 00]');
  assertReceived(subscriber, '90 [0001 80 00]');
});

it('answers a shared subscription that it does not support with DISCONNECT 0x9E', async () => {
  const { subscriber } = await pair(withoutShared);
  await subscriber.sendBytes('82 [0001 00 "$share/g/a" 00]');
  assertClosed(subscriber, 5, '9e');
});

it('answers a subscription identifier that it does not support with DISCONNECT 0xA1', async () => {
  const { subscriber } = await pair(withoutIdentifiers);
  await subscriber.sendBytes('82 [0001 [0b 01] "a" 00]');
  assertClosed(subscriber, 5, 'a1');
});

for (const version of [4, 5] as const) {
  const none = version === 5 ? '00' : '';

  it(`closes at a retained PUBLISH of version ${version} that it does not support [MQTT-3.2.2-14]`, async () => {
    const { subscriber, publisher } = await pair({ ...withoutRetain, version });
    await subscriber.subscribe('a');
    await publisher.sendBytes(`31 ["a" ${none} (x)]`);
    assertClosed(publisher, version, '9a');
    assertReceived(subscriber, '');
  });

  it(`closes at a PUBLISH of version ${version} above the Maximum QoS [MQTT-3.2.2-11]`, async () => {
    for (const [qosMax, firstByte] of [
      [0, '32'],
      [0, '34'],
      [1, '34'],
    ] as const) {
      const { subscriber, publisher } = await pair({ limits: { qosMax }, version });
      await subscriber.subscribe('a');
      await publisher.sendBytes(`${firstByte} ["a" 0001 ${none} (x)]`);
      assertClosed(publisher, version, '9b');
      assertReceived(subscriber, '');
    }
  });

  it(`takes everything of version ${version} that it does support where others are left out`, async () => {
    const options = { ...withoutRetain, limits: { qosMax: 1 }, version } as const;
    const { subscriber, publisher } = await pair(options);
    await subscriber.sendBytes(`82 [0001 ${none} "+" 02]`);
    assertReceived(subscriber, `90 [0001 ${none} 01]`);
    await publisher.sendBytes(`32 ["a" 0001 ${none} (x)]`);
    assertReceived(subscriber, `32 ["a" 0001 ${none} (x)]`);
  });
}
