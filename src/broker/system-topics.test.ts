/** $SYS as a client sees it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBroker, type TestClient } from '../../test/harness/test-broker.ts';

function values(client: TestClient): Record<string, string> {
  const entries = client
    .publishes()
    .map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]);
  return Object.fromEntries(entries);
}

describe('$SYS', () => {
  it('tells what the broker counts, at its interval', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 10, version: 'pantala test' });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/#');
    assert.equal(values(watcher)['$SYS/broker/version'], 'pantala test');
    await watcher.publish('a', 'five!', { retain: true });
    await broker.advance(9);
    assert.deepEqual(values(watcher), {});
    await broker.advance(1);
    const now = values(watcher);
    assert.equal(now['$SYS/broker/uptime'], '10 seconds');
    assert.equal(now['$SYS/broker/clients/connected'], '1');
    assert.equal(now['$SYS/broker/subscriptions/count'], '1');
    assert.equal(now['$SYS/broker/publish/bytes/received'], '5');
    assert.equal(now['$SYS/broker/mqtt/subscribe/received'], '1');
    assert.ok(Number(now['$SYS/broker/load/messages/received/1min']) > 0);
    assert.ok(Number(now['$SYS/broker/bytes/received']) > 20);
  });

  it('tells the memory in use, and the most that it was', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 10 });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/broker/heap/+');
    const [current, maximum] = ['$SYS/broker/heap/current', '$SYS/broker/heap/maximum'];
    assert.deepEqual(values(watcher), { [current]: '1000', [maximum]: '1000' });
    broker.heapBytes = 3000;
    await broker.advance(10);
    assert.deepEqual(values(watcher), { [current]: '3000', [maximum]: '3000' });
    broker.heapBytes = 2000;
    await broker.advance(10);
    assert.deepEqual(values(watcher), { [current]: '2000' });
  });

  it('publishes only what has changed', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 10 });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/broker/clients/+');
    await broker.advance(10);
    watcher.received();
    await broker.advance(10);
    assert.deepEqual(values(watcher), {});
  });

  it('is not matched by # and cannot be published to', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 10 });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('#');
    await watcher.publish('$SYS/broker/version', 'forged', { qos: 1, retain: true });
    assert.deepEqual(
      watcher
        .received()
        .map((packet) => [packet.type, 'reasonCode' in packet && packet.reasonCode]),
      [['puback', 0x87]],
    );
    await watcher.subscribe('$SYS/broker/version');
    assert.deepEqual(watcher.payloads(), ['pantala']);
  });

  it('is silent at an interval of 0', async () => {
    const broker = new TestBroker({ systemTopicSeconds: 0 });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('$SYS/#');
    await broker.advance(60);
    assert.deepEqual(watcher.publishes(), []);
  });
});

it('changes how often it tells of itself, begins and ends with it, when it is told to', async () => {
  const broker = new TestBroker();
  const client = await broker.connect('id');
  await client.subscribe('$SYS/broker/uptime');
  const uptimes = async (seconds: number) => {
    await broker.advance(seconds);
    return client.payloads();
  };
  assert.deepEqual(await uptimes(20), []);
  broker.broker.change({ systemTopicSeconds: 10 });
  assert.deepEqual(await uptimes(20), ['0 seconds', '10 seconds', '20 seconds']);
  broker.broker.change({ systemTopicSeconds: 4 });
  assert.deepEqual(await uptimes(8), ['24 seconds', '28 seconds']);
  broker.broker.change({ systemTopicSeconds: 0 });
  assert.deepEqual(await uptimes(20), []);
});
