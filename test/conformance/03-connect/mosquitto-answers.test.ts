/**
 * What Mosquitto 2.1 answers to a first packet that is not in order, byte for byte, where MQTT
 * leaves it to the server: it may send a CONNACK or none. [MQTT-3.1.4-1] Where MQTT demands
 * something else, it is under its own heading.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BrokerOptions } from '../../../src/broker/broker.ts';
import { bytesOf, hexOf } from '../../../src/packet/packet-notation.ts';
import { TestBroker } from '../../harness/test-broker.ts';

// Flags: 80 user name, 40 password, 20 will retain, 18 will QoS, 04 will, 02 clean, 01 reserved.

type Answers = Readonly<Record<string, readonly [packet: string, answer: string]>>;

/** The connection ends with the answer, which may be empty. */
function ends(answers: Answers, options: Partial<BrokerOptions> = {}): void {
  for (const [name, [packet, answer]] of Object.entries(answers)) {
    it(`ends with ${answer || 'nothing'}: ${name}`, async () => {
      const client = new TestBroker(options).open(answer.startsWith('20 02') ? 4 : 5);
      await client.sendBytes(packet);
      assert.equal(client.receivedHex(), hexOf(bytesOf(answer)));
      assert.equal(client.isClosed, true);
    });
  }
}

/** The client is let in. */
function enters(packets: Readonly<Record<string, string>>): void {
  for (const [name, packet] of Object.entries(packets)) {
    it(`lets in: ${name}`, async () => {
      const client = new TestBroker().open(packet.includes('MQTT" 05') ? 5 : 4);
      await client.sendBytes(packet);
      const [connack] = client.received();
      assert.equal(connack?.type === 'connack' && connack.reasonCode, 0);
      assert.equal(client.isClosed, false);
    });
  }
}

describe('the protocol', () => {
  ends({
    'no length of the name': ['10 [00]', ''],
    'a name of three letters': ['10 ["MQT" 04 02 003c "id"]', ''],
    'a name of five letters': ['10 ["MQTTT" 04 02 003c "id"]', ''],
    'no name': ['10 ["" 04 02 003c "id"]', ''],
    'a name that breaks off': ['10 [0004 (MQ)]', ''],
    'another name': ['10 ["MQTU" 04 02 003c "id"]', ''],
    'another name of six letters': ['10 ["MQisdp" 03 02 003c "id"]', ''],
    'no level': ['10 ["MQTT"]', ''],
    'level 3 of MQTT': ['10 ["MQTT" 03 02 003c "id"]', '20 02 00 01'],
    'level 4 of MQIsdp': ['10 ["MQIsdp" 04 02 003c "id"]', '20 02 00 01'],
    'level 5 of MQIsdp': ['10 ["MQIsdp" 05 02 003c [] "id"]', '20 02 00 01'],
    'level 6 of MQIsdp': ['10 ["MQIsdp" 06 02 003c "id"]', '20 03 00 84 00'],
    'level 6': ['10 ["MQTT" 06 02 003c [] "id"]', '20 03 00 84 00'],
    'level 6 of a client of MQTT 3.1.1': ['10 ["MQTT" 06 00 000a "p"]', '20 03 00 84 00'],
    'level 127': ['10 ["MQTT" 7f 02 003c [] "id"]', '20 03 00 84 00'],
    'level 255': ['10 ["MQTT" ff 02 003c [] "id"]', '20 03 00 84 00'],
  });
  enters({
    'a bridge of MQTT 3.1.1': '10 ["MQTT" 84 02 003c "id"]',
    'a bridge of MQTT 3.1': '10 ["MQIsdp" 83 02 003c "id"]',
  });
});

describe('a first packet that is none', () => {
  ends({
    PUBLISH: ['30 ["a" (x)]', ''],
    PINGREQ: ['c0 00', ''],
    AUTH: ['f0 00', ''],
    'type 0': ['00 00', ''],
    'a remaining length of five bytes': ['10 ff ff ff ff 7f', ''],
    'a CONNECT longer than 100,000 bytes': ['10 a1 8d 06 0004 (MQTT) 05', ''],
    'a CONNECT longer than anything': ['10 ff ff ff 7f 0004 (MQTT) 05', ''],
  });
});

describe('the flags', () => {
  ends({
    'of the fixed header': ['11 ["MQTT" 04 02 003c "id"]', ''],
    'of the fixed header, in MQTT 5.0': ['18 ["MQTT" 05 02 003c [] "id"]', ''],
    'the reserved one': ['10 ["MQTT" 04 01 000a "p"]', ''],
    'the reserved one, in MQTT 5.0': ['10 ["MQTT" 05 03 003c [] "id"]', ''],
    'none at all': ['10 ["MQTT" 05]', ''],
    'no keep alive': ['10 ["MQTT" 05 02]', ''],
    'half a keep alive': ['10 ["MQTT" 04 02 00]', ''],
    'will QoS 3': ['10 ["MQTT" 04 1e 003c "id" "w" "x"]', ''],
    'will QoS 3, in MQTT 3.1': ['10 ["MQIsdp" 03 1e 003c "id" "w" "x"]', ''],
    'will QoS 3, in MQTT 5.0': ['10 ["MQTT" 05 1e 003c [] "id" [] "w" "x"]', '20 03 00 81 00'],
    'will QoS 3 without a will, in MQTT 5.0': ['10 ["MQTT" 05 1a 003c [] "id"]', '20 03 00 81 00'],
    'will QoS without a will': ['10 ["MQTT" 04 0a 003c "id"]', ''],
    'will QoS without a will, in MQTT 5.0': ['10 ["MQTT" 05 0a 003c [] "id"]', ''],
    'will retain without a will, in MQTT 5.0': ['10 ["MQTT" 05 22 003c [] "id"]', ''],
    'a password without a user name': ['10 ["MQTT" 04 42 003c "id" "p"]', ''],
    'a password without a user name, in MQTT 3.1': ['10 ["MQIsdp" 03 42 003c "id" "p"]', ''],
  });
  enters({
    'flags of the fixed header, in MQTT 3.1': '14 ["MQIsdp" 03 01 000a "p"]',
    'the reserved one, in MQTT 3.1': '10 ["MQIsdp" 03 03 003c "id"]',
    'will QoS without a will, in MQTT 3.1': '10 ["MQIsdp" 03 0a 003c "id"]',
    'will retain without a will, in MQTT 3.1': '10 ["MQIsdp" 03 22 003c "id"]',
    'a password without a user name, in MQTT 5.0': '10 ["MQTT" 05 42 003c [] "id" "p"]',
  });
});

describe('the properties', () => {
  ends({
    'none at all': ['10 ["MQTT" 05 02 003c]', '20 03 00 81 00'],
    'longer than the packet': ['10 ["MQTT" 05 02 003c 09]', '20 03 00 81 00'],
    'one without its value': ['10 ["MQTT" 05 02 003c 01 11 "p"]', '20 03 00 81 00'],
    'one that is unknown': ['10 ["MQTT" 05 02 003c [7f 01] "p"]', '20 03 00 81 00'],
    'one that is 0': ['10 ["MQTT" 05 02 003c [00 01] "p"]', '20 03 00 81 00'],
    'one twice': ['10 ["MQTT" 05 02 003c [11 00000001 11 00000001] "p"]', '20 03 00 82 00'],
    'receive maximum 0': ['10 ["MQTT" 05 02 003c [21 0000] "p"]', '20 03 00 82 00'],
    'maximum packet size 0': ['10 ["MQTT" 05 02 003c [27 00000000] "p"]', '20 03 00 82 00'],
    'request response information 2': ['10 ["MQTT" 05 02 003c [19 02] "p"]', '20 03 00 82 00'],
    'request problem information 2': ['10 ["MQTT" 05 02 003c [17 02] "p"]', '20 03 00 82 00'],
    'authentication data alone': ['10 ["MQTT" 05 02 003c [16 "d"] "p"]', '20 03 00 82 00'],
    'a method that nobody knows': [
      '10 ["MQTT" 05 02 003c [15 "unsupported" 16 "test"] "p"]',
      '20 03 00 8c 00',
    ],
    'one of PUBLISH': ['10 ["MQTT" 05 02 003c [01 01] "p"]', '20 03 00 82 00'],
    'one of CONNACK': ['10 ["MQTT" 05 02 003c [24 01] "p"]', '20 03 00 82 00'],
    'one of SUBSCRIBE': ['10 ["MQTT" 05 02 003c [0b 01] "p"]', '20 03 00 82 00'],
    'one of a will': ['10 ["MQTT" 05 02 003c [18 00000001] "p"]', '20 03 00 82 00'],
    'one of PUBLISH without its value': ['10 ["MQTT" 05 02 003c [01] "p"]', '20 03 00 81 00'],
    'a user property that is not UTF-8': ['10 ["MQTT" 05 02 003c [26 0001 ff "v"] "p"]', ''],
    'a maximum packet size that no CONNACK has': ['10 ["MQTT" 05 02 003c [27 00000002] "p"]', ''],
  });
});

/** Texts that Mosquitto takes for none. */
const texts = {
  'U+0000': '746f700000',
  'U+D800': '746feda080',
  'U+0001': '746f700170',
  'U+001F': '746f701f70',
  'U+007F': '746f707f70',
  'U+009F': '746fc29f70',
  'U+FFFF': '74efbfbf70',
};

describe('the client identifier', () => {
  ends({
    'not there': ['10 ["MQTT" 04 02 003c]', ''],
    'not there, in MQTT 5.0': ['10 ["MQTT" 05 02 003c []]', ''],
    'not UTF-8': ['10 ["MQTT" 04 02 003c 0001 ff]', ''],
    'not UTF-8, in MQTT 5.0': ['10 ["MQTT" 05 02 003c [] 0001 ff]', '20 03 00 85 00'],
    'empty, in MQTT 3.1': ['10 ["MQIsdp" 03 02 000a ""]', '20 02 00 02'],
    'empty, without clean session': ['10 ["MQTT" 04 00 000a ""]', '20 02 00 02'],
  });
  ends(
    {
      'empty, where it may not be': ['10 ["MQTT" 04 02 000a ""]', '20 02 00 02'],
      'empty, where it may not be, in MQTT 5.0': ['10 ["MQTT" 05 02 000a [] ""]', '20 03 00 80 00'],
    },
    { features: { zeroLengthClientIdAllowed: false } },
  );
  for (const [character, text] of Object.entries(texts)) {
    ends({
      [`with ${character}`]: [`10 ["MQTT" 04 02 000a 0005 ${text}]`, ''],
      [`with ${character}, in MQTT 5.0`]: [
        `10 ["MQTT" 05 02 000a [] 0005 ${text}]`,
        '20 03 00 85 00',
      ],
    });
  }
});

describe('the will', () => {
  ends({
    'not there': ['10 ["MQTT" 04 06 003c "id"]', ''],
    'not there, in MQTT 5.0': ['10 ["MQTT" 05 06 003c [] "id"]', '20 03 00 81 00'],
    'without payload': ['10 ["MQTT" 04 06 003c "id" "w"]', ''],
    'without payload, in MQTT 5.0': ['10 ["MQTT" 05 06 003c [] "id" [] "w"]', '20 03 00 81 00'],
    'with a property twice': [
      '10 ["MQTT" 05 06 003c [] "id" [18 00000001 18 00000001] "w" "x"]',
      '20 03 00 82 00',
    ],
    'with a property of CONNECT': [
      '10 ["MQTT" 05 06 003c [] "id" [11 00000001] "w" "x"]',
      '20 03 00 82 00',
    ],
    'with half a property of CONNECT': [
      '10 ["MQTT" 05 06 003c [] "id" [11 0000] "w" "x"]',
      '20 03 00 81 00',
    ],
    'with an empty topic': ['10 ["MQTT" 04 06 003c "id" "" "x"]', ''],
    'with an empty topic, in MQTT 5.0': [
      '10 ["MQTT" 05 06 003c [] "id" [] "" "x"]',
      '20 03 00 82 00',
    ],
    'with a wildcard': ['10 ["MQTT" 04 06 003c "id" "w/#" "x"]', ''],
    'with a wildcard, in MQTT 5.0': ['10 ["MQTT" 05 06 003c [] "id" [] "w/+" "x"]', ''],
    'under $CONTROL': ['10 ["MQTT" 04 06 003c "id" "$CONTROL/x/v1" "x"]', ''],
    'under $CONTROL, in MQTT 5.0': ['10 ["MQTT" 05 06 003c [] "id" [] "$CONTROL/x/v1" "x"]', ''],
  });
  for (const [character, text] of Object.entries(texts)) {
    ends({
      [`with ${character} in its topic`]: [`10 ["MQTT" 04 06 000a "id" 0005 ${text} "x"]`, ''],
      [`with ${character} in its topic, in MQTT 5.0`]: [
        `10 ["MQTT" 05 06 000a [] "id" [] 0005 ${text} "x"]`,
        '',
      ],
    });
  }
  ends(
    {
      'retained, where nothing is': ['10 ["MQTT" 04 26 003c "id" "w" "x"]', ''],
      'retained, where nothing is, in MQTT 5.0': [
        '10 ["MQTT" 05 26 003c [] "id" [] "w" "x"]',
        '20 03 00 9a 00',
      ],
    },
    { features: { retainAvailable: false } },
  );
  ends(
    {
      'of a QoS that is too high': ['10 ["MQTT" 04 0e 003c "id" "w" "x"]', ''],
      'of a QoS that is too high, in MQTT 5.0': [
        '10 ["MQTT" 05 0e 003c [] "id" [] "w" "x"]',
        '20 03 00 9b 00',
      ],
    },
    { limits: { qosMax: 0 } },
  );
});

describe('user name and password', () => {
  ends({
    'a user name that is not there': ['10 ["MQTT" 04 82 003c "id"]', ''],
    'a user name that is not there, in MQTT 5.0': ['10 ["MQTT" 05 82 003c [] "id"]', ''],
    'a password that is not there': ['10 ["MQTT" 04 c2 003c "id" "u"]', ''],
    'a password that is not there, in MQTT 5.0': ['10 ["MQTT" 05 c2 003c [] "id" "u"]', ''],
    'more than there should be': ['10 ["MQTT" 04 02 003c "id" "u"]', ''],
    'more than there should be, in MQTT 3.1': ['10 ["MQIsdp" 03 02 003c "id" 00]', ''],
    'more than there should be, in MQTT 5.0': [
      '10 ["MQTT" 05 02 003c [] "q" "q"]',
      '20 03 00 81 00',
    ],
    'a packet that ends in the middle of it all': [
      '10 07 0004 (MQTT) 04 c2 003c 000b (test-python) 0005 (admin)',
      '',
    ],
  });
  for (const [character, text] of Object.entries(texts)) {
    ends({
      [`a user name with ${character}`]: [`10 ["MQTT" 04 82 000a "id" 0005 ${text}]`, ''],
      [`a user name with ${character}, in MQTT 5.0`]: [
        `10 ["MQTT" 05 82 000a [] "id" 0005 ${text}]`,
        '',
      ],
    });
  }
  enters({
    'a user name that is empty': '10 ["MQTT" 04 82 003c "id" ""]',
    'no user name in spite of its flag, in MQTT 3.1': '10 ["MQIsdp" 03 82 003c "id"]',
    'no password in spite of its flag, in MQTT 3.1': '10 ["MQIsdp" 03 c2 003c "id" "u"]',
    'a password of any bytes': '10 ["MQTT" 04 c2 003c "id" "u" 0005 746f700000]',
  });
});

describe('a keep alive beyond max_keepalive', () => {
  const limits = { keepAliveSecondsMax: 60 };
  ends({ 'in MQTT 3.1.1': ['10 ["MQTT" 04 02 003d "id"]', '20 02 00 02'] }, { limits });
  ends({ 'of 0, in MQTT 3.1.1': ['10 ["MQTT" 04 02 0000 "id"]', '20 02 00 02'] }, { limits });

  it('is granted less in MQTT 5.0', async () => {
    const client = new TestBroker({ limits }).open();
    await client.sendBytes('10 ["MQTT" 05 02 003d [] "id"]');
    assert.match(client.receivedHex(), /^20 11 00 00 0e 13 00 3c 22 00 0a 27/);
  });
});

describe('where MQTT demands something else than Mosquitto does,', () => {
  describe('a level below 3 gets return code 1 [MQTT3-3.1.2-2], where Mosquitto sends 0x84', () => {
    ends({
      'level 0': ['10 ["MQTT" 00 02 003c "id"]', '20 02 00 01'],
      'level 2': ['10 ["MQTT" 02 02 003c "id"]', '20 02 00 01'],
      'level 2 of MQIsdp': ['10 ["MQIsdp" 02 00 000a "p"]', '20 02 00 01'],
    });
  });

  it('level 5 with the bit of a bridge gets 0x84, where Mosquitto misreads the rest', async () => {
    const client = new TestBroker().open();
    await client.sendBytes('10 ["MQTT" 85 02 003c [] "id"]');
    assert.equal(client.receivedHex(), '20 03 00 84 00');
  });
});

it('closes at a second CONNECT without a word, whatever is in it', async () => {
  for (const connect of ['10 ["MQTT" 05 02 003c [] "id"]', '10 ["MQTT" 05 02 003c 09]', '18 00']) {
    const client = await new TestBroker().connect('id');
    await client.sendBytes(connect);
    assert.equal(client.receivedHex(), '');
    assert.equal(client.isClosed, true);
  }
});

it('closes at a second CONNECT of MQTT 3.1.1 without a word, too', async () => {
  const client = new TestBroker().open(4);
  await client.sendBytes('10 ["MQTT" 04 02 000a "p"] 10 ["MQTT" 04 02 000a "p"]');
  assert.equal(client.receivedHex(), '20 02 00 00');
  assert.equal(client.isClosed, true);
});
