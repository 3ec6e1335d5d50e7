/** DISCONNECT, from either side. What it does to the will is with the wills in 03-connect. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesOf } from '../../../src/packet/packet-notation.ts';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived } from '../../harness/wire.ts';

describe('DISCONNECT of a client', () => {
  for (const version of [3, 4, 5] as const) {
    it(`ends the connection without an answer in version ${version}`, async () => {
      const client = await new TestBroker().connect('id', { version });
      await client.sendBytes('e0 00');
      assertReceived(client, '');
      assert.equal(client.isClosed, true);
    });

    it(`is the last that is done for it in version ${version}`, async () => {
      const broker = new TestBroker();
      const watcher = await broker.connect('watcher');
      await watcher.subscribe('#');
      const client = await broker.connect('id', { version });
      const none = version === 5 ? '00' : '';
      await client.sendBytes(`c0 00 e0 00 30 ["a" ${none} (x)] c0 00`);
      assertReceived(client, 'd0 00');
      assert.deepEqual(watcher.received(), []);
    });
  }

  for (const first of ['e1', 'e2', 'e4', 'e8', 'ef']) {
    it(`with first byte 0x${first} is malformed [MQTT-3.14.1-1, MQTT3-3.14.1-1, MQTT-2.1.3-1, MQTT3-2.2.2-2]`, async () => {
      const broker = new TestBroker();
      const newer = await broker.connect('newer', { version: 5 });
      await newer.sendBytes(`${first} 00`);
      assert.deepEqual(outcomeOf(newer), ['disconnect 81', 'closed']);
      const older = await broker.connect('older', { version: 4 });
      await older.sendBytes(`${first} 00`);
      assert.deepEqual(outcomeOf(older), ['closed']);
    });
  }

  // What a client may not say: codes of servers alone, of other packets, of nothing.
  for (const code of ['01', '10', '18', '87', '8b', '8d', '8e', '9a', 'a2', 'ff']) {
    it(`with reason code 0x${code} is not its to send, and ends all the same [MQTT-3.14.2-1]`, async () => {
      const broker = new TestBroker();
      const watcher = await broker.connect('watcher');
      await watcher.subscribe('will');
      const client = await broker.connect('id', {
        will: { topic: 'will', payload: bytesOf('(gone)'), qos: 0, retain: false },
      });
      await client.sendBytes(`e0 [${code}]`);
      assert.deepEqual(outcomeOf(client), ['closed']);
      assert.deepEqual(outcomeOf(watcher), ['publish gone']);
    });
  }

  const malformed = {
    'a property that it does not have': ['e0 [00 [12 "x"]]', '82'],
    'a property twice': ['e0 [00 [11 00000001 11 00000001]]', '82'],
    'bytes after its end': ['e0 [00 [] 00]', '82'],
  } as const;
  for (const [name, [bytes, code]] of Object.entries(malformed)) {
    it(`with ${name} is answered with 0x${code} [MQTT-4.13.1-1]`, async () => {
      const properties = { sessionExpiryInterval: 10 };
      const client = await new TestBroker().connect('id', { properties });
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), [`disconnect ${code}`, 'closed']);
    });
  }
});

/** All that makes a broker send DISCONNECT, with the reason code that it gives. */
const causes: Readonly<
  Record<string, { code: string; cause: (client: TestClient, broker: TestBroker) => unknown }>
> = {
  'another client with its identifier': {
    code: '8e',
    cause: (_, broker) => broker.connect('id'),
  },
  silence: { code: '8d', cause: (_, broker) => broker.advance(15) },
  'the end of the broker': { code: '8b', cause: (_, broker) => broker.broker.shutDown() },
  'a malformed packet': { code: '81', cause: (client) => client.sendBytes('c1 00') },
  'a protocol error': { code: '82', cause: (client) => client.sendBytes('d0 00') },
};

describe('DISCONNECT of the broker', () => {
  for (const [name, { code, cause }] of Object.entries(causes)) {
    const start = async (broker: TestBroker) => {
      const properties = { sessionExpiryInterval: 100 };
      const client = await broker.connect('id', { keepAliveSeconds: 10, properties });
      await client.subscribe('news', { qos: 1 });
      return client;
    };

    it(`because of ${name} closes the connection and has no expiry [MQTT-3.14.4-2, MQTT-3.14.2-1, MQTT-3.14.2-2, MQTT-4.13.2-1]`, async () => {
      const broker = new TestBroker();
      const client = await start(broker);
      await cause(client, broker);
      await broker.settle();
      assertReceived(client, `e0 [${code}]`);
      assert.equal(client.isClosed, true);
    });

    it(`because of ${name} is the last packet [MQTT-3.14.4-1]`, async () => {
      const broker = new TestBroker();
      const client = await start(broker);
      client.freeze();
      const publisher = await broker.connect('publisher');
      await publisher.publish('news', 'before', { qos: 1, packetId: 1 });
      await cause(client, broker);
      await publisher.publish('news', 'after', { qos: 1, packetId: 2 });
      await client.sendBytes('c0 00');
      await client.thaw();
      assert.deepEqual(outcomeOf(client), ['publish before', `disconnect ${code}`, 'closed']);
    });
  }

  for (const [size, properties] of [
    ['15', '[1f "no entry after"]'],
    ['14', '[]'],
  ]) {
    it(`says why where there is a reason for the client and ${size} bytes hold it [MQTT-3.14.2-3, MQTT-3.14.2-4]`, async () => {
      const refused = {
        type: 'refuse',
        reasonCode: reasonCodes.notAuthorized,
        reasonString: 'no entry after',
      } as const;
      const gatekeeper = new TestGatekeeper({ reauthenticate: () => refused });
      const client = new TestBroker({ gatekeeper }).open();
      await client.sendBytes(`10 ["MQTT" 05 02 003c [15 "m" 27 000000${size}] "id"]`);
      client.received();
      client.receivedHex();
      await client.sendBytes('f0 [19 [15 "m"]]');
      assertReceived(client, `e0 [87 ${properties}]`);
      assert.equal(client.isClosed, true);
    });
  }

  it('ends the connection of a client that does not take it', async () => {
    const broker = new TestBroker({ limits: { lingerSeconds: 5 } });
    const client = await broker.connect('id');
    client.freeze();
    await client.sendBytes('00 00');
    await client.sendBytes('c0 00 c0 00');
    await broker.advance(4.9);
    assert.equal(client.isClosed, false);
    await broker.advance(0.2);
    assert.equal(client.isClosed, true);
    assert.equal(client.receivedHex(), '');
    assert.equal(broker.broker.connectionCount, 0);
  });
});

describe('before CONNACK', () => {
  const early = {
    'DISCONNECT as first packet': 'e0 00',
    'a refused CONNECT': '10 ["MQTT" 05 03 003c [] "id"]',
    'a refused CONNECT of MQTT 3.1.1': '10 ["MQTT" 04 03 003c "id"]',
    'an unknown version': '10 ["MQTT" 06 02 003c [] "id"]',
    'no MQTT at all': '(GET / HTTP/1.1)',
  };
  for (const [name, bytes] of Object.entries(early)) {
    it(`no DISCONNECT is sent: ${name} [MQTT-3.14.0-1]`, async () => {
      const client = new TestBroker().open();
      await client.sendBytes(bytes);
      assert.equal(client.isClosed, true);
      const seen = outcomeOf(client).filter((packet) => packet.startsWith('disconnect'));
      assert.deepEqual(seen, []);
    });
  }
});
