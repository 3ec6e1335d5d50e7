/** CONNECT packets that do not keep to their form. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';

// Flags: 80 user name, 40 password, 20 will retain, 18 will QoS, 04 will, 02 clean, 01 reserved.

/** What follows the level, and the reason code of the CONNACK; undefined: there is none. */
const malformed5 = {
  'the reserved flag [MQTT-3.1.2-3, MQTT-3.1.4-1]': ['03 003c [] "id"', undefined],
  'will QoS 1 without a will [MQTT-3.1.2-11]': ['0a 003c [] "id"', undefined],
  'will QoS 2 without a will [MQTT-3.1.2-11]': ['12 003c [] "id"', undefined],
  'will QoS 3 without a will [MQTT-3.1.2-11, MQTT-3.1.2-12]': ['1a 003c [] "id"', '81'],
  'will QoS 3 [MQTT-3.1.2-12]': ['1e 003c [] "id" [] "w" "x"', '81'],
  'will retain without a will [MQTT-3.1.2-13]': ['22 003c [] "id"', undefined],
  'a will flag and no will at all [MQTT-3.1.2-9]': ['06 003c [] "id"', '81'],
  'a will flag and will properties alone [MQTT-3.1.2-9]': ['06 003c [] "id" []', '81'],
  'a will topic without payload [MQTT-3.1.2-9]': ['06 003c [] "id" [] "w"', '81'],
  'a will without will properties [MQTT-3.1.2-9]': ['06 003c [] "id" "w" "x"', '81'],
  'a user name without its flag [MQTT-3.1.2-16]': ['02 003c [] "id" "user"', '81'],
  'a user name flag without a user name [MQTT-3.1.2-17]': ['82 003c [] "id"', undefined],
  'a password without its flag [MQTT-3.1.2-18]': ['82 003c [] "id" "user" "secret"', '81'],
  'a password flag without a password [MQTT-3.1.2-19]': ['c2 003c [] "id" "user"', undefined],
  'no client identifier [MQTT-3.1.3-3]': ['02 003c []', undefined],
  'a client identifier that is not UTF-8 [MQTT-3.1.3-4]': ['02 003c [] 0002 c328', '85'],
  'a client identifier with U+0000 [MQTT-1.5.4-2]': ['02 003c [] 0001 00', '85'],
  'a will topic that is not UTF-8 [MQTT-3.1.3-11]': ['06 003c [] "id" [] 0001 ff "x"', undefined],
  'a will topic with a wildcard': ['06 003c [] "id" [] "w/#" "x"', undefined],
  'an empty will topic': ['06 003c [] "id" [] "" "x"', '82'],
  'a user name that is not UTF-8 [MQTT-3.1.3-12]': ['82 003c [] "id" 0001 ff', undefined],
  'no properties': ['02 003c', '81'],
  'bytes after its end': ['02 003c [] "id" 00', '81'],
  'a property that CONNECT does not have': ['02 003c [12 "x"] "id"', '82'],
  'a property twice': ['02 003c [11 00000001 11 00000001] "id"', '82'],
  'receive maximum 0': ['02 003c [21 0000] "id"', '82'],
  'maximum packet size 0': ['02 003c [27 00000000] "id"', '82'],
  'request response information 2': ['02 003c [19 02] "id"', '82'],
  'request problem information 2': ['02 003c [17 02] "id"', '82'],
  'authentication data without a method': ['02 003c [16 0001 00] "id"', '82'],
} as const;

for (const [name, [bytes, reasonCode]] of Object.entries(malformed5)) {
  it(`refuses a CONNECT with ${name}`, async () => {
    const client = new TestBroker().open();
    await client.sendBytes(`10 ["MQTT" 05 ${bytes}]`);
    const said = reasonCode === undefined ? [] : [`connack ${reasonCode}`];
    assert.deepEqual(outcomeOf(client), [...said, 'closed']);
  });
}

const malformed4 = {
  'the reserved flag [MQTT3-3.1.2-3]': '03 003c "id"',
  'will QoS 1 without a will [MQTT3-3.1.2-11, MQTT3-3.1.2-13]': '0a 003c "id"',
  'will QoS 2 without a will [MQTT3-3.1.2-11, MQTT3-3.1.2-13]': '12 003c "id"',
  'will QoS 3 without a will [MQTT3-3.1.2-11, MQTT3-3.1.2-13]': '1a 003c "id"',
  'will QoS 3 [MQTT3-3.1.2-14]': '1e 003c "id" "w" "x"',
  'will retain without a will [MQTT3-3.1.2-11, MQTT3-3.1.2-15]': '22 003c "id"',
  'a will without its flag [MQTT3-3.1.2-11]': '02 003c "id" "w" "x"',
  'a will flag and no will at all [MQTT3-3.1.2-9]': '06 003c "id"',
  'a will topic without message [MQTT3-3.1.2-9]': '06 003c "id" "w"',
  'a user name without its flag [MQTT3-3.1.2-18]': '02 003c "id" "user"',
  'a user name flag without a user name [MQTT3-3.1.2-19]': '82 003c "id"',
  'a password without its flag [MQTT3-3.1.2-20]': '82 003c "id" "user" "secret"',
  'a password flag without a password [MQTT3-3.1.2-21]': 'c2 003c "id" "user"',
  'a password without a user name [MQTT3-3.1.2-22]': '42 003c "id" "secret"',
  'no client identifier [MQTT3-3.1.3-3]': '02 003c',
  'a client identifier that is not UTF-8 [MQTT3-3.1.3-4]': '02 003c 0002 c328',
  'a client identifier with U+0000 [MQTT3-1.5.3-2]': '02 003c 0001 00',
  'a will topic that is not UTF-8 [MQTT3-3.1.3-10]': '06 003c "id" 0001 ff "x"',
  'a will topic with a wildcard [MQTT3-4.7.1-1]': '06 003c "id" "w/+" "x"',
  'an empty will topic [MQTT3-4.7.3-1]': '06 003c "id" "" "x"',
  'a user name that is not UTF-8 [MQTT3-3.1.3-11]': '82 003c "id" 0001 ff',
  'bytes after its end': '02 003c "id" 00',
};

for (const [name, bytes] of Object.entries(malformed4)) {
  it(`closes without CONNACK at a CONNECT of MQTT 3.1.1 with ${name} [MQTT3-3.1.4-1, MQTT3-3.2.2-6]`, async () => {
    const client = new TestBroker().open(4);
    await client.sendBytes(`10 ["MQTT" 04 ${bytes}]`);
    assert.equal(client.receivedHex(), '');
    assert.equal(client.isClosed, true);
  });
}

const malformed3 = {
  'will QoS 3': '1e 003c "id" "w" "x"',
  'a password without a user name': '42 003c "id" "secret"',
  'no client identifier': '02 003c',
  'a user name without its flag': '02 003c "id" "user"',
};

for (const [name, bytes] of Object.entries(malformed3)) {
  it(`closes without CONNACK at a CONNECT of MQTT 3.1 with ${name}`, async () => {
    const client = new TestBroker().open(3);
    await client.sendBytes(`10 ["MQIsdp" 03 ${bytes}]`);
    assert.equal(client.receivedHex(), '');
    assert.equal(client.isClosed, true);
  });
}

it('waits for the rest of a CONNECT whose bytes come one by one', async () => {
  const client = new TestBroker().open(4);
  for (const byte of '10 0e 00 04 4d 51 54 54 04 02 00 3c 00 02 69 64'.split(' ')) {
    assert.equal(client.receivedHex(), '');
    await client.sendBytes(byte);
  }
  assert.equal(client.receivedHex(), '20 02 00 00');
});

it('closes a connection whose CONNECT is larger than the limit, without a word', async () => {
  const client = new TestBroker({ limits: { packetBytesMax: 20 } }).open();
  await client.sendBytes('10 ["MQTT" 05 02 003c [] "a long identifier"]');
  assert.equal(client.receivedHex(), '');
  assert.equal(client.isClosed, true);
});

it('does nothing that a refused client sent behind its CONNECT [MQTT-3.1.4-6, MQTT3-3.1.4-5]', async () => {
  const broker = new TestBroker();
  const watcher = await broker.connect('watcher');
  await watcher.subscribe('#');
  await broker.open(5).sendBytes('10 ["MQTT" 05 03 003c [] "id"] 31 ["a" 00 (x)]');
  await broker.open(4).sendBytes('10 ["MQTT" 04 02 003c] 31 ["a" (x)]');
  assert.deepEqual(watcher.received(), []);
  await watcher.subscribe('a');
  assert.deepEqual(watcher.received(), []);
});
