/** What once went wrong, each by itself. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Calendar } from '../../src/broker/state/calendar.ts';
import { Changes } from '../../src/broker/state/changes.ts';
import { tables } from '../../src/broker/state/keys.ts';
import { recall } from '../../src/broker/state/recall.ts';
import { writeSession } from '../../src/broker/state/session-record.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import { publishOf } from '../harness/test-broker.ts';
import { Stage } from './stage.ts';

it('a retained message larger than 1 KiB reaches a second subscriber over a restart', async () => {
  let stage = new Stage();
  const publisher = await stage.durable('publisher');
  await publisher.publish('t', 'x'.repeat(2000), { qos: 1, retain: true });
  const first = await stage.durable('first');
  await first.subscribe('t', { qos: 1 });
  await first.send({ type: 'puback', packetId: 1, reasonCode: 0 });
  const second = await stage.durable('second');
  await second.subscribe('t', { qos: 1 });
  stage = stage.crash();
  const back = await stage.durable('second');
  assert.deepEqual(stage.events, []);
  assert.equal(back.publishes().length, 1);
});

it('QoS 2 by a durable publisher to a QoS 1 subscriber survives a crash in a busy moment', async () => {
  let stage = new Stage();
  const subscriber = await stage.durable('online');
  await subscriber.subscribe('online', { qos: 1 });
  const away = await stage.durable('away');
  await away.subscribe('away', { qos: 1 });
  await away.drop();
  const publisher = await stage.durable('publisher');
  stage.store.hold();
  const busy = await stage.passing('busy', { version: 4 });
  for (let id = 1; id <= 40; id++) busy.write(publishOf('away', 'x', { qos: 1, packetId: id }));
  publisher.write(publishOf('online', 'kept', { qos: 2, packetId: 41 }));
  subscriber.freeze();
  await stage.settle();
  stage.store.commitNext();
  stage = stage.crash();
  const back = await stage.durable('online');
  const again = await stage.durable('publisher');
  await again.publish('online', 'kept', { qos: 2, packetId: 41, dup: true });
  assert.deepEqual(
    again.received().map(({ type }) => type),
    ['pubrec'],
  );
  assert.deepEqual(back.payloads(), ['kept']);
});

it('a session whose client was there at a crash does not expire by an older date', async () => {
  let stage = new Stage();
  const hour = { properties: { sessionExpiryInterval: 3600 } };
  const client = await stage.durable('client', hour);
  await client.drop();
  await stage.advance(60);
  await stage.durable('client', hour);
  await stage.advance(36_000);
  stage = stage.crash();
  await stage.advance(60);
  stage = await stage.restart();
  await stage.advance(1);
  assert.equal((await stage.comeIn('client', hour)).isPresent, true);
});

it('the correlation data of a will is its own after a restart', () => {
  const changes = new Changes();
  writeSession(changes.beginPut(tables.session, 1), {
    clientId: 'c',
    isEnded: false,
    expirySeconds: 60,
    leftAt: 0,
    identity: undefined,
    will: {
      dueAt: 0,
      will: {
        topic: 't',
        payload: new Uint8Array(),
        qos: 0,
        retain: false,
        properties: { correlationData: Uint8Array.of(1, 2, 3) },
      },
    },
  });
  changes.endPut();
  const store = new MemoryStore();
  store.apply(changes.view());
  const recalled = recall(
    (take) =>
      store.records((key, value) => {
        const lent = value.slice();
        take(key, lent);
        lent.fill(0xff);
      }),
    new Calendar({ now: () => 0 }, () => 0),
  );
  assert.deepEqual(
    [...recalled.sessions.get(1)!.record.will!.will.properties!.correlationData!],
    [1, 2, 3],
  );
});

it('a session number is not given to another while records of it are left', async () => {
  let stage = new Stage();
  const owner = await stage.durable('owner');
  await owner.subscribe('private', { qos: 1 });
  await owner.drop();
  const publisher = await stage.passing('publisher');
  await publisher.publish('private', 'secret', { qos: 1 });
  const session = stage.store.keys().find(({ table }) => table === tables.session)!;
  stage.store.lose(session);
  stage = stage.crash();
  await (await stage.durable('stranger')).drop();
  stage = stage.crash();
  assert.deepEqual((await stage.durable('stranger')).payloads(), []);
});

it('a message number is not given to another while deliveries refer to it', async () => {
  let stage = new Stage();
  const owner = await stage.durable('owner');
  await owner.subscribe('private', { qos: 1 });
  await owner.drop();
  const other = await stage.durable('other');
  await other.subscribe('other', { qos: 1 });
  await other.drop();
  const publisher = await stage.passing('publisher');
  await publisher.publish('private', 'x'.repeat(2000), { qos: 1 });
  stage.store.lose(stage.store.keys().find(({ table }) => table === tables.message)!);
  stage = stage.crash();
  await (await stage.passing('publisher')).publish('other', 'secret'.repeat(400), { qos: 1 });
  stage = stage.crash();
  assert.deepEqual((await stage.durable('owner')).payloads(), []);
});

it('queued messages go on when one in flight was taken back', async () => {
  const stage = new Stage();
  const subscriber = await stage.durable('subscriber', {
    properties: { sessionExpiryInterval: 100, receiveMaximum: 1 },
  });
  await subscriber.subscribe('t', { qos: 2 });
  const p5 = await stage.passing('p5');
  const p4 = await stage.passing('p4', { version: 4 });
  stage.store.fault = { code: 'ENOSPC', message: '' };
  stage.store.hold();
  await p5.publish('t', 'refused', { qos: 2 });
  await p4.publish('t', 'waits', { qos: 1 });
  stage.store.commitNext();
  await stage.settle();
  stage.store.fault = undefined;
  stage.store.release();
  await stage.advance(2);
  assert.deepEqual(stage.events, [
    'failed ENOSPC',
    'dropped t q2 for subscriber: not stored',
    'recovered',
  ]);
  assert.deepEqual(subscriber.payloads(), ['waits']);
});
it('a retained message goes back to the last that was accepted when the store fails twice', async () => {
  const stage = new Stage();
  const p = await stage.passing('p5');
  await p.publish('t', 'good', { qos: 1, retain: true });
  stage.store.hold();
  stage.store.fault = { code: 'ENOSPC', message: '' };
  await p.publish('t', 'bad', { qos: 1, retain: true });
  stage.store.commitNext();
  await stage.settle();
  stage.store.fault = undefined;
  await stage.advance(1);
  stage.store.commitNext();
  await stage.settle();
  await p.publish('t', 'worse', { qos: 1, retain: true });
  stage.store.fault = { code: 'ENOSPC', message: '' };
  stage.store.commitNext();
  await stage.settle();
  const reader = await stage.passing('reader');
  await reader.subscribe('t');
  assert.deepEqual(reader.payloads(), ['good']);
});

it('PUBACK leaves on an idle broker whose subscriber does not acknowledge', async () => {
  const stage = new Stage();
  const subscriber = await stage.durable('subscriber');
  await subscriber.subscribe('t', { qos: 1 });
  const publisher = await stage.passing('publisher');
  await publisher.publish('t', 'x', { qos: 1 });
  await stage.advance(60);
  assert.deepEqual(
    publisher.received().map(({ type }) => type),
    ['puback'],
  );
});
