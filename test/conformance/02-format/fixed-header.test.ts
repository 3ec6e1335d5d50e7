/** The first byte of every packet: type and flags. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived, inBothVersions } from '../../harness/wire.ts';

/** What a client may send, with the flags that it must have; PUBLISH has flags of its own. */
const packets = {
  PUBACK: { type: 4, flags: 0, rest: () => '02 0001' },
  PUBREC: { type: 5, flags: 0, rest: () => '02 0001' },
  PUBREL: { type: 6, flags: 2, rest: () => '02 0001' },
  PUBCOMP: { type: 7, flags: 0, rest: () => '02 0001' },
  SUBSCRIBE: { type: 8, flags: 2, rest: (none: string) => `[0001 ${none} "a" 00]` },
  UNSUBSCRIBE: { type: 10, flags: 2, rest: (none: string) => `[0001 ${none} "a"]` },
  PINGREQ: { type: 12, flags: 0, rest: () => '00' },
  DISCONNECT: { type: 14, flags: 0, rest: () => '00' },
};

/** What only a server sends, and what nobody does. */
const strangers = {
  CONNACK: '20 02 0000',
  SUBACK: { 4: '90 [0001 00]', 5: '90 [0001 00 00]' },
  UNSUBACK: { 4: 'b0 02 0001', 5: 'b0 [0001 00 00]' },
  PINGRESP: 'd0 00',
  'a packet of type 0': '00 00',
};

inBothVersions((version, none) => {
  const malformed = version === 5 ? ['disconnect 81', 'closed'] : ['closed'];
  const refused = version === 5 ? ['disconnect 82', 'closed'] : ['closed'];

  for (const [name, { type, flags, rest }] of Object.entries(packets)) {
    it(`closes at ${name} with any other flags than its own [MQTT-2.1.3-1, MQTT3-2.2.2-1, MQTT3-2.2.2-2]`, async () => {
      const broker = new TestBroker();
      for (let wrong = 0; wrong < 16; wrong++) {
        if (wrong === flags) continue;
        const client = await broker.connect('id', { version });
        const first = ((type << 4) | wrong).toString(16);
        await client.sendBytes(`${first} ${rest(none)} c0 00`);
        assert.deepEqual(outcomeOf(client), malformed, `first byte ${first}`);
      }
    });

    it(`knows ${name} by its own flags [MQTT-2.1.3-1]`, async () => {
      const client = await new TestBroker().connect('id', { version });
      const first = ((type << 4) | flags).toString(16);
      await client.sendBytes(`${first} ${rest(none)} c0 00`);
      const last = name === 'DISCONNECT' ? 'closed' : 'pingresp';
      assert.equal(outcomeOf(client).at(-1), last);
    });
  }

  for (const [name, bytes] of Object.entries(strangers)) {
    it(`closes at ${name}, which a client does not send`, async () => {
      const client = await new TestBroker().connect('id', { version });
      await client.sendBytes(typeof bytes === 'string' ? bytes : bytes[version]);
      assert.deepEqual(outcomeOf(client), refused);
    });
  }

  it('sends every packet with the flags that it must have [MQTT-2.1.3-1, MQTT3-2.2.2-1]', async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes(`82 [0001 ${none} "a" 02]`);
    assertReceived(client, `90 [0001 ${none} 02]`);
    await client.sendBytes(`32 ["a" 0002 ${none} (x)]`);
    assertReceived(client, `32 ["a" 0001 ${none} (x)] 40 02 0002`);
    await client.sendBytes(`34 ["a" 0003 ${none} (x)]`);
    assertReceived(client, `34 ["a" 0002 ${none} (x)] 50 02 0003`);
    await client.sendBytes('62 02 0003 50 02 0002');
    assertReceived(client, '70 02 0003 62 02 0002');
    await client.sendBytes(`a2 [0004 ${none} "a"] c0 00`);
    assertReceived(client, `b0 [0004 ${none} ${version === 5 ? '00' : ''}] d0 00`);
  });
});
