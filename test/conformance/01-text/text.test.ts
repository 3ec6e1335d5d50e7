/** Texts and numbers as packets carry them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived, inBothVersions } from '../../harness/wire.ts';

const malformed = {
  'a byte that begins nothing [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'ff',
  'a sequence that breaks off [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'c328',
  'a sequence cut by the end [MQTT-1.5.4-1, MQTT3-1.5.3-1]': '61e282',
  'an overlong slash [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'c0af',
  'an overlong U+0000 [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'c080',
  'a high surrogate [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'eda080',
  'a low surrogate [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'edbfbf',
  'a surrogate pair [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'eda0bdedb880',
  'a code point above U+10FFFF [MQTT-1.5.4-1, MQTT3-1.5.3-1]': 'f4908080',
  'U+0000 [MQTT-1.5.4-2, MQTT3-1.5.3-2]': '00',
  'U+0000 amid others [MQTT-1.5.4-2, MQTT3-1.5.3-2]': '610062',
};

inBothVersions((version, none) => {
  const farewell = version === 5 ? ['disconnect 81', 'closed'] : ['closed'];
  for (const [name, bytes] of Object.entries(malformed)) {
    const text = `000${bytes.length / 2} ${bytes}`;
    const packets = {
      'topic name': `30 [${text} ${none} (x)]`,
      'topic filter': `82 [0001 ${none} ${text} 00]`,
      'filter to unsubscribe': `a2 [0001 ${none} ${text}]`,
    };
    for (const [place, packet] of Object.entries(packets)) {
      it(`closes at a ${place} with ${name}`, async () => {
        const broker = new TestBroker();
        const watcher = await broker.connect('watcher');
        await watcher.subscribe('#');
        const client = await broker.connect('id', { version });
        await client.sendBytes(packet);
        assert.deepEqual(outcomeOf(client), farewell);
        assert.deepEqual(outcomeOf(watcher), []);
      });
    }
  }

  it('keeps a byte order mark, which makes another text [MQTT-1.5.4-3, MQTT3-1.5.3-3]', async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes(`82 [0001 ${none} 0004 efbbbf61 00]`);
    client.received();
    await client.sendBytes(`30 ["a" ${none} (without)] 30 [0004 efbbbf61 ${none} (with)]`);
    assertReceived(client, `30 [0004 efbbbf61 ${none} (with)]`);
    await client.sendBytes(`82 [0001 ${none} 0003 efbbbf 00]`);
    client.received();
    await client.sendBytes(`30 [0003 efbbbf ${none} (alone)]`);
    assertReceived(client, `30 [0003 efbbbf ${none} (alone)]`);
  });

  it('delivers characters of every length as they came', async () => {
    const topic = 'a/ß/€/😀/\u{10fffd}/\ufffd';
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes(`82 [0001 ${none} "${topic}" 00]`);
    client.received();
    await client.sendBytes(`30 ["${topic}" ${none} (x)]`);
    assertReceived(client, `30 ["${topic}" ${none} (x)]`);
  });
});

describe('both halves of a user property', () => {
  for (const [name, bytes] of Object.entries({ 'not UTF-8': 'ff', 'U+0000': '00' })) {
    for (const pair of [`0001 ${bytes} "v"`, `"k" 0001 ${bytes}`]) {
      it(`are texts: ${name} in ${pair} closes [MQTT-1.5.7-1]`, async () => {
        const client = await new TestBroker().connect('id');
        await client.sendBytes(`30 ["a" [26 ${pair}] (x)]`);
        assert.deepEqual(outcomeOf(client), ['disconnect 81', 'closed']);
      });
    }
  }
});

describe('a variable byte integer that is longer than it needs', () => {
  const cases = {
    'as remaining length of PINGREQ': 'c0 8000',
    'as remaining length of PUBLISH': '30 8500 "a" 00 (x)',
    'as property length': '30 ["a" 8000 (x)]',
    'as subscription identifier': '82 [0001 [0b 8100] "a" 00]',
    'in four bytes': 'c0 80808000',
  };
  for (const [name, bytes] of Object.entries(cases)) {
    it(`is malformed ${name} [MQTT-1.5.5-1]`, async () => {
      const client = await new TestBroker().connect('id');
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), ['disconnect 81', 'closed']);
    });
  }

  it('is none of what the broker sends [MQTT-1.5.5-1]', async () => {
    // Remaining lengths on both sides of where another byte is needed.
    for (const [payloadBytes, length] of [
      [123, '7f'],
      [124, '80 01'],
      [16_379, 'ff 7f'],
      [16_380, '80 80 01'],
    ] as const) {
      const client = await new TestBroker().connect('id');
      await client.subscribe('a');
      await client.publish('a', 'x'.repeat(payloadBytes));
      assert.equal(client.receivedHex().startsWith(`30 ${length} 00 01 61 00 78`), true);
    }
  });
});

it('closes at a remaining length of five bytes', async () => {
  for (const version of [4, 5] as const) {
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes('30 ff ff ff ff 01');
    assert.deepEqual(outcomeOf(client), ['closed']);
  }
});
