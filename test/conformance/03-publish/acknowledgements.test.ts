/** PUBACK, PUBREC, PUBREL, PUBCOMP: which one, and what it says. (MQTT 5.0 3.3.4 to 3.7) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bytesOf, hexOf } from '../../../src/packet/packet-notation.ts';
import { type ReasonCode, reasonCodes } from '../../../src/packet/reason-codes.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { TestInterceptor } from '../../harness/test-interceptor.ts';
import { assertClosed, assertReceived, inBothVersions, pair } from '../../harness/wire.ts';

/** Refuses to let anybody publish to "refused". */
function refusing(reasonCode: ReasonCode = reasonCodes.notAuthorized): TestGatekeeper {
  return new TestGatekeeper({
    publish: (topic) => (topic === 'refused' ? reasonCode : reasonCodes.success),
  });
}

inBothVersions((version, none) => {
  it('answers PUBLISH as its QoS asks: not, with PUBACK, with PUBREC [MQTT-3.3.4-1, MQTT-2.2.1-5, MQTT3-3.3.4-1]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('#');
    await publisher.sendBytes(`30 ["a" ${none} (0)] c0 00`);
    assertReceived(publisher, 'd0 00');
    await publisher.sendBytes(`32 ["a" 1234 ${none} (1)] c0 00`);
    assertReceived(publisher, '40 [1234] d0 00');
    await publisher.sendBytes(`34 ["a" 1234 ${none} (2)] c0 00`);
    assertReceived(publisher, '50 [1234] d0 00');
    await publisher.sendBytes('62 [1234] c0 00');
    assertReceived(publisher, '70 [1234] d0 00');
  });

  it('closes at a PUBREL with wrong header flags [MQTT-3.6.1-1, MQTT3-3.6.1-1]', async () => {
    for (const firstByte of ['60', '61', '63', '66', '6a', '6f']) {
      const { publisher } = await pair({ version });
      await publisher.sendBytes(`34 ["a" 0001 ${none} (x)]`);
      publisher.received();
      await publisher.sendBytes(`${firstByte} [0001]`);
      assertClosed(publisher, version, '81');
    }
  });

  it('delivers to nobody what its gatekeeper refuses, and acknowledges it [MQTT3-3.3.5-2]', async () => {
    const { subscriber, publisher } = await pair({ version, gatekeeper: refusing() });
    await subscriber.subscribe('#');
    await publisher.sendBytes(`31 ["refused" ${none} (0)]`);
    assertReceived(publisher, '');
    await publisher.publish('refused', '1', { qos: 1, retain: true });
    await publisher.publish('refused', '2', { qos: 2, retain: true });
    assert.deepEqual(
      publisher.received().map(({ type }) => type),
      ['puback', 'pubrec'],
    );
    await subscriber.subscribe('refused');
    assertReceived(subscriber, '');
  });
});

it('goes through all of QoS 2 with a client of MQTT 3.1.1 that is refused [MQTT3-3.3.5-2]', async () => {
  const gatekeeper = refusing();
  const { subscriber, publisher } = await pair({ version: 4, gatekeeper });
  await subscriber.subscribe('#');
  await publisher.sendBytes('34 ["refused" 0001 (x)] 3c ["refused" 0001 (x)] 62 [0001]');
  assertReceived(publisher, '50 [0001] 50 [0001] 70 [0001]');
  assertReceived(subscriber, '');
});

// With Request Problem Information 0, so that the code is all that there is.
const connect = { properties: { requestProblemInformation: 0 } } as const;

const outcomes: readonly { name: string; topic: string; code: ReasonCode; bytes: string }[] = [
  { name: 'a matching subscription', topic: 'a', code: 0, bytes: '' },
  { name: 'a refusal', topic: 'refused', code: reasonCodes.notAuthorized, bytes: '87' },
  { name: 'a quota', topic: 'refused', code: reasonCodes.quotaExceeded, bytes: '97' },
  { name: 'an unwanted topic', topic: 'refused', code: reasonCodes.topicNameInvalid, bytes: '90' },
  { name: 'no reason', topic: 'refused', code: reasonCodes.unspecifiedError, bytes: '80' },
  { name: 'a topic of the broker', topic: '$SYS/broker/clients', code: 0, bytes: '87' },
  { name: 'a share', topic: '$share/group/topic', code: 0, bytes: '87' },
];

for (const { name, topic, code, bytes } of outcomes) {
  it(`says 0x${bytes || '00'} in PUBACK and PUBREC for ${name} [MQTT-3.4.2-1, MQTT-3.5.2-1]`, async () => {
    const clients = await pair({ gatekeeper: refusing(code), publisher: connect });
    const { subscriber, publisher } = clients;
    await subscriber.subscribe('a');
    await publisher.sendBytes(`32 ["${topic}" 0001 00 (x)] 34 ["${topic}" 0002 00 (x)]`);
    assertReceived(publisher, `40 [0001 ${bytes}] 50 [0002 ${bytes}]`);
  });
}

it('refuses all topics of the broker, but for those in which bridges say that they are there', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('$SYS/broker/connection/#');
  const topics = ['connection/b/state', 'connection/b', 'connection/b/c/state', 'connection/state'];
  for (const topic of topics) await publisher.sendBytes(`32 ["$SYS/broker/${topic}" 0001 00 (1)]`);
  assertReceived(publisher, '40 [0001] 40 [0001 87] 40 [0001 87] 40 [0001 87]');
  assert.deepEqual(subscriber.payloads(), ['1']);
});

it('asks whether a client may say that it is a bridge that is there', async () => {
  const { publisher } = await pair({ gatekeeper: new TestGatekeeper({ publish: () => 0x87 }) });
  await publisher.sendBytes('32 ["$SYS/broker/connection/b/state" 0001 00 (1)]');
  assertReceived(publisher, '40 [0001 87]');
});

it('says 0x10 in PUBACK for no matching subscription, and not in PUBREC, as Mosquitto [MQTT-3.4.2-1, MQTT-3.5.2-1]', async () => {
  const { publisher } = await pair();
  await publisher.sendBytes('32 ["b" 0001 00 (x)] 34 ["b" 0002 00 (x)]');
  assertReceived(publisher, '40 [0001 10] 50 [0002]');
});

it('gives no reason for a refusal whose reason it does not know', async () => {
  const { publisher } = await pair({ gatekeeper: refusing(reasonCodes.quotaExceeded) });
  await publisher.sendBytes('32 ["refused" 0001 00 (x)]');
  assertReceived(publisher, '40 [0001 97]');
});

it('answers a PUBREC for an unknown identifier with PUBREL 0x92 [MQTT-3.6.2-1]', async () => {
  const { subscriber } = await pair();
  await subscriber.sendBytes('50 [0001] 50 [1234 10]');
  assertReceived(subscriber, '62 [0001 92] 62 [1234 92]');
});

it('answers a PUBREL for an unknown identifier with PUBCOMP 0x00, as Mosquitto [MQTT-3.7.2-1]', async () => {
  const { publisher } = await pair();
  await publisher.sendBytes('62 [0001] 62 [1234 92]');
  assertReceived(publisher, '70 [0001] 70 [1234]');
});

it('says 0x00 in PUBREL and PUBCOMP of known identifiers [MQTT-3.6.2-1, MQTT-3.7.2-1]', async () => {
  const { subscriber, publisher } = await pair();
  await subscriber.subscribe('a', { qos: 2 });
  await publisher.sendBytes('34 ["a" 0007 00 (x)]');
  await publisher.sendBytes('62 [0007]');
  assertReceived(publisher, '50 [0007] 70 [0007]');
  subscriber.received();
  await subscriber.sendBytes('50 [0001]');
  assertReceived(subscriber, '62 [0001]');
});

const wrongCodes = [
  { claim: 'PUBACK 0x01 [MQTT-3.4.2-1]', bytes: '40 [0001 01]' },
  { claim: 'PUBACK 0x92 [MQTT-3.4.2-1]', bytes: '40 [0001 92]' },
  { claim: 'PUBREC 0x01 [MQTT-3.5.2-1]', bytes: '50 [0001 01]' },
  { claim: 'PUBREC 0x92 [MQTT-3.5.2-1]', bytes: '50 [0001 92]' },
  { claim: 'PUBREL 0x80 [MQTT-3.6.2-1]', bytes: '62 [0001 80]' },
  { claim: 'PUBREL 0x10 [MQTT-3.6.2-1]', bytes: '62 [0001 10]' },
  { claim: 'PUBCOMP 0x80 [MQTT-3.7.2-1]', bytes: '70 [0001 80]' },
  { claim: 'PUBCOMP 0x10 [MQTT-3.7.2-1]', bytes: '70 [0001 10]' },
];

for (const { claim, bytes } of wrongCodes) {
  it(`closes at a reason code that the packet cannot carry, ${claim}`, async () => {
    const { subscriber, publisher } = await pair();
    await subscriber.subscribe('a', { qos: bytes.startsWith('4') ? 1 : 2 });
    await publisher.publish('a', 'x', { qos: 2 });
    subscriber.received();
    await subscriber.sendBytes(bytes);
    assertClosed(subscriber, 5, '82');
  });
}

it('takes acknowledgements in all their lengths', async () => {
  const { broker, subscriber, publisher } = await pair();
  await subscriber.subscribe('a', { qos: 2 });
  const explained = '[1f "fine" 26 "k" "v"]';
  for (const rest of ['', '00', '00 00', `00 ${explained}`]) {
    await publisher.publish('a', '1', { qos: 1 });
    await publisher.publish('a', '2', { qos: 2 });
    await publisher.send({ type: 'pubrel', packetId: 1, reasonCode: 0 });
    const [one, two] = subscriber.publishes().map(({ packetId }) => `000${packetId}`);
    await subscriber.sendBytes(`40 [${one} ${rest}] 50 [${two} ${rest}]`);
    assertReceived(subscriber, `62 [${two}]`);
    await subscriber.sendBytes(`70 [${two} ${rest}]`);
    assertReceived(subscriber, '');
  }
  assert.equal(broker.broker.connectionCount, 2);
});

const refusals = [
  {
    name: 'PUBACK [MQTT-3.4.2-2, MQTT-3.4.2-3]',
    request: '32 ["refused" 0001 [26 "k" "v"] (x)]',
    answer: '40 [0001 87 00]',
  },
  {
    name: 'PUBREC [MQTT-3.5.2-2, MQTT-3.5.2-3]',
    request: '34 ["refused" 0001 [26 "k" "v"] (x)]',
    answer: '50 [0001 87 00]',
  },
];

for (const { name, request, answer } of refusals) {
  it(`leaves explanations out where they do not fit into a ${name}`, async () => {
    const interceptor = new TestInterceptor({
      publish: () => ({
        type: 'refuse',
        reasonCode: reasonCodes.notAuthorized,
        reason: 'not authorized',
      }),
    });
    const broker = new TestBroker({ gatekeeper: new TestGatekeeper({}, interceptor) });
    const roomy = await broker.connect('roomy');
    await roomy.sendBytes(request);
    const explained = roomy.receivedHex();
    assert.equal(explained.includes(hexOf(bytesOf('(not authorized)'))), true, explained);
    const bytes = explained.split(' ').length;
    const exact = await broker.connect('exact', { properties: { maximumPacketSize: bytes } });
    await exact.sendBytes(request);
    assert.equal(exact.receivedHex(), explained);
    const tight = await broker.connect('tight', { properties: { maximumPacketSize: bytes - 1 } });
    await tight.sendBytes(request);
    assertReceived(tight, answer);
  });
}

const unexplained = [
  {
    name: 'PUBREL [MQTT-3.6.2-2, MQTT-3.6.2-3]',
    request: '50 [0001 00 [26 "k" "v"]]',
    answer: '62 [0001 92]',
  },
  {
    name: 'PUBCOMP [MQTT-3.7.2-2, MQTT-3.7.2-3]',
    request: '62 [0001 00 [26 "k" "v"]]',
    answer: '70 [0001]',
  },
];

for (const { name, request, answer } of unexplained) {
  it(`never lets reason string and user properties enlarge a ${name}`, async () => {
    const properties = { maximumPacketSize: 20 };
    const client = await new TestBroker().connect('id', { properties });
    await client.sendBytes(request);
    assertReceived(client, answer);
  });
}
