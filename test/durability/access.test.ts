/** Whose sessions are whose, when a broker begins again. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Changes } from '../../src/broker/state/changes.ts';
import { tables } from '../../src/broker/state/keys.ts';
import { writeSession } from '../../src/broker/state/session-record.ts';
import { bytesOf } from '../../src/packet/packet-notation.ts';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import { TestGatekeeper } from '../harness/test-gatekeeper.ts';
import { durable, Stage, type StageOptions } from './stage.ts';

const onlyBoss = () => new TestGatekeeper({ receive: ({ userName }) => userName === 'boss' });

/** A user that subscribes to everything, and leaves. */
async function leave(stage: Stage, clientId: string, userName: string | undefined) {
  const client = await stage.durable(clientId, { userName });
  await client.subscribe('#', { qos: 1 });
  await client.drop();
}

async function payloadsFor(stage: Stage, clientId: string, userName: string | undefined) {
  const { client } = await stage.comeIn(clientId, { userName });
  return client.payloads();
}

/** By a client that nobody is asked about. */
async function publish(stage: Stage, payload: string) {
  const publisher = await stage.passing('publisher', { userName: 'boss' });
  await publisher.publish('a', payload, { qos: 1 });
  await publisher.drop();
}

const named: StageOptions = { listener: { name: '1883' } };

for (const ending of ['restart', 'crash'] as const) {
  it(`what comes after a ${ending} is decided by the user name that was stored`, async () => {
    let stage = new Stage({ ...named, gatekeeper: onlyBoss() });
    for (const user of ['boss', 'clerk']) await leave(stage, user, user);
    stage = await stage[ending]();
    await publish(stage, 'new');
    assert.deepEqual(await payloadsFor(stage, 'boss', 'boss'), ['new']);
    assert.deepEqual(await payloadsFor(stage, 'clerk', 'clerk'), []);
  });
}

it('the listener that a client came in by is stored, and its gatekeeper is asked', async () => {
  const asked: string[] = [];
  let stage = new Stage(named);
  await leave(stage, 'id', undefined);
  stage = await stage.restart(0, {
    gatekeeperFor: (listenerName) => {
      asked.push(listenerName);
      return onlyBoss();
    },
    listener: { name: 'another' },
  });
  await publish(stage, 'new');
  assert.deepEqual(asked, ['1883']);
  assert.deepEqual(await payloadsFor(stage, 'id', undefined), []);
});

it('a listener of that name takes over when it is opened', async () => {
  let stage = new Stage(named);
  await leave(stage, 'id', undefined);
  stage = await stage.restart(0, { listener: { name: '1883', gatekeeper: onlyBoss() } });
  await publish(stage, 'new');
  assert.deepEqual(await payloadsFor(stage, 'id', undefined), []);
});

it('the will of a client that does not come back is judged by the gatekeeper of its listener', async () => {
  const will = { topic: 'will', payload: new Uint8Array([1]), qos: 0, retain: false } as const;
  const refuses = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
  const wills = async (gatekeeper: TestGatekeeper) => {
    let stage = new Stage(named);
    await stage.durable('id', { will, userName: 'u' });
    stage = stage.crash(0, { gatekeeperFor: () => gatekeeper });
    const watcher = await stage.passing('watcher');
    await watcher.subscribe('will');
    await stage.advance(1);
    return watcher.publishes().length;
  };
  assert.equal(await wills(new TestGatekeeper()), 1);
  assert.equal(await wills(refuses), 0);
});

it('a client that comes back as another user is stored as that one', async () => {
  let stage = new Stage({ ...named, gatekeeper: onlyBoss() });
  await leave(stage, 'id', 'boss');
  await stage.comeIn('id', { userName: 'clerk' });
  stage = stage.crash();
  await publish(stage, 'new');
  assert.deepEqual(await payloadsFor(stage, 'id', 'clerk'), []);
});

it('a session of layout 1 does not say whose it is: everything waits until its client is back', async () => {
  let stage = new Stage({ ...named, gatekeeper: onlyBoss() });
  await leave(stage, 'id', 'clerk');
  const changes = new Changes();
  writeSession(changes.beginPut(tables.session, 1), {
    clientId: 'id',
    isEnded: false,
    expirySeconds: 1000,
    leftAt: 1,
    identity: undefined,
    will: undefined,
  });
  changes.endPut();
  stage.store.commit(changes.view(), () => {});
  await stage.settle();
  stage = stage.crash();
  await publish(stage, 'while away');
  assert.deepEqual(await payloadsFor(stage, 'id', 'boss'), ['while away']);
});

it('the publisher of a retained message is stored, and asked for after a restart', async () => {
  const refuses = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
  const retainedAfter = async (gatekeeperFor: StageOptions['gatekeeperFor']) => {
    let stage = new Stage(named);
    const publisher = await stage.passing('publisher', { userName: 'u' });
    await publisher.publish('a', 'kept', { qos: 1, retain: true });
    stage = await stage.restart(0, { gatekeeperFor });
    const client = await stage.passing('client');
    await client.subscribe('#');
    return client.payloads();
  };
  assert.deepEqual(await retainedAfter(undefined), ['kept']);
  const names: string[] = [];
  const refusing = (listenerName: string) => {
    names.push(listenerName);
    return refuses;
  };
  assert.deepEqual(await retainedAfter(refusing), []);
  assert.deepEqual(names, ['1883']);
});

it('the will of a session of layout 1 is judged by the user name that stands in it', async () => {
  const seenBy: (string | undefined)[] = [];
  class Curious extends TestGatekeeper {
    override mayPublish({ userName }: { userName?: string | undefined }) {
      seenBy.push(userName);
      return reasonCodes.success;
    }
  }
  let stage = new Stage();
  await leave(stage, 'id', undefined);
  const [never, at] = ['0000 00000000', '0000 00000001'];
  const changes = new Changes();
  const out = changes.beginPut(tables.session, 1);
  out.raw(bytesOf(`22 00000e10 ${at} "id" ${never} "user" "topic" 00 (gone)`));
  changes.endPut();
  stage.store.commit(changes.view(), () => {});
  await stage.settle();
  stage = stage.crash(0, { gatekeeper: new Curious() });
  await stage.advance(1);
  assert.deepEqual(seenBy, ['user']);
});

const sent = { notAuthorized: 0x87, administrativeAction: 0x87, maximumConnectTime: 0x87 } as const;
for (const [reason, told] of Object.entries(sent)) {
  it(`a client whose CONNACK waits for the store is sent away as well, with 0x87 for ${reason}`, async () => {
    const stage = new Stage(named);
    stage.store.hold();
    const client = stage.open();
    assert.equal(await client.connect('id', { ...durable, userName: 'clerk' }), undefined);
    stage.broker.disconnectWhere(
      ({ userName }, listenerName) => userName === 'clerk' && listenerName === '1883',
      reasonCodes[reason as keyof typeof sent],
      'access was withdrawn',
    );
    stage.store.release();
    await stage.settle();
    const [connack] = client.received();
    assert.equal(connack.type === 'connack' && connack.reasonCode, told);
    assert.equal(client.isClosed, true);
  });
}
