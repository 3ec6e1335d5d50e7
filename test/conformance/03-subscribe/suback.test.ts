/** SUBACK: what was granted. (MQTT 5.0 section 3.9) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ReasonCode, reasonCodes } from '../../../src/packet/reason-codes.ts';
import type { Suback } from '../../../src/packet/suback.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived, inBothVersions, type PairOptions, pair } from '../../harness/wire.ts';

function refusing(reasonCode: ReasonCode = reasonCodes.notAuthorized): TestGatekeeper {
  return new TestGatekeeper({
    subscribe: (filter) => (filter.startsWith('refused') ? reasonCode : reasonCodes.success),
  });
}

inBothVersions((version, none) => {
  const failure = version === 5 ? '87' : '80';

  it('gives one code for each filter, in their order: the QoS or a failure [MQTT-3.8.4-6, MQTT-3.8.4-7, MQTT-3.9.3-1, MQTT3-3.8.4-5, MQTT3-3.9.3-1]', async () => {
    const { subscriber } = await pair({ version, gatekeeper: refusing() });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 02 "refused" 02 "b" 00 "c" 01]`);
    assertReceived(subscriber, `90 [0001 ${none} 02 ${failure} 00 01]`);
    await subscriber.sendBytes(`82 [0002 ${none} "refused/#" 00]`);
    assertReceived(subscriber, `90 [0002 ${none} ${failure}]`);
  });

  it('gives as many codes as there are filters [MQTT-3.8.4-6, MQTT3-3.8.4-5]', async () => {
    const { subscriber } = await pair({ version });
    for (const count of [1, 2, 50, 1000]) {
      const entries = Array.from({ length: count }, (_, i) => `"${i}" 0${i % 3}`);
      const codes = Array.from({ length: count }, (_, i) => `0${i % 3}`);
      await subscriber.sendBytes(`82 [0001 ${none} ${entries.join(' ')}]`);
      assertReceived(subscriber, `90 [0001 ${none} ${codes.join(' ')}]`);
    }
  });

  it('subscribes to what it grants beside what it refuses [MQTT-3.8.4-5, MQTT3-3.8.4-4]', async () => {
    const { subscriber, publisher } = await pair({ version, gatekeeper: refusing() });
    await publisher.publish('refused', 'x', { retain: true });
    await subscriber.sendBytes(`82 [0001 ${none} "a" 00 "refused" 00 "b" 00]`);
    subscriber.received();
    for (const topic of ['a', 'refused', 'b']) await publisher.publish(topic, topic);
    assert.deepEqual(subscriber.payloads(), ['a', 'b']);
  });
});

const failures: readonly {
  readonly cause: string;
  readonly filter: string;
  readonly options: PairOptions;
  readonly code: string;
}[] = [
  ...(
    [
      [reasonCodes.notAuthorized, '87'],
      [reasonCodes.unspecifiedError, '80'],
      [reasonCodes.implementationSpecificError, '83'],
      [reasonCodes.topicFilterInvalid, '8f'],
      [reasonCodes.quotaExceeded, '97'],
    ] as const
  ).map(([reasonCode, code]) => ({
    cause: 'a refusal of the gatekeeper',
    filter: 'refused',
    options: { gatekeeper: refusing(reasonCode) },
    code,
  })),
  {
    cause: 'a gatekeeper that looks at the filter of a shared subscription',
    filter: '$share/group/refused',
    options: { gatekeeper: refusing() },
    code: '87',
  },
  {
    cause: 'too many subscriptions',
    filter: 'a',
    options: { limits: { subscriptionsMax: 0 } },
    code: '97',
  },
];

for (const { cause, filter, options, code } of failures) {
  it(`says 0x${code} for ${cause}, without any text [MQTT-3.8.4-7, MQTT-3.9.2-1, MQTT-3.9.2-2, MQTT-3.9.3-2]`, async () => {
    const { subscriber } = await pair(options);
    await subscriber.sendBytes(`82 [0001 [26 "k" "v"] "${filter}" 02]`);
    assertReceived(subscriber, `90 [0001 00 ${code}]`);
  });

  it(`says 0x80, the only failure of MQTT 3.1.1, for 0x${code}: ${cause} [MQTT3-3.9.3-2]`, async () => {
    const { subscriber } = await pair({ ...options, version: 4 });
    await subscriber.sendBytes(`82 [0001 "${filter}" 02]`);
    assertReceived(subscriber, '90 [0001 80]');
  });
}

it('grants as many subscriptions as its limit, and replaces at it', async () => {
  const { subscriber } = await pair({ limits: { subscriptionsMax: 2 } });
  await subscriber.sendBytes('82 [0001 00 "a" 00 "b" 01 "c" 02 "b" 02]');
  assertReceived(subscriber, '90 [0001 00 00 01 97 02]');
  await subscriber.sendBytes('a2 [0002 00 "a"] 82 [0003 00 "c" 01]');
  assertReceived(subscriber, 'b0 [0002 00 00] 90 [0003 00 01]');
});

it('grants no more QoS than it supports [MQTT-3.8.4-7]', async () => {
  for (const qosMax of [0, 1, 2] as const) {
    const { subscriber } = await pair({ limits: { qosMax } });
    await subscriber.sendBytes('82 [0001 00 "a" 00 "b" 01 "c" 02]');
    const codes = [0, 1, 2].map((qos) => Math.min(qos, qosMax) as ReasonCode);
    const [suback] = subscriber.received() as [Suback];
    assert.deepEqual(suback.reasonCodes, codes);
  }
});
