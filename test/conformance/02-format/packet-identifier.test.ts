/** Packet identifiers, and property lengths where there are no properties. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Packet } from '../../../src/packet/packet.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { publishOf, TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { assertReceived, inBothVersions, lasting } from '../../harness/wire.ts';

function packetIds(client: TestClient): number[] {
  return client.publishes().map(({ packetId }) => packetId);
}

inBothVersions((version, none) => {
  it('carries no packet identifier in a PUBLISH of QoS 0 [MQTT-2.2.1-2, MQTT-2.2.2-1, MQTT3-2.3.1-5]', async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.subscribe('a');
    await client.sendBytes(`30 ["a" ${none} (x)]`);
    assertReceived(client, `30 ["a" ${none} (x)]`);
  });

  it('repeats the identifier in PUBACK, PUBREC and PUBCOMP [MQTT-2.2.1-5, MQTT3-2.3.1-6]', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('a');
    const client = await broker.connect('id', { version });
    await client.sendBytes(`32 ["a" 1234 ${none} (x)]`);
    assertReceived(client, '40 02 1234');
    await client.sendBytes(`34 ["a" fedc ${none} (x)]`);
    assertReceived(client, '50 02 fedc');
    await client.sendBytes('62 02 fedc');
    assertReceived(client, '70 02 fedc');
  });

  it('repeats the identifier of its own PUBLISH in PUBREL [MQTT-2.2.1-5, MQTT3-2.3.1-6]', async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.subscribe('a', { qos: 2 });
    await client.sendBytes(`34 ["a" 0700 ${none} (1)] 34 ["a" 0701 ${none} (2)]`);
    assert.deepEqual(packetIds(client), [1, 2]);
    await client.sendBytes('50 02 0002');
    assertReceived(client, '62 02 0002');
    await client.sendBytes('50 02 0001');
    assertReceived(client, '62 02 0001');
  });

  it('repeats the identifier in SUBACK and UNSUBACK [MQTT-2.2.1-6, MQTT-2.2.2-1, MQTT3-2.3.1-7]', async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes(`82 [beef ${none} "a" 01]`);
    assertReceived(client, `90 [beef ${none} 01]`);
    await client.sendBytes(`a2 [cafe ${none} "a"]`);
    assertReceived(client, `b0 [cafe ${none} ${version === 5 ? '00' : ''}]`);
  });

  const zero = {
    'PUBLISH of QoS 1': `32 ["a" 0000 ${none} (x)]`,
    'PUBLISH of QoS 2': `34 ["a" 0000 ${none} (x)]`,
    SUBSCRIBE: `82 [0000 ${none} "a" 00]`,
    UNSUBSCRIBE: `a2 [0000 ${none} "a"]`,
    PUBACK: '40 02 0000',
    PUBREC: '50 02 0000',
    PUBREL: '62 02 0000',
    PUBCOMP: '70 02 0000',
  };
  for (const [name, bytes] of Object.entries(zero)) {
    it(`closes at a ${name} with identifier 0 [MQTT3-2.3.1-1]`, async () => {
      const broker = new TestBroker();
      const watcher = await broker.connect('watcher');
      await watcher.subscribe('a');
      const client = await broker.connect('id', { version });
      await client.sendBytes(bytes);
      const [first, ...rest] = outcomeOf(client);
      if (version === 5) assert.match(first, /^disconnect 8[12]$/);
      assert.deepEqual(version === 5 ? rest : [first, ...rest], ['closed']);
      assert.deepEqual(watcher.received(), []);
    });
  }

  it('gives a message an identifier that is not in use [MQTT-2.2.1-4, MQTT3-2.3.1-4]', async () => {
    const broker = new TestBroker({ limits: { inflightMessagesMax: 0 } });
    const client = await broker.connect('id', lasting(version));
    await client.subscribe('a', { qos: 2 });
    const publisher = await broker.connect('publisher');
    const publish = (qos: 1 | 2) => publisher.publish('a', 'x', { qos });
    for (let count = 0; count < 3; count++) await publish(1);
    assert.deepEqual(packetIds(client), [1, 2, 3]);
    await client.sendBytes('40 02 0002');
    await publish(2);
    const [{ packetId: released }] = client.publishes();
    assert.equal([0, 1, 3].includes(released), false);
    await client.send({ type: 'pubrec', packetId: released, reasonCode: 0 });
    client.received();
    // More messages than there are identifiers, with three of them in use throughout.
    const seen = new Set<number>();
    for (let batches = 0; batches < 140; batches++) {
      await publisher.send(...Array.from({ length: 500 }, () => publishOf('a', 'x', { qos: 1 })));
      const given = packetIds(client);
      assert.equal(new Set(given).size, 500);
      for (const packetId of given) seen.add(packetId);
      await client.send(
        ...given.map((packetId): Packet => ({ type: 'puback', packetId, reasonCode: 0 })),
      );
      publisher.received();
    }
    assert.deepEqual(
      [0, 1, 3, released].filter((packetId) => seen.has(packetId)),
      [],
    );
    // Beyond those in use a few are left out, by which the others are found.
    assert.ok(seen.size > 65_000 && seen.size < 65_535);
    await client.drop();
    const back = await broker.connect('id', lasting(version));
    const again = back.received().map((packet) => 'packetId' in packet && packet.packetId);
    assert.deepEqual(again, [1, 3, released]);
  });
});
