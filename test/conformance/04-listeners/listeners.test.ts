/** What a listener makes of its clients, and what a reload changes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListenerOptions } from '../../../src/broker/listener.ts';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import type { ProtocolVersion } from '../../../src/packet/version.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import {
  type ConnectOptions,
  TestBroker,
  type TestBrokerOptions,
  type Way,
} from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

const text = new TextEncoder();
const ana = { cipher: 'TLSv1.3', identity: 'ana', subject: 'CN=ana' } as const;
const nobody = { cipher: 'TLSv1.3', identity: undefined, subject: undefined } as const;

/** The bytes with which a client is answered, and whether it is sent away. */
async function check(
  listener: ListenerOptions & Pick<TestBrokerOptions, 'features'>,
  client: ConnectOptions & Pick<Way, 'credentials'> & { clientId?: string },
  answer: string,
): Promise<TestGatekeeper> {
  const gatekeeper = new TestGatekeeper();
  const { features, ...options } = listener;
  const broker = new TestBroker({ listener: options, gatekeeper, features });
  const { credentials, clientId = 'id', version = 5, ...connect } = client;
  const opened = broker.open(version, credentials && { credentials });
  await opened.connect(clientId, { properties: undefined, ...connect });
  assert.equal(`${opened.receivedHex()}${opened.isClosed ? ' closed' : ''}`, answer);
  return gatekeeper;
}

const welcome5 = '20 0e 00 00 0b 22 00 0a 27 00 1e 84 80 21 00 14';
const welcome4 = '20 02 00 00';

/** CONNACK of MQTT 5.0 with a reason string, whose text does not matter here. */
async function checkRefused(
  listener: ListenerOptions & Pick<TestBrokerOptions, 'features'>,
  client: ConnectOptions & Pick<Way, 'credentials'> & { clientId?: string },
  outcome: string,
): Promise<void> {
  const { features, ...options } = listener;
  const broker = new TestBroker({ listener: options, features });
  const { credentials, clientId = 'id', version = 5, ...connect } = client;
  const opened = broker.open(version, credentials && { credentials });
  const connack = await opened.connect(clientId, connect);
  assert.equal(connack?.type, 'connack');
  assert.deepEqual([connack.reasonCode.toString(16), opened.isClosed], [outcome, true]);
}

describe('a listener that takes some versions only', () => {
  const cases: [ProtocolVersion[], ProtocolVersion, string][] = [
    [[5], 5, welcome5],
    [[3, 4], 4, welcome4],
    [[3, 4], 3, welcome4],
    [[5], 4, '20 02 00 01 closed'],
    [[5], 3, '20 02 00 01 closed'],
    [[3], 4, '20 02 00 01 closed'],
  ];
  for (const [acceptedVersions, version, answer] of cases) {
    it(`answers version ${version} with ${answer} where it takes ${acceptedVersions}`, async () => {
      await check({ acceptedVersions }, { version }, answer);
    });
  }

  it('answers version 5 with 0x84, in its own form', async () => {
    await checkRefused({ acceptedVersions: [3, 4] }, { version: 5 }, '84');
  });
});

describe('a listener that takes the user name from the transport', () => {
  const listener = { identityAsUserName: true };

  it('tells the gatekeeper who it is, that it is vouched for, and no password', async () => {
    const client = { userName: 'eve', password: text.encode('pw'), credentials: ana };
    const gatekeeper = await check(listener, client, welcome5);
    const [{ userName, password, isVouchedFor }] = gatekeeper.admissions;
    assert.deepEqual([userName, password, isVouchedFor], ['ana', undefined, true]);
  });

  it('vouches for nobody who names an authentication method', async () => {
    const properties = { authenticationMethod: 'X' };
    const gatekeeper = new TestGatekeeper();
    const broker = new TestBroker({ listener, gatekeeper });
    await broker.open(5, { credentials: ana }).connect('id', { properties });
    assert.equal(gatekeeper.admissions[0].isVouchedFor, false);
  });

  it('refuses one that no text of MQTT could hold, as its session could not be stored', async () => {
    const longest = { ...ana, identity: '€'.repeat(21_845) };
    const longer = { ...ana, identity: `${longest.identity}a` };
    await check(listener, { credentials: longest }, welcome5);
    await checkRefused(listener, { credentials: longer }, '86');
  });

  it('refuses a client without one', async () => {
    await checkRefused(listener, { userName: 'eve', credentials: nobody }, '86');
    await checkRefused(listener, { userName: 'eve' }, '86');
    await check(listener, { version: 4, userName: 'eve' }, '20 02 00 04 closed');
  });
});

describe('a listener that does not', () => {
  it('vouches for nobody, whatever the transport knows', async () => {
    const gatekeeper = await check({}, { userName: 'eve', credentials: ana }, welcome5);
    const [{ userName, isVouchedFor, credentials }] = gatekeeper.admissions;
    assert.deepEqual([userName, isVouchedFor, credentials], ['eve', false, ana]);
  });
});

describe('a listener that takes the client identifier from the user name', () => {
  const listener = { userNameAsClientId: true };

  it('has one session for each user, and says nothing of it', async () => {
    const broker = new TestBroker({ listener });
    const first = await broker.connect('one', { userName: 'ana' });
    await broker.connect('two', { userName: 'ana' });
    assert.deepEqual(outcomeOf(first), ['disconnect 8e', 'closed']);
    await check(listener, { userName: 'ana' }, welcome5);
  });

  it('tells a client that has sent none', async () => {
    const assigned = '20 14 00 00 11 22 00 0a 12 00 03 61 6e 61 27 00 1e 84 80 21 00 14';
    await check(listener, { clientId: '', userName: 'ana' }, assigned);
  });

  it('takes it from the identity, where that is the user name', async () => {
    const both = { ...listener, identityAsUserName: true };
    const gatekeeper = await check(both, { userName: 'eve', credentials: ana }, welcome5);
    assert.equal(gatekeeper.admissions[0].clientId, 'ana');
  });

  it('refuses a client without user name', async () => {
    await checkRefused(listener, {}, '87');
    await checkRefused(listener, { userName: '' }, '87');
    await check(listener, { version: 4 }, '20 02 00 05 closed');
  });
});

describe('a prefix that all client identifiers must have', () => {
  const features = { clientIdPrefix: 'secure-' };

  it('lets in who has it', async () => {
    await check({ features }, { clientId: 'secure-1' }, welcome5);
    await check({ features }, { version: 4, clientId: 'secure-1' }, welcome4);
  });

  it('keeps out everybody else', async () => {
    await checkRefused({ features }, { clientId: 'insecure-1' }, '87');
    await check({ features }, { version: 4, clientId: 'secure' }, '20 02 00 05 closed');
  });

  it('holds for those that the broker makes up, too', async () => {
    await checkRefused({ features }, { clientId: '' }, '87');
    const assigned = '20 1a 00 00 17 22 00 0a 12 00 09 (secure-a1) 27 00 1e 84 80 21 00 14';
    const own = { assignedClientIdPrefix: 'secure-a' };
    const broker = new TestBroker({ features, listener: { features: own } });
    const client = broker.open();
    await client.connect('');
    assert.equal(
      client.receivedHex(),
      assigned.replace('(secure-a1)', '73 65 63 75 72 65 2d 61 31'),
    );
  });
});

describe('listeners side by side', () => {
  it('give client identifiers and limits of their own', async () => {
    const broker = new TestBroker({ limits: { qosMax: 2 } });
    const strict = broker.broker.listener({
      limits: { qosMax: 0, topicAliasMax: 0 },
      features: { assignedClientIdPrefix: 'strict-', zeroLengthClientIdAllowed: true },
    });
    const client = broker.open(5, { listener: strict });
    const connack = await client.connect('');
    assert.equal(connack?.type, 'connack');
    assert.deepEqual(connack.properties, {
      assignedClientIdentifier: 'strict-1',
      maximumQos: 0,
      maximumPacketSize: 2_000_000,
      receiveMaximum: 20,
    });
  });

  it('share the limit of connections in all, and each has its own', async () => {
    const broker = new TestBroker({
      limits: { allConnectionsMax: 3 },
      listener: { limits: { connectionsMax: 2 } },
    });
    const other = broker.broker.listener();
    await broker.connect('1');
    const second = await broker.connect('2');
    const third = broker.open();
    await broker.settle();
    assert.equal(third.isClosed, true);
    await broker.connect('3', {}, { listener: other });
    const fourth = broker.open(5, { listener: other });
    await broker.settle();
    assert.equal(fourth.isClosed, true);
    await second.drop();
    await broker.connect('4', {}, { listener: other });
  });
});

describe('a reload', () => {
  it('changes what new connections get, and leaves those that are there alone', async () => {
    const gatekeeper = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
    const broker = new TestBroker();
    const subscriber = await broker.connect('subscriber');
    await subscriber.subscribe('a');
    const before = await broker.connect('before');
    broker.listener.change({ gatekeeper, limits: { topicAliasMax: 3 } });
    const after = broker.open();
    const connack = await after.connect('after');
    assert.equal(connack?.type === 'connack' && connack.properties?.topicAliasMaximum, 3);
    await before.publish('a', 'before');
    await after.publish('a', 'after');
    assert.deepEqual(subscriber.payloads(), ['before']);
  });

  it('changes the general limits of new connections, but not what a listener has set', async () => {
    const broker = new TestBroker({ listener: { limits: { qosMax: 1 } } });
    broker.broker.change({ limits: { qosMax: 0, packetBytesMax: 1000 } });
    const connack = await broker.open().connect('id');
    assert.equal(connack?.type, 'connack');
    const { maximumQos, maximumPacketSize } = connack.properties ?? {};
    assert.deepEqual([maximumQos, maximumPacketSize], [1, 1000]);
  });

  it('changes the length of queues at once', async () => {
    const broker = new TestBroker({ limits: { queuedMessagesMax: 1 } });
    const properties = { sessionExpiryInterval: 100 };
    const away = await broker.connect('away', { properties });
    await away.subscribe('a', { qos: 1 });
    await away.drop();
    const publisher = await broker.connect('publisher');
    const publishAll = async (payloads: string[]) => {
      for (const payload of payloads) await publisher.publish('a', payload, { qos: 1 });
    };
    await publishAll(['1', '2']);
    broker.broker.change({ limits: { queuedMessagesMax: 2 } });
    await publishAll(['3', '4']);
    const back = broker.open();
    await back.connect('away', { cleanStart: false, properties });
    assert.deepEqual(back.payloads(), ['1', '3']);
  });

  it('changes whether QoS 0 waits, and the QoS of deliveries, at once', async () => {
    const broker = new TestBroker();
    const properties = { sessionExpiryInterval: 100 };
    const away = await broker.connect('away', { properties });
    await away.subscribe('a', { qos: 1 });
    await away.drop();
    const publisher = await broker.connect('publisher');
    await publisher.publish('a', 'lost');
    broker.broker.change({ features: { queueQos0: true } });
    await publisher.publish('a', 'waits');
    broker.broker.change({ features: { upgradeOutgoingQos: true } });
    await publisher.publish('a', 'upgraded');
    const back = broker.open();
    await back.connect('away', { cleanStart: false, properties });
    const got = back
      .publishes()
      .map(({ payload, qos }) => `${new TextDecoder().decode(payload)} ${qos}`);
    assert.deepEqual(got, ['waits 0', 'upgraded 1']);
  });
});

describe('clients whose access was withdrawn', () => {
  it('are disconnected with the reason, and nobody else is', async () => {
    const broker = new TestBroker({ listener: { name: '1883' } });
    const other = broker.broker.listener({ name: '1884' });
    const ana = await broker.connect('1', { userName: 'ana' });
    const bob = await broker.connect('2', { userName: 'bob' });
    const anaThere = await broker.connect('3', { userName: 'ana' }, { listener: other });
    const unknown = broker.open();
    broker.broker.disconnectWhere(
      ({ userName }, listenerName) => userName === 'ana' && listenerName === '1883',
      reasonCodes.notAuthorized,
      'your account is gone',
    );
    await broker.settle();
    assert.deepEqual(outcomeOf(ana), ['disconnect 87', 'closed']);
    assert.deepEqual([bob.isClosed, anaThere.isClosed, unknown.isClosed], [false, false, false]);
  });

  it('leave their will', async () => {
    const broker = new TestBroker();
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('gone');
    const will = { topic: 'gone', payload: text.encode('1'), qos: 0, retain: false } as const;
    await broker.connect('1', { will });
    broker.broker.disconnectWhere(
      ({ clientId }) => clientId === '1',
      reasonCodes.administrativeAction,
      'out',
    );
    await broker.settle();
    assert.deepEqual(watcher.payloads(), ['1']);
  });
});
