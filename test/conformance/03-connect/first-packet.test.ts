/** The first packet of a connection: CONNECT, once, in a version that is spoken here. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';

const notConnect = {
  CONNACK: '20 02 00 00',
  PUBLISH: '30 ["a" (x)]',
  PUBACK: '40 02 00 01',
  PUBREC: '50 02 00 01',
  PUBREL: '62 02 00 01',
  PUBCOMP: '70 02 00 01',
  SUBSCRIBE: '82 [0001 "a" 00]',
  UNSUBSCRIBE: 'a2 [0001 "a"]',
  PINGREQ: 'c0 00',
  DISCONNECT: 'e0 00',
  AUTH: 'f0 00',
  'a packet of type 0': '00 00',
  'CONNECT with flags': '1f ["MQTT" 04 02 003c "id"]',
  'an HTTP request': '(GET / HTTP/1.1)',
  'a TLS handshake': '16 03 01 02 00 01 00 01 fc 03 03',
};

for (const [name, bytes] of Object.entries(notConnect)) {
  it(`closes without a word when ${name} comes first [MQTT-3.1.0-1, MQTT3-3.1.0-1]`, async () => {
    const client = new TestBroker().open();
    await client.sendBytes(bytes);
    assert.equal(client.receivedHex(), '');
    assert.equal(client.isClosed, true);
  });
}

it('closes without a word when CONNECT does not come in time', async () => {
  const broker = new TestBroker({ limits: { connectSeconds: 30 } });
  const client = broker.open();
  await client.sendBytes('10 0c 00 04');
  await broker.advance(29.9);
  assert.equal(client.isClosed, false);
  await broker.advance(0.2);
  assert.equal(client.receivedHex(), '');
  assert.equal(client.isClosed, true);
});

const secondConnects = {
  'the same again': '10 ["MQTT" 05 02 003c [] "id"]',
  'for another client': '10 ["MQTT" 05 02 003c [] "other"]',
  'of another version': '10 ["MQTT" 04 02 003c "id"]',
  'of an unknown version': '10 ["MQTT" 06 02 003c [] "id"]',
  'with flags': '11 ["MQTT" 05 02 003c [] "id"]',
  'of no client': '10 [0004]',
};

for (const [name, bytes] of Object.entries(secondConnects)) {
  it(`closes at a second CONNECT, ${name}, without a word [MQTT-3.1.0-2, MQTT-3.2.0-2]`, async () => {
    const client = new TestBroker().open();
    await client.connect('id');
    await client.sendBytes(bytes);
    assert.deepEqual(outcomeOf(client), ['closed']);
  });
}

it('closes at a second CONNECT of MQTT 3.1.1, and publishes the will [MQTT3-3.1.0-2]', async () => {
  const broker = new TestBroker();
  const watcher = await broker.connect('watcher');
  await watcher.subscribe('will');
  const client = broker.open(4);
  await client.sendBytes('10 ["MQTT" 04 06 0000 "id" "will" "gone"]');
  await client.sendBytes('10 ["MQTT" 04 02 0000 "id"]');
  assert.equal(client.receivedHex(), '20 02 00 00');
  assert.equal(client.isClosed, true);
  assert.deepEqual(watcher.payloads(), ['gone']);
});

const wrongNames = {
  'another name': '"MQTX" 04',
  'the name in small letters': '"mqtt" 04',
  'no name': '"" 04',
  'a longer name': '"MQTT " 04',
};

for (const [name, protocol] of Object.entries(wrongNames)) {
  it(`closes without a word at ${name} [MQTT-3.1.2-1, MQTT3-3.1.2-1]`, async () => {
    const client = new TestBroker().open(4);
    await client.sendBytes(`10 [${protocol} 02 003c "id"]`);
    assert.equal(client.receivedHex(), '');
    assert.equal(client.isClosed, true);
  });
}

for (const [name, level] of [
  ['MQTT', '00'],
  ['MQTT', '01'],
  ['MQTT', '02'],
  ['MQTT', '03'],
  ['MQTT', '83'],
  ['MQIsdp', '02'],
  ['MQIsdp', '04'],
  ['MQIsdp', '05'],
]) {
  it(`refuses protocol level 0x${level} of ${name} with return code 1 [MQTT3-3.1.2-2]`, async () => {
    const client = new TestBroker().open(4);
    await client.sendBytes(`10 ["${name}" ${level} 02 003c "id"]`);
    assert.equal(client.receivedHex(), '20 02 00 01');
    assert.equal(client.isClosed, true);
  });
}

for (const level of ['06', '7f', '85', 'ff']) {
  it(`refuses protocol version 0x${level}, later than 5, with 0x84 [MQTT-3.1.2-2, MQTT-3.2.2-7]`, async () => {
    const client = new TestBroker().open(5);
    await client.sendBytes(`10 ["MQTT" ${level} 02 003c [] "id"]`);
    assert.deepEqual(outcomeOf(client), ['connack 84', 'closed']);
  });
}
