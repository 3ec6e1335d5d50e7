/** What the server does not offer: CONNACK tells, and whoever asks for it all the same is refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Features, Limits } from '../../../src/broker/limits.ts';
import type { ConnackProperties } from '../../../src/packet/connack.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived } from '../../harness/wire.ts';

interface Offer {
  readonly limits?: Partial<Limits>;
  readonly features?: Partial<Features>;
}

async function propertiesOf(offer: Offer): Promise<ConnackProperties | undefined> {
  const connack = await new TestBroker(offer).open().connect('id');
  assert.equal(connack?.type, 'connack');
  return connack.properties;
}

const told: readonly (Offer & { name: string; properties: ConnackProperties })[] = [
  { name: 'Maximum QoS 0 [MQTT-3.2.2-9]', limits: { qosMax: 0 }, properties: { maximumQos: 0 } },
  { name: 'Maximum QoS 1 [MQTT-3.2.2-9]', limits: { qosMax: 1 }, properties: { maximumQos: 1 } },
  {
    name: 'that retained messages are not available',
    features: { retainAvailable: false },
    properties: { retainAvailable: 0 },
  },
  {
    name: 'that wildcards are not available',
    features: { wildcardSubscriptionAvailable: false },
    properties: { wildcardSubscriptionAvailable: 0 },
  },
  {
    name: 'that shared subscriptions are not available',
    features: { sharedSubscriptionAvailable: false },
    properties: { sharedSubscriptionAvailable: 0 },
  },
  {
    name: 'that subscription identifiers are not available',
    features: { subscriptionIdentifiersAvailable: false },
    properties: { subscriptionIdentifierAvailable: 0 },
  },
  {
    name: 'its Topic Alias Maximum',
    limits: { topicAliasMax: 7 },
    properties: { topicAliasMaximum: 7 },
  },
  {
    name: 'its Receive Maximum',
    limits: { inflightMessagesMax: 3 },
    properties: { receiveMaximum: 3 },
  },
  {
    name: 'its Maximum Packet Size',
    limits: { packetBytesMax: 1000 },
    properties: { maximumPacketSize: 1000 },
  },
];

const defaults: ConnackProperties = {
  topicAliasMaximum: 10,
  maximumPacketSize: 2_000_000,
  receiveMaximum: 20,
};

for (const { name, properties, ...offer } of told) {
  it(`tells ${name}`, async () => {
    assert.deepEqual(await propertiesOf(offer), { ...defaults, ...properties });
  });
}

it('tells all of it in the order of Mosquitto', async () => {
  const limits = { qosMax: 1 } as const;
  const client = new TestBroker({ limits, features: { retainAvailable: false } }).open();
  await client.sendBytes('10 ["MQTT" 05 02 003c [] "id"]');
  assertReceived(client, '20 [00 00 [22 000a 25 00 27 001e8480 21 0014 24 01]]');
});

it('leaves out what MQTT takes for granted [MQTT-3.2.2-9]', async () => {
  const limits = { topicAliasMax: 0, inflightMessagesMax: 0, qosMax: 2 } as const;
  assert.deepEqual(await propertiesOf({ limits }), { maximumPacketSize: 2_000_000 });
});

it('tells a client of MQTT 3.1.1 nothing of it', async () => {
  const client = new TestBroker({
    limits: { qosMax: 0 },
    features: { retainAvailable: false, wildcardSubscriptionAvailable: false },
  }).open(4);
  await client.connect('id');
  assertReceived(client, '20 02 00 00');
});

describe('a will that asks for too much', () => {
  const cases = [
    { what: 'QoS 1 of a server with QoS 0 [MQTT-3.2.2-12]', qosMax: 0, flags: '0e', code: '9b' },
    { what: 'QoS 2 of a server with QoS 0 [MQTT-3.2.2-12]', qosMax: 0, flags: '16', code: '9b' },
    { what: 'QoS 2 of a server with QoS 1 [MQTT-3.2.2-12]', qosMax: 1, flags: '16', code: '9b' },
    {
      what: 'to be retained where that is off [MQTT-3.2.2-13]',
      qosMax: 2,
      flags: '26',
      code: '9a',
    },
  ] as const;
  for (const { what, qosMax, flags, code } of cases) {
    it(`is refused: ${what}`, async () => {
      const offer = { limits: { qosMax }, features: { retainAvailable: false } };
      const newer = new TestBroker(offer).open();
      await newer.sendBytes(`10 ["MQTT" 05 ${flags} 003c [] "id" [] "will" "gone"]`);
      assert.deepEqual(outcomeOf(newer), [`connack ${code}`, 'closed']);
      const older = new TestBroker(offer).open(4);
      await older.sendBytes(`10 ["MQTT" 04 ${flags} 003c "id" "will" "gone"]`);
      assertReceived(older, '');
      assert.equal(older.isClosed, true);
    });
  }

  it('is accepted up to what the server has', async () => {
    const client = new TestBroker({ limits: { qosMax: 1 } }).open();
    await client.sendBytes('10 ["MQTT" 05 0e 003c [] "id" [] "will" "gone"]');
    assert.deepEqual(outcomeOf(client), ['connack 00']);
  });
});

for (const qosMax of [0, 1] as const) {
  it(`accepts subscriptions of every QoS with Maximum QoS ${qosMax}, and grants what it has [MQTT-3.2.2-10]`, async () => {
    const client = await new TestBroker({ limits: { qosMax } }).connect('id');
    await client.sendBytes('82 [0001 [] "a" 00 "b" 01 "c" 02]');
    assertReceived(client, `90 [0001 [] 00 0${qosMax} 0${qosMax}]`);
  });
}

describe('a packet that asks for too much', () => {
  const off: Features = {
    retainAvailable: false,
    wildcardSubscriptionAvailable: false,
    sharedSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    zeroLengthClientIdAllowed: true,
    assignedClientIdPrefix: '',
    clientIdPrefix: '',
    queueQos0: false,
    upgradeOutgoingQos: false,
    duplicates: false,
    checkRetainSource: true,
    responseInformation: undefined,
  };
  const limits = { qosMax: 1, topicAliasMax: 2, packetBytesMax: 40 } as const;
  const cases = {
    'PUBLISH of QoS 2': ['34 ["a" 0001 [] (x)]', 'disconnect 9b', 'closed'],
    'PUBLISH to be retained': ['31 ["a" [] (x)]', 'disconnect 9a', 'closed'],
    'PUBLISH with alias 3': ['30 ["a" [23 0003] (x)]', 'disconnect 94', 'closed'],
    'SUBSCRIBE with an identifier': ['82 [0001 [0b 01] "a" 00]', 'disconnect a1', 'closed'],
    'SUBSCRIBE with a wildcard': ['82 [0001 [] "a/+" 00]', 'disconnect a2', 'closed'],
    'SUBSCRIBE with a share': ['82 [0001 [] "$share/g/a" 00]', 'disconnect 9e', 'closed'],
    'a packet of 41 bytes': [`30 27 "a" 00 (${'x'.repeat(35)})`, 'disconnect 95', 'closed'],
  } as const;
  for (const [name, [bytes, ...outcome]] of Object.entries(cases)) {
    it(`ends the connection: ${name}`, async () => {
      const client = await new TestBroker({ limits, features: off }).connect('id');
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), outcome);
    });
  }

  it('is as large as the limit: a packet of 40 bytes is taken', async () => {
    const client = await new TestBroker({ limits }).connect('id');
    await client.sendBytes(`30 26 "a" 00 (${'x'.repeat(34)})`);
    assert.deepEqual(outcomeOf(client), []);
  });
});
