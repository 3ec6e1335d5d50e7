/** A client that does not read: its output is bounded, and nobody else waits for it. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { takeTexts } from '../../harness/take-all.ts';
import { publishOf } from '../../harness/test-broker.ts';
import { inAllVersions, lasting, type PairOptions, pair } from '../../harness/wire.ts';

const outputBytesMax = 10_000;
// Output is first flushed at 64 KiB, so that the network may take it: that and a packet.
const firstFlushBytes = 67_000;

/** A pair whose broker remembers the causes of what it dropped. */
async function watchedPair(options: PairOptions) {
  const causes: string[] = [];
  const clients = await pair({
    ...options,
    limits: { outputBytesMax, ...options.limits },
    observer: { messageDropped: (id, _topic, _qos, cause) => causes.push(`${id}: ${cause}`) },
  });
  return { ...clients, causes };
}

function hundred(): string[] {
  return Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(1000));
}

inAllVersions((version) => {
  it('drops QoS 0 for a client that has stopped reading, and goes on when it reads again', async () => {
    const { subscriber, publisher, causes } = await watchedPair({ version });
    await subscriber.subscribe('a');
    subscriber.freeze();
    const payloads = hundred();
    for (const payload of payloads) await publisher.publish('a', payload);
    assert.equal(subscriber.far.pendingBytes < outputBytesMax, true);
    await subscriber.thaw();
    const received = subscriber.payloads();
    // Two pieces: what the network held, and what waited behind it.
    assert.deepEqual(received, payloads.slice(0, received.length));
    assert.equal(received.length * 1000 <= outputBytesMax + 2000, true, `${received.length}`);
    const dropped = new Array(payloads.length - received.length).fill('subscriber: slow receiver');
    assert.deepEqual(causes, dropped);
    await publisher.publish('a', 'again');
    assert.deepEqual(subscriber.payloads(), ['again']);
  });

  it('has QoS 1 wait for a client that has stopped reading, in the bounded queue', async () => {
    const limits = { inflightMessagesMax: 0, queuedMessagesMax: 50 };
    const { subscriber, publisher, causes } = await watchedPair({ version, limits });
    await subscriber.subscribe('a', { qos: 1 });
    subscriber.freeze();
    const payloads = hundred();
    for (const payload of payloads) await publisher.publish('a', payload, { qos: 1 });
    assert.equal(new Set(causes).size, 1);
    assert.equal(causes[0], 'subscriber: queue full');
    await subscriber.thaw();
    const received = await takeTexts(subscriber);
    assert.deepEqual(received, payloads.slice(0, 100 - causes.length));
    assert.equal(received.length >= 50 && received.length <= 65, true, `${received.length}`);
  });

  it('holds up nobody else while one client does not read', async () => {
    const { broker, subscriber, publisher } = await watchedPair({ version });
    const other = await broker.connect('other', { version });
    for (const client of [subscriber, other]) await client.subscribe('a', { qos: 1 });
    subscriber.freeze();
    const payloads = hundred();
    const taken: string[] = [];
    for (const payload of payloads) {
      await publisher.publish('a', payload, { qos: 1 });
      assert.equal(publisher.received()[0].type, 'puback');
      taken.push(...(await takeTexts(other)));
    }
    assert.deepEqual(taken, payloads);
  });

  it('bounds a burst within one turn too', async () => {
    const { subscriber, publisher, causes } = await watchedPair({ version });
    await subscriber.subscribe('a');
    subscriber.freeze();
    await publisher.send(...hundred().map((payload) => publishOf('a', payload)));
    await publisher.send(...hundred().map((payload) => publishOf('a', payload)));
    assert.equal(subscriber.far.pendingBytes <= firstFlushBytes + outputBytesMax, true);
    assert.equal(causes.length >= 120, true, `${causes.length}`);
  });

  it('sends retained messages no faster than they are read', async () => {
    const { subscriber, publisher, causes } = await watchedPair({ version });
    for (const [index, payload] of hundred().entries()) {
      await publisher.publish(`a/${index}`, payload, { retain: true });
    }
    subscriber.freeze();
    await subscriber.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    });
    assert.equal(
      subscriber.far.pendingBytes <= firstFlushBytes,
      true,
      `${subscriber.far.pendingBytes}`,
    );
    await subscriber.thaw();
    assert.deepEqual(subscriber.payloads().sort(), hundred().sort());
    assert.deepEqual(causes, []);
  });

  it('sends unacknowledged messages again no faster than they are read', async () => {
    const limits = { inflightMessagesMax: 0 };
    const clients = await watchedPair({ version, limits, subscriber: lasting(version) });
    const { broker, subscriber, publisher, causes } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    const payloads = hundred();
    for (const payload of payloads) await publisher.publish('a', payload, { qos: 1 });
    await subscriber.drop();
    const returned = broker.open(version);
    returned.freeze();
    await returned.connect('subscriber', lasting(version));
    assert.equal(
      returned.far.pendingBytes <= firstFlushBytes,
      true,
      `${returned.far.pendingBytes}`,
    );
    await returned.thaw();
    assert.deepEqual(await takeTexts(returned), payloads);
    assert.deepEqual(causes, []);
  });

  it('stops reading from a client that asks for more answers than it takes', async () => {
    const { subscriber } = await watchedPair({ version });
    subscriber.freeze();
    const pings = 'c0 00 '.repeat(20_000);
    await subscriber.sendBytes(pings);
    assert.equal(subscriber.far.isPaused, true);
    await subscriber.sendBytes(pings);
    await subscriber.thaw();
    assert.equal(subscriber.far.isPaused, false);
    assert.equal(subscriber.received().length, 40_000, 'no answer is lost');
  });

  it('lets a client that takes nothing be taken over, and keeps its messages', async () => {
    const clients = await watchedPair({ version, subscriber: lasting(version) });
    const { broker, subscriber, publisher } = clients;
    await subscriber.subscribe('a', { qos: 1 });
    subscriber.freeze();
    const payloads = hundred();
    for (const payload of payloads) await publisher.publish('a', payload, { qos: 1 });
    const returned = await broker.connect('subscriber', lasting(version));
    assert.deepEqual(await takeTexts(returned), payloads);
    await broker.advance(6);
    assert.equal(broker.broker.connectionCount, 2, 'the frozen connection is given up');
  });
});

it('drops nothing for a client that reads, however much there is in a turn', async () => {
  const { subscriber, publisher, causes } = await watchedPair({});
  await subscriber.subscribe('a');
  const payloads = hundred();
  for (let time = 0; time < 3; time++) {
    await publisher.send(...payloads.slice(0, 50).map((payload) => publishOf('a', payload)));
    assert.deepEqual(subscriber.payloads(), payloads.slice(0, 50));
  }
  assert.deepEqual(causes, []);
});
