/** Keep alive: how long a client may be silent. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { inBothVersions } from '../../harness/wire.ts';

const signs = {
  PINGREQ: 'c0 00',
  'QoS 0 PUBLISH': { 4: '30 ["a" (x)]', 5: '30 ["a" 00 (x)]' },
  SUBSCRIBE: { 4: '82 [0001 "a" 00]', 5: '82 [0001 00 "a" 00]' },
  'PUBACK of nothing': '40 02 00 09',
};

inBothVersions((version) => {
  const farewell = version === 5 ? ['disconnect 8d', 'closed'] : ['closed'];

  it('disconnects after one and a half times the keep alive [MQTT-3.1.2-22, MQTT3-3.1.2-24]', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 10 });
    await broker.advance(14.999);
    assert.deepEqual(outcomeOf(client), []);
    await broker.advance(0.001);
    assert.deepEqual(outcomeOf(client), farewell);
  });

  for (const [name, bytes] of Object.entries(signs)) {
    it(`counts anew from a ${name} [MQTT-3.1.2-22, MQTT3-3.1.2-24]`, async () => {
      const broker = new TestBroker();
      const client = await broker.connect('id', { version, keepAliveSeconds: 10 });
      for (let times = 0; times < 3; times++) {
        await broker.advance(14.9);
        await client.sendBytes(typeof bytes === 'string' ? bytes : bytes[version]);
        assert.equal(client.isClosed, false);
      }
      client.received();
      await broker.advance(14.9);
      assert.deepEqual(outcomeOf(client), []);
      await broker.advance(0.1);
      assert.deepEqual(outcomeOf(client), farewell);
    });
  }

  it('is not kept up by what the broker sends', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 10 });
    await client.subscribe('news');
    const publisher = await broker.connect('publisher');
    for (let seconds = 0; seconds < 15; seconds++) {
      await publisher.publish('news', 'x');
      assert.deepEqual(client.payloads(), ['x']);
      await broker.advance(1);
    }
    assert.deepEqual(outcomeOf(client), farewell);
  });

  it('counts whole packets, not single bytes of one [MQTT-3.1.2-22, MQTT3-3.1.2-24]', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 10 });
    await client.sendBytes('30 64');
    for (let seconds = 0; seconds < 15; seconds++) {
      assert.equal(client.isClosed, false);
      await client.sendBytes('00');
      await broker.advance(1);
    }
    assert.deepEqual(outcomeOf(client), farewell);
  });

  it('gives a large packet the time that it takes, as long as much of it comes', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 10 });
    await client.subscribe('a');
    const none = version === 5 ? '00' : '';
    await client.sendBytes(`30 ${version === 5 ? 'a4' : 'a3'} 9c 01 "a" ${none}`);
    for (let seconds = 0; seconds < 100; seconds += 5) {
      await client.sendBytes(`(${'x'.repeat(1000)})`);
      await broker.advance(5);
    }
    assert.deepEqual(
      client.payloads().map(({ length }) => length),
      [20_000],
    );
    assert.equal(client.isClosed, false);
  });

  it('of 0 allows any silence', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 0 });
    await broker.advance(1000 * 86_400);
    assert.deepEqual(outcomeOf(client), []);
    await client.send({ type: 'pingreq' });
    assert.deepEqual(outcomeOf(client), ['pingresp']);
  });

  it('may be as long as two bytes can say', async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', { version, keepAliveSeconds: 65_535 });
    await broker.advance(98_302);
    assert.deepEqual(outcomeOf(client), []);
    await broker.advance(1);
    assert.deepEqual(outcomeOf(client), farewell);
  });
});

describe('a limit to the keep alive', () => {
  const limits = { keepAliveSecondsMax: 60 };
  const cases = [
    { asked: 30, told: undefined, holds: 30 },
    { asked: 60, told: undefined, holds: 60 },
    { asked: 61, told: 60, holds: 60 },
    { asked: 65_535, told: 60, holds: 60 },
    { asked: 0, told: 60, holds: 60 },
  ];
  for (const { asked, told, holds } of cases) {
    const tells = told === undefined ? 'does not tell' : `tells ${told} s to`;
    it(`of 60 s ${tells} a client that asks for ${asked} s, and ${holds} s hold [MQTT-3.2.2-22]`, async () => {
      const broker = new TestBroker({ limits });
      const client = broker.open();
      const connack = await client.connect('id', { keepAliveSeconds: asked });
      assert.equal(connack?.type, 'connack');
      assert.equal(connack.properties?.serverKeepAlive, told);
      await broker.advance(holds * 1.5 - 0.1);
      assert.deepEqual(outcomeOf(client), []);
      await broker.advance(0.2);
      assert.deepEqual(outcomeOf(client), ['disconnect 8d', 'closed']);
    });
  }

  for (const { keepAliveSeconds, answer } of [
    { keepAliveSeconds: 60, answer: '20 02 00 00' },
    { keepAliveSeconds: 61, answer: '20 02 00 02' },
    { keepAliveSeconds: 0, answer: '20 02 00 02' },
  ]) {
    const verb = answer.endsWith('00') ? 'lets in' : 'refuses';
    it(`${verb} a client of MQTT 3.1.1 that asks for ${keepAliveSeconds} s, as it cannot be told`, async () => {
      const client: TestClient = new TestBroker({ limits }).open(4);
      await client.connect('id', { keepAliveSeconds });
      assert.equal(client.receivedHex(), answer);
    });
  }
});

it('leaves Server Keep Alive out where nothing limits the keep alive [MQTT-3.2.2-22]', async () => {
  const broker = new TestBroker();
  const client = broker.open();
  const connack = await client.connect('id', { keepAliveSeconds: 65_535 });
  assert.equal(connack?.type === 'connack' && connack.properties?.serverKeepAlive, undefined);
});
