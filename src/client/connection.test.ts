/** The client against a server that says what the test has it say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, message, stage, welcomed } from '../../test/harness/client-stage.ts';
import { AuthExchange } from './enhanced-authentication.ts';

describe('a connection', () => {
  it('begins with CONNECT [MQTT-3.1.0-1] [MQTT3-3.1.0-1]', async () => {
    const { network, server, client } = stage({ clientId: 'me', keepAliveSeconds: 9 });
    client.connect(server.open).catch(() => {});
    await network.settle();
    assert.deepEqual(server.received(), [
      {
        type: 'connect',
        version: 5,
        bridge: false,
        cleanStart: true,
        keepAliveSeconds: 9,
        clientId: 'me',
        will: undefined,
        userName: undefined,
        password: undefined,
        properties: undefined,
      },
    ]);
  });

  it('is over when CONNACK refuses it [MQTT-4.13.2-1]', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('refused', 0x87));
    await server.sendBytes('20 [00 87 [1f "no friend"]]');
    await rejected;
    assert.match((await client.closed)!.message, /0x87: no friend$/);
    assert.deepEqual(server.heard(), ['connect']);
    assert.equal(server.isClosed, true);
  });

  it('is over when no CONNACK comes in time', async () => {
    const { network, server, client } = stage({ limits: { connectSeconds: 3 } });
    const rejected = assert.rejects(client.connect(server.open), failure('connect timeout'));
    await network.advance(3);
    await rejected;
    assert.equal(server.isClosed, true);
  });

  it('rejects with what opening the network connection failed with', async () => {
    const { client } = stage();
    const refusal = new Error('ECONNREFUSED');
    await assert.rejects(
      client.connect(() => Promise.reject(refusal)),
      refusal,
    );
  });

  it('can be opened again after that', async () => {
    const { server, client } = stage();
    await assert.rejects(client.connect(() => Promise.reject(new Error('no network'))));
    await server.welcome(client);
    assert.equal(client.isConnected, true);
  });

  it('is not opened twice', async () => {
    const { server, client } = stage();
    await server.welcome(client);
    await assert.rejects(client.connect(server.open), RangeError);
  });

  it('sends nothing but AUTH and DISCONNECT before CONNACK [MQTT-3.1.2-30]', async () => {
    const exchange = new AuthExchange('m', undefined, { answer: () => undefined });
    const { network, server, client } = stage({ properties: exchange.properties, exchange });
    const connecting = assert.rejects(client.connect(server.open), failure('disconnected'));
    await network.settle();
    await assert.rejects(client.publish('a', ''), failure('not connected'));
    await assert.rejects(client.subscribe('a'), failure('not connected'));
    await server.sendBytes('f0 [18 [15 "m"]]');
    await network.settled(client.disconnect());
    await connecting;
    assert.deepEqual(server.heard(), ['connect', 'auth', 'disconnect']);
  });

  it('sends nothing after DISCONNECT, and closes [MQTT-3.14.4-1] [MQTT-3.14.4-2]', async () => {
    const { network, server, client } = await welcomed();
    const published = client.publish('a', 'first');
    await network.settled(client.disconnect());
    await published;
    await assert.rejects(client.publish('a', 'late'), failure('not connected'));
    assert.deepEqual(server.heard(), ['publish', 'disconnect']);
    assert.equal(server.isClosed, true);
    assert.equal(await client.closed, undefined);
  });

  it('sends nothing after DISCONNECT of MQTT 3.1.1 [MQTT3-3.14.4-1] [MQTT3-3.14.4-2]', async () => {
    const { network, server, client } = await welcomed({ version: 4 });
    await network.settled(client.disconnect());
    await network.advance(1000);
    assert.deepEqual(server.heard(), ['disconnect']);
    assert.equal(server.isClosed, true);
  });

  it('does not wait for ever for a server that takes no last bytes', async () => {
    const { network, server, client } = await welcomed({ limits: { lingerSeconds: 2 } });
    server.hold();
    const leaving = client.disconnect();
    await network.advance(2);
    await network.settled(leaving);
    assert.equal(server.isClosed, true);
  });

  it('tells why the server ended it', async () => {
    const { network, server, client } = await welcomed();
    const messages = client.messages().next();
    const rejected = assert.rejects(messages, failure('disconnected by server', 0x8e));
    await server.send({ type: 'disconnect', reasonCode: 0x8e });
    assert.equal((await network.settled(client.closed))?.reasonCode, 0x8e);
    await rejected;
    assert.deepEqual(server.heard(), []);
  });

  it('tells that it was lost', async () => {
    const { network, server, client } = await welcomed();
    const subscribing = assert.rejects(client.subscribe('a'), failure('connection lost'));
    await network.settle();
    await server.drop();
    await subscribing;
    assert.equal((await client.closed)?.failure, 'connection lost');
  });
});

describe('a server that breaks the protocol', () => {
  const welcome = '20 [00 00 00]';
  for (const { name, bytes, answer, options = {} } of [
    { name: 'a packet with flags that are reserved [MQTT-2.1.3-1]', bytes: 'd1 []', answer: 0x81 },
    { name: 'a packet that only a client sends', bytes: 'c0 []', answer: 0x82 },
    { name: 'a second CONNACK', bytes: welcome, answer: 0x82 },
    { name: 'a text that is no UTF-8 [MQTT-1.5.4-1]', bytes: '30 [0001 ff 00]', answer: 0x81 },
    { name: 'a topic with a wildcard [MQTT-3.3.2-2]', bytes: '30 ["a/#" 00]', answer: 0x81 },
    { name: 'a QoS of 3 [MQTT-3.3.1-4]', bytes: '36 ["a" 0001 00]', answer: 0x81 },
    { name: 'a topic alias, when none is allowed', bytes: '30 ["a" [23 0001]]', answer: 0x94 },
    { name: 'SUBACK for nothing', bytes: '90 [0001 00 00]', answer: 0x82 },
    { name: 'AUTH for nothing', bytes: 'f0 [18 [15 "m"]]', answer: 0x82 },
    {
      name: 'a packet above the Maximum Packet Size',
      bytes: '30 ["a" 00 (0123456789)]',
      answer: 0x95,
      options: { properties: { maximumPacketSize: 10 } },
    },
  ]) {
    it(`is told 0x${answer.toString(16)} for ${name}`, async () => {
      const { server, client } = await welcomed(options);
      await server.sendBytes(bytes);
      const failed = await client.closed;
      assert.equal(failed?.failure, 'protocol error');
      assert.equal(failed.reasonCode, answer);
      const [disconnect] = server.received();
      assert.equal(disconnect?.type, 'disconnect');
      assert.equal(disconnect.reasonCode, answer);
      assert.equal(server.isClosed, true);
    });
  }

  it('is left without a word in MQTT 3.1.1 [MQTT3-4.8.0-1] [MQTT3-2.2.2-2]', async () => {
    const { server, client } = await welcomed({ version: 4 });
    await server.sendBytes('d1 []');
    assert.deepEqual(server.heard(), []);
    assert.equal(server.isClosed, true);
    assert.equal((await client.closed)?.failure, 'protocol error');
  });

  it('is left when it has a session after a clean start [MQTT-3.2.2-4]', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('protocol error', 0x82));
    await server.sendBytes('20 [01 00 00]');
    await rejected;
    assert.equal(server.isClosed, true);
  });

  it('is left when it sends anything before CONNACK', async () => {
    const { network, server, client } = stage();
    const connecting = client.connect(server.open);
    await network.settle();
    const rejected = assert.rejects(connecting, failure('protocol error', 0x82));
    await server.sendBytes('30 ["a" 00]');
    await rejected;
  });

  it('gets no AUTH where CONNECT names no method [MQTT-4.12.0-7]', async () => {
    const { server } = await welcomed();
    await server.sendBytes('f0 [18 [15 "m"]]');
    assert.deepEqual(server.heard(), ['disconnect']);
  });
});

describe('keep-alive', () => {
  it('has PINGREQ sent within its time, whenever the last packet was [MQTT-3.1.2-20] [MQTT3-3.1.2-23]', async () => {
    const { network, server, client } = await welcomed({ keepAliveSeconds: 10 });
    let silence = 0;
    for (let second = 1; second <= 100; second++) {
      if (second === 33) await client.publish('a', '');
      await network.advance(1);
      const packets = server.received();
      silence = packets.length > 0 ? 0 : silence + 1;
      assert.ok(silence < 10, `silent for ${silence} s`);
      if (packets.some(({ type }) => type === 'pingreq')) await server.send({ type: 'pingresp' });
    }
    assert.equal(client.isConnected, true);
  });

  it('is the time that the server sets [MQTT-3.1.2-21] [MQTT-3.2.2-21]', async () => {
    const { network, server } = await welcomed({ keepAliveSeconds: 100 }, { serverKeepAlive: 10 });
    await network.advance(5);
    assert.deepEqual(server.heard(), ['pingreq']);
  });

  it('is off when it is 0', async () => {
    const { network, server, client } = await welcomed({ keepAliveSeconds: 0 });
    await network.advance(1_000_000);
    assert.deepEqual(server.heard(), []);
    assert.equal(client.isConnected, true);
  });

  it('ends a connection whose server has gone silent, even to one that publishes', async () => {
    const { network, client } = await welcomed({ keepAliveSeconds: 10 });
    for (let second = 0; second < 20 && client.isConnected; second++) {
      await client.publish('a', '');
      await network.advance(1);
    }
    assert.equal((await network.settled(client.closed))?.failure, 'keep-alive timeout');
  });

  it('is patient with a server that it does not listen to itself', async () => {
    const limits = { inboxMessagesMax: 1 };
    const { network, server, client } = await welcomed({ keepAliveSeconds: 10, limits });
    await server.send(message(0, 0), message(0, 0));
    await server.send(message(0, 0));
    assert.equal(server.isHeldUp, true);
    await network.advance(100);
    assert.equal(client.isConnected, true);
  });
});
