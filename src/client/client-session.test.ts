/** What a client keeps through connections, and what it forgets. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  failure,
  message,
  publishesOf,
  stage,
  takenPayloads,
  text,
  welcomed,
} from '../../test/harness/client-stage.ts';
import type { Publish } from '../packet/publish.ts';

describe('a session', () => {
  const lasting = { properties: { sessionExpiryInterval: 1000 }, clientId: 'c' };

  it('is resumed: PUBLISH and PUBREL go out again in their order [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-6]', async () => {
    const { network, server, client } = await welcomed(lasting);
    const all = [
      client.publish('a', '1', { qos: 1 }),
      client.publish('a', '2', { qos: 2 }),
      client.publish('a', '3', { qos: 2 }),
    ];
    await network.settle();
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 });
    await server.drop();
    server.heard();
    const connect = await server.welcome(client, { sessionPresent: true });
    assert.equal(connect.cleanStart, false);
    const again = server.received() as Publish[];
    assert.deepEqual(
      again.map(({ type, packetId, dup }) => [type, packetId, dup]),
      [
        ['publish', 1, true],
        ['pubrel', 2, undefined],
        ['publish', 3, true],
      ],
    );
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'pubcomp', packetId: 2, reasonCode: 0 },
      { type: 'pubrec', packetId: 3, reasonCode: 0 },
      { type: 'pubcomp', packetId: 3, reasonCode: 0 },
    );
    await network.settled(Promise.all(all));
  });

  it('is resumed in MQTT 3.1.1 too [MQTT3-4.4.0-1] [MQTT3-4.6.0-1] [MQTT3-2.3.1-3]', async () => {
    const { network, server, client } = await welcomed({
      version: 4,
      clientId: 'c',
      cleanStart: false,
    });
    const both = [client.publish('a', '1', { qos: 1 }), client.publish('a', '2', { qos: 1 })];
    await network.settle();
    await server.drop();
    server.heard();
    await server.welcome(client, { sessionPresent: true });
    assert.deepEqual(server.heard(), ['publish 1', 'publish 2']);
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'puback', packetId: 2, reasonCode: 0 },
    );
    await network.settled(Promise.all(both));
  });

  it('knows QoS 2 messages that it took in the connection before [MQTT-4.3.3-10]', async () => {
    const { network, server, client } = await welcomed(lasting);
    await server.send(message(2, 5, 'once'));
    await server.drop();
    await server.welcome(client, { sessionPresent: true });
    await server.send({ ...message(2, 5, 'once'), dup: true });
    assert.deepEqual(server.heard(), ['pubrec 5']);
    await network.settled(client.disconnect());
    assert.deepEqual(await takenPayloads(client), ['once']);
  });

  it('is forgotten when the server has forgotten it [MQTT-3.2.2-5]', async () => {
    const { network, server, client } = await welcomed(lasting, { receiveMaximum: 3 });
    const unknown = client.publish('a', '1', { qos: 2 });
    const released = client.publish('a', '2', { qos: 2 });
    const sent = client.publish('a', '3', { qos: 1 });
    const waiting = client.publish('a', '4', { qos: 1 });
    const lost = assert.rejects(unknown, failure('session lost'));
    await network.settle();
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 }, message(2, 5, 'old'));
    await server.drop();
    server.heard();
    await server.welcome(client, { sessionPresent: false });
    await lost;
    assert.equal(await released, 0, 'the server had taken it');
    const again = publishesOf(server);
    // What may arrive twice goes out once more, as a message of the new session.
    assert.deepEqual(again.map(text), ['3', '4']);
    assert.deepEqual(
      again.map(({ dup }) => dup),
      [false, false],
    );
    for (const { packetId } of again)
      await server.send({ type: 'puback', packetId, reasonCode: 0 });
    await network.settled(Promise.all([sent, waiting]));
    await server.send(message(2, 5, 'new'));
    assert.deepEqual(await takenPayloads(client, 2), ['old', 'new']);
  });

  it('ends with its connection when it is not to last [MQTT3-3.1.2-6]', async () => {
    const { network, server, client } = await welcomed({ version: 4 });
    const published = client.publish('a', '1', { qos: 1 });
    const lost = assert.rejects(published, failure('connection lost'));
    await network.settle();
    await server.drop();
    await lost;
    server.heard();
    const connect = await server.welcome(client);
    assert.equal(connect.cleanStart, true);
    assert.deepEqual(server.heard(), []);
  });

  it('ends at once when DISCONNECT says so', async () => {
    const { network, server, client } = await welcomed(lasting);
    await network.settled(client.disconnect({ properties: { sessionExpiryInterval: 0 } }));
    server.heard();
    assert.equal((await server.welcome(client)).cleanStart, true);
  });

  it('is not prolonged by DISCONNECT when CONNECT let it end', async () => {
    const { client } = await welcomed();
    const leaving = client.disconnect({ properties: { sessionExpiryInterval: 9 } });
    await assert.rejects(leaving, RangeError);
    assert.equal(client.isConnected, true);
  });

  for (const { version, cleanStart } of [
    { version: 3, cleanStart: true },
    { version: 4, cleanStart: false },
  ] as const) {
    it(`needs an identifier in version ${version} with clean start ${cleanStart} [MQTT3-3.1.3-7]`, async () => {
      const { server, client } = stage({ version, cleanStart });
      await assert.rejects(client.connect(server.open), RangeError);
    });
  }
});
