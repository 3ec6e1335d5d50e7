/** What MQTT 3.1 does otherwise than 3.1.1. Its specification numbers no statements. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived } from '../../harness/wire.ts';

const plain = '10 ["MQIsdp" 03 02 003c "id"]';
const kept = '10 ["MQIsdp" 03 00 003c "id"]';

it('lets in a client that calls the protocol MQIsdp', async () => {
  const client = new TestBroker().open(3);
  await client.sendBytes(plain);
  assert.equal(client.receivedHex(), '20 02 00 00');
  assert.equal(client.isClosed, false);
});

it('keeps a session, but has no bit to say so in CONNACK', async () => {
  const broker = new TestBroker();
  const client = broker.open(3);
  await client.sendBytes(kept);
  await client.subscribe('news', { qos: 1 });
  await client.drop();
  const publisher = await broker.connect('publisher');
  await publisher.publish('news', 'x', { qos: 1 });
  const back = broker.open(3);
  await back.sendBytes(kept);
  assertReceived(back, '20 02 00 00 32 ["news" 0001 (x)]');
});

it('refuses an empty client identifier with return code 2, whatever the clean session flag', async () => {
  for (const flags of ['00', '02']) {
    const client = new TestBroker().open(3);
    await client.sendBytes(`10 ["MQIsdp" 03 ${flags} 003c ""]`);
    assert.equal(client.receivedHex(), '20 02 00 02');
    assert.equal(client.isClosed, true);
  }
});

it('lets in a client whose identifier is longer than the 23 characters of MQTT 3.1', async () => {
  const client = new TestBroker().open(3);
  await client.sendBytes('10 ["MQIsdp" 03 02 003c "an identifier of 28 letters"]');
  assert.equal(client.receivedHex(), '20 02 00 00');
});

it('forgives flags for a user name and a password that are not there', async () => {
  const client = new TestBroker().open(3);
  await client.sendBytes('10 ["MQIsdp" 03 c2 003c "id"]');
  assert.equal(client.receivedHex(), '20 02 00 00');
});

it('publishes the will of a client that is lost', async () => {
  const broker = new TestBroker();
  const watcher = await broker.connect('watcher', { version: 3 });
  await watcher.subscribe('will', { qos: 2 });
  const client = broker.open(3);
  await client.sendBytes('10 ["MQIsdp" 03 2e 000a "id" "will" "gone"]');
  await broker.advance(15);
  assert.equal(client.isClosed, true);
  assertReceived(watcher, '32 ["will" 0001 (gone)]');
});

it('disconnects the older of two clients with one identifier, without a word', async () => {
  const broker = new TestBroker();
  const older = broker.open(3);
  await older.sendBytes(plain);
  const newer = broker.open(3);
  await newer.sendBytes(plain);
  assert.equal(older.receivedHex(), '20 02 00 00');
  assert.equal(older.isClosed, true);
  assert.equal(newer.receivedHex(), '20 02 00 00');
});

it('answers each QoS with packets of MQTT 3.1', async () => {
  const client = await new TestBroker().connect('id', { version: 3 });
  await client.subscribe('a', { qos: 0 });
  await client.sendBytes('30 ["a" (0)] 32 ["a" 0001 (1)] 34 ["a" 0002 (2)] 62 02 0002 c0 00');
  assertReceived(
    client,
    '30 ["a" (0)] 30 ["a" (1)] 40 02 0001 30 ["a" (2)] 50 02 0002 70 02 0002 d0 00',
  );
});

it('ignores the DUP flag where MQTT 3.1 sets it beside PUBLISH', async () => {
  const client = await new TestBroker().connect('id', { version: 3 });
  await client.sendBytes('8a [0001 "a" 00] 6a 02 0009 aa [0002 "a"]');
  assertReceived(client, '90 03 0001 00 70 02 0009 b0 02 0002');
});

it('closes at AUTH, which MQTT 3.1 does not know', async () => {
  const client = await new TestBroker().connect('id', { version: 3 });
  await client.sendBytes('f0 00');
  assert.equal(client.receivedHex(), '');
  assert.equal(client.isClosed, true);
});
