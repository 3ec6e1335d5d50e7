/** What a client does wrong once it is connected, and what becomes of it: nothing else suffers. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Will } from '../../../src/packet/connect.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';

const will: Will = {
  topic: 'will',
  payload: new TextEncoder().encode('gone'),
  qos: 0,
  retain: false,
};

const limits = { packetBytesMax: 60, inflightMessagesMax: 2, topicAliasMax: 3, qosMax: 2 } as const;

/** Packets as MQTT 3.1.1 and 5.0 write them, and the reason code that 5.0 has for most of them. */
const mistakes: readonly { what: string; 4?: string; 5?: string; code?: string }[] = [
  { what: 'a packet of type 0', 4: '00 00', 5: '00 00', code: '82' },
  { what: 'PUBLISH of QoS 3', 4: '36 ["a" 0001 (x)]', 5: '36 ["a" 0001 00 (x)]', code: '81' },
  { what: 'QoS 0 with DUP', 4: '38 ["a" (x)]', 5: '38 ["a" 00 (x)]', code: '81' },
  { what: 'PUBLISH without a whole topic', 4: '30 [0005 (a)]', 5: '30 [0005 (a)]', code: '81' },
  { what: 'PUBLISH that ends too early', 4: '32 ["a" 00]', 5: '32 ["a" 00]', code: '81' },
  { what: 'PUBACK that ends too early', 4: '40 01 00', 5: '40 01 00', code: '81' },
  { what: 'PUBACK with bytes behind', 4: '40 [0001 00]', 5: '40 [0001 00 [] 00]', code: '81' },
  { what: 'PINGREQ with a body', 4: 'c0 01 00', 5: 'c0 01 00' },
  { what: 'SUBSCRIBE without QoS', 4: '82 [0001 "a"]', 5: '82 [0001 [] "a"]', code: '81' },
  { what: 'reserved bits', 4: '82 [0001 "a" 04]', 5: '82 [0001 [] "a" 40]', code: '81' },
  { what: 'UNSUBSCRIBE cut short', 4: 'a2 [0001 0005]', 5: 'a2 [0001 [] 0005]', code: '81' },
  { what: 'an unknown property', 5: '30 ["a" [7f 00] (x)]', code: '81' },
  { what: 'properties longer than the packet', 5: '30 ["a" 09 (x)]', code: '81' },
  { what: 'a second CONNECT', 4: '10 ["MQTT" 04 02 0000 "id"]', code: '82' },
  { what: 'CONNACK', 4: '20 02 0000', 5: '20 [00 00 []]', code: '82' },
  { what: 'SUBSCRIBE without a filter', 4: '82 [0001]', 5: '82 [0001 []]', code: '81' },
  { what: 'UNSUBSCRIBE without a filter', 4: 'a2 [0001]', 5: 'a2 [0001 []]', code: '81' },
  { what: 'a property twice', 5: '30 ["a" [01 00 01 00] (x)]', code: '82' },
  { what: 'a subscription identifier of a client', 5: '30 ["a" [0b 01] (x)]', code: '82' },
  { what: 'an alias that was never set', 5: '30 ["" [23 0001] (x)]', code: '82' },
  { what: 'AUTH without a method', 5: 'f0 [18 [15 "m"]]', code: '82' },
  { what: 'an unknown reason code', 5: '40 [0001 01]', code: '82' },
  { what: 'a wildcard in a topic', 4: '30 ["a/#" (x)]', 5: '30 ["a/#" 00 (x)]', code: '81' },
  {
    what: 'more messages than the Receive Maximum',
    5: '34 ["a" 0001 00] 34 ["a" 0002 00] 34 ["a" 0003 00]',
    code: '93',
  },
  { what: 'topic alias 0', 5: '30 ["a" [23 0000] (x)]', code: '82' },
  { what: 'a topic alias beyond the maximum', 5: '30 ["a" [23 0004] (x)]', code: '94' },
  { what: 'a packet beyond the maximum size', 4: '30 3b', 5: '30 3b', code: '95' },
  { what: 'a remaining length of 200 MB', 4: '30 80 84 af 5f', 5: '30 80 84 af 5f', code: '95' },
];

for (const { what, code, ...bytesOf } of mistakes) {
  for (const version of [4, 5] as const) {
    const bytes = bytesOf[version];
    if (bytes === undefined) continue;
    const ids = version === 5 ? '[MQTT-4.13.1-1, MQTT-4.13.2-1]' : '[MQTT3-4.8.0-1]';
    it(`closes the connection of ${what}, and no other, in version ${version} ${ids}`, async () => {
      const broker = new TestBroker({ limits });
      const other = await broker.connect('other', { version });
      await other.subscribe('#');
      const client = await broker.connect('id', { version, will });
      const none = version === 5 ? '00' : '';
      await client.sendBytes(`${bytes} c0 00 30 ["a" ${none} (late)]`);
      const answers = outcomeOf(client).filter((packet) => !packet.startsWith('pubrec'));
      const isTold = version === 5 && code !== undefined;
      assert.deepEqual(answers, isTold ? [`disconnect ${code}`, 'closed'] : ['closed']);
      const seen = outcomeOf(other).filter((packet) => packet !== 'publish ');
      assert.deepEqual(seen, ['publish gone']);
      await other.sendBytes('c0 00');
      assert.deepEqual(outcomeOf(other), ['pingresp']);
    });
  }
}

it('takes no notice of what comes behind a mistake while its DISCONNECT waits [MQTT-4.13.2-1]', async () => {
  const broker = new TestBroker();
  const watcher = await broker.connect('watcher');
  await watcher.subscribe('#');
  const client = await broker.connect('id');
  client.freeze();
  await client.sendBytes('d0 00 30 ["a" 00 (late)]');
  await client.sendBytes('30 ["a" 00 (later)]');
  await client.thaw();
  assert.deepEqual(outcomeOf(client), ['disconnect 82', 'closed']);
  assert.deepEqual(outcomeOf(watcher), []);
});

it('closes the connection of a packet that it has no room for [MQTT3-4.8.0-2]', async () => {
  const broker = new TestBroker({ limits });
  const client = await broker.connect('id', { version: 4 });
  await client.sendBytes(`30 3a "a" (${'x'.repeat(55)})`);
  assert.equal(client.isClosed, false);
  await client.sendBytes('30 3b');
  assert.deepEqual(outcomeOf(client), ['closed']);
});
