/** QoS 1 and 2 of the messages that the broker receives. (MQTT 5.0 section 4.3) */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ReasonCode, reasonCodes } from '../../../src/packet/reason-codes.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived, inAllVersions, lasting, pair } from '../../harness/wire.ts';

inAllVersions((version, none) => {
  it('acknowledges QoS 1 with its identifier, and delivers the next of that identifier [MQTT-4.3.2-4, MQTT-4.3.2-5, MQTT3-4.3.2-2]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a');
    await publisher.sendBytes(`32 ["a" 0005 ${none} (1)]`);
    assertReceived(publisher, '40 [0005]');
    await publisher.sendBytes(`32 ["a" 0005 ${none} (2)] 3a ["a" 0005 ${none} (3)]`);
    assertReceived(publisher, '40 [0005] 40 [0005]');
    assert.deepEqual(subscriber.payloads(), ['1', '2', '3']);
  });

  it('acknowledges QoS 2 until PUBREL without another delivery [MQTT-4.3.3-8, MQTT-4.3.3-10, MQTT3-4.3.3-2]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a');
    await publisher.sendBytes(`34 ["a" 0005 ${none} (1)]`);
    assertReceived(publisher, '50 [0005]');
    await publisher.sendBytes(`3c ["a" 0005 ${none} (1)] 34 ["a" 0005 ${none} (1)]`);
    assertReceived(publisher, '50 [0005] 50 [0005]');
    assert.deepEqual(subscriber.payloads(), ['1']);
  });

  it('knows QoS 2 again after a reconnect, before and after PUBREL [MQTT-4.3.3-10, MQTT-4.3.3-11, MQTT3-4.3.3-2]', async () => {
    const clients = await pair({ version, publisher: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a');
    await publisher.sendBytes(`34 ["a" 0005 ${none} (1)]`);
    await publisher.drop();
    const second = await broker.connect('publisher', lasting(version));
    await second.sendBytes(`3c ["a" 0005 ${none} (1)]`);
    assertReceived(second, '50 [0005]');
    await second.drop();
    const third = await broker.connect('publisher', lasting(version));
    await third.sendBytes('62 [0005]');
    assertReceived(third, '70 [0005]');
    assert.deepEqual(subscriber.payloads(), ['1']);
  });

  it('completes with PUBCOMP, also for a PUBREL that comes twice [MQTT-4.3.3-11, MQTT3-4.3.3-2]', async () => {
    const { publisher } = await pair({ version });
    await publisher.sendBytes(`34 ["a" 0005 ${none} (1)]`);
    publisher.received();
    await publisher.sendBytes('62 [0005] 62 [0005]');
    assertReceived(publisher, '70 [0005] 70 [0005]');
  });

  it('delivers the next QoS 2 message of the same identifier after PUBCOMP [MQTT-4.3.3-12, MQTT3-4.3.3-2]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a');
    for (const payload of ['1', '2', '3']) {
      await publisher.sendBytes(`34 ["a" 0005 ${none} (${payload})] 62 [0005]`);
      assertReceived(publisher, '50 [0005] 70 [0005]');
    }
    assert.deepEqual(subscriber.payloads(), ['1', '2', '3']);
  });

  it('keeps QoS 1 and QoS 2 of the same identifier apart', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a');
    await publisher.sendBytes(`34 ["a" 0005 ${none} (2)] 32 ["a" 0005 ${none} (1)]`);
    assertReceived(publisher, '50 [0005] 40 [0005]');
    assert.deepEqual(subscriber.payloads(), ['2', '1']);
  });

  it('delivers QoS 2 at PUBLISH and does not wait for PUBREL', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a');
    await publisher.sendBytes(`34 ["a" 0005 ${none} (x)]`);
    assertReceived(subscriber, `30 ["a" ${none} (x)]`);
    await publisher.sendBytes('62 [0005]');
    assertReceived(subscriber, '');
  });

  it('forgets open QoS 2 messages with their session', async () => {
    const clients = await pair({ version, publisher: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a');
    await publisher.sendBytes(`34 ["a" 0005 ${none} (1)]`);
    await publisher.drop();
    const fresh = await broker.connect('publisher', { version, cleanStart: true });
    await fresh.sendBytes(`3c ["a" 0005 ${none} (2)]`);
    assert.deepEqual(subscriber.payloads(), ['1', '2']);
  });

  it('sends PUBACKs in the order of the PUBLISH packets [MQTT3-4.6.0-2]', async () => {
    const { publisher } = await pair({ version });
    const ids = ['0005', '0001', '0004', '0002', '0003'];
    await publisher.sendBytes(ids.map((id) => `32 ["$SYS" ${id} ${none} (x)]`).join(' '));
    const code = version === 5 ? '10' : '';
    assertReceived(publisher, ...ids.map((id) => `40 [${id} ${code}]`));
  });

  it('sends PUBRECs in the order of the PUBLISH packets [MQTT3-4.6.0-3]', async () => {
    const { publisher } = await pair({ version });
    const ids = ['0005', '0001', '0004', '0002', '0003'];
    await publisher.sendBytes(ids.map((id) => `34 ["a" ${id} ${none} (x)]`).join(' '));
    assertReceived(publisher, ...ids.map((id) => `50 [${id}]`));
  });

  it('sends PUBRELs in the order of the PUBREC packets [MQTT3-4.6.0-4]', async () => {
    const { subscriber, publisher } = await pair({ version });
    await subscriber.subscribe('a', { qos: 2 });
    for (const packetId of [1, 2, 3]) await publisher.publish('a', 'x', { qos: 2, packetId });
    subscriber.received();
    await subscriber.sendBytes('50 [0003] 50 [0001] 50 [0002]');
    assertReceived(subscriber, '62 [0003] 62 [0001] 62 [0002]');
  });
});

it('takes the identifier of a refused QoS 2 message for a new one [MQTT-4.3.3-9]', async () => {
  let verdict: ReasonCode = reasonCodes.notAuthorized;
  const gatekeeper = new TestGatekeeper({ publish: () => verdict });
  const { subscriber, publisher } = await pair({
    gatekeeper,
    publisher: { properties: { requestProblemInformation: 0 } },
  });
  await subscriber.subscribe('a');
  await publisher.sendBytes('34 ["a" 0005 00 (1)]');
  assertReceived(publisher, '50 [0005 87]');
  verdict = reasonCodes.success;
  await publisher.sendBytes('34 ["a" 0005 00 (2)] 62 [0005]');
  assertReceived(publisher, '50 [0005] 70 [0005]');
  assert.deepEqual(subscriber.payloads(), ['2']);
});

it('acknowledges a QoS 2 message again that it would refuse by now [MQTT-4.3.3-10]', async () => {
  let verdict: ReasonCode = reasonCodes.success;
  const gatekeeper = new TestGatekeeper({ publish: () => verdict });
  const { subscriber, publisher } = await pair({ gatekeeper });
  await subscriber.subscribe('a');
  await publisher.sendBytes('34 ["a" 0005 00 (1)]');
  verdict = reasonCodes.notAuthorized;
  await publisher.sendBytes('3c ["a" 0005 00 (1)] 62 [0005]');
  assertReceived(publisher, '50 [0005] 50 [0005] 70 [0005]');
  assert.deepEqual(subscriber.payloads(), ['1']);
});

it('completes QoS 2 though the message has expired meanwhile [MQTT-4.3.3-13]', async () => {
  const { broker, publisher } = await pair();
  await publisher.sendBytes('34 ["a" 0005 [02 00000001] (1)]');
  await broker.advance(5);
  await publisher.sendBytes('3c ["a" 0005 [02 00000001] (1)] 62 [0005]');
  assertReceived(publisher, '50 [0005] 50 [0005] 70 [0005]');
});
