/** CONNACK: always first, once, and no larger than the client allows. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived, lasting } from '../../harness/wire.ts';

it('answers a plain CONNECT of MQTT 3.1.1 with return code 0 [MQTT3-3.1.4-4, MQTT3-3.2.2-3]', async () => {
  const client = new TestBroker().open(4);
  await client.sendBytes('10 ["MQTT" 04 02 003c "id"]');
  assertReceived(client, '20 02 00 00');
});

it('answers a plain CONNECT of MQTT 5.0 with what differs from its defaults [MQTT-3.1.4-5, MQTT-3.2.2-1]', async () => {
  const client = new TestBroker().open();
  await client.sendBytes('10 ["MQTT" 05 02 003c [] "id"]');
  // Topic alias maximum 10, maximum packet size 2,000,000, receive maximum 20.
  assertReceived(client, '20 [00 00 [22 000a 27 001e8480 21 0014]]');
});

it('sets no bit but Session Present, and that for a session alone [MQTT-3.2.2-1]', async () => {
  const broker = new TestBroker();
  const flags = [];
  for (const cleanStart of [true, false, true, false]) {
    const client = broker.open();
    await client.connect('id', { ...lasting(5), cleanStart });
    flags.push(client.receivedHex().split(' ')[2]);
    await client.drop();
  }
  assert.deepEqual(flags, ['00', '01', '00', '01']);
});

for (const version of [4, 5] as const) {
  it(`precedes what waits for a client, in version ${version} [MQTT-3.2.0-1, MQTT3-3.2.0-1]`, async () => {
    const broker = new TestBroker();
    const client = await broker.connect('id', lasting(version));
    await client.subscribe('news', { qos: 2 });
    const publisher = await broker.connect('publisher');
    await publisher.publish('news', 'in flight', { qos: 2 });
    await client.drop();
    await publisher.publish('news', 'queued', { qos: 1, packetId: 2 });
    const back = broker.open(version);
    const first = await back.connect('id', lasting(version));
    assert.equal(first?.type === 'connack' && first.sessionPresent, true);
    assert.deepEqual(outcomeOf(back), ['publish in flight', 'publish queued']);
  });

  it(`precedes what is published while the gatekeeper thinks, in version ${version} [MQTT-3.2.0-1, MQTT3-3.2.0-1]`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const gatekeeper = new TestGatekeeper();
    const admit = gatekeeper.admit.bind(gatekeeper);
    gatekeeper.admit = (request, answer) => {
      if (request.clientId === 'slow') promise.then(() => answer({ type: 'accept' }));
      else admit(request, answer);
    };
    const broker = new TestBroker({ gatekeeper });
    const slow = broker.open(version);
    await slow.connect('slow');
    const none = version === 5 ? '00' : '';
    await slow.sendBytes(`82 [0001 ${none} "news" 00] c0 00`);
    const publisher = await broker.connect('publisher');
    await publisher.publish('news', 'too early');
    assert.equal(slow.receivedHex(), '');
    resolve();
    await broker.settle();
    assert.deepEqual(outcomeOf(slow), ['connack 00', 'suback', 'pingresp']);
  });
}

it('is sent once, whatever the client does afterwards [MQTT-3.2.0-2]', async () => {
  const client = new TestBroker().open();
  await client.sendBytes('10 ["MQTT" 05 02 003c [15 "m"] "id"]');
  assert.deepEqual(outcomeOf(client), ['connack 8c', 'closed']);
  const accepting = new TestBroker({ gatekeeper: new TestGatekeeper() }).open();
  const connect = '10 ["MQTT" 05 02 003c [15 "m"] "id"]';
  await accepting.sendBytes(`${connect} f0 [19 [15 "m"]] c0 00`);
  await accepting.sendBytes(connect);
  const seen = ['connack 00', 'pingresp', 'auth 00', 'closed'];
  assert.deepEqual(outcomeOf(accepting), seen);
});

describe('a refusing CONNACK', () => {
  const refused = {
    type: 'refuse',
    reasonCode: reasonCodes.notAuthorized,
    reasonString: 'no entry after nine',
  } as const;
  const open = () =>
    new TestBroker({ gatekeeper: new TestGatekeeper({ admit: () => refused }) }).open();
  const connectWith = (size: string) => `10 ["MQTT" 05 02 003c [27 000000${size} 26 "k" "v"] "id"]`;

  it('says why, where it is for the client to know and has room [MQTT-3.2.2-19]', async () => {
    const client = open();
    await client.sendBytes(connectWith('1b'));
    assertReceived(client, '20 [00 87 [1f "no entry after nine"]]');
  });

  it('says less, where the client has not, and repeats no user property [MQTT-3.2.2-19, MQTT-3.2.2-20]', async () => {
    const client = open();
    await client.sendBytes(connectWith('1a'));
    assertReceived(client, '20 [00 87 []]');
    assert.equal(client.isClosed, true);
  });

  it('is left out where nothing fits, and the connection is closed all the same [MQTT-4.13.2-1]', async () => {
    const client = open();
    await client.sendBytes(connectWith('04'));
    assertReceived(client, '');
    assert.equal(client.isClosed, true);
  });
});

it('refuses a client whose verdict does not come in time, with 0x88 [MQTT-3.2.2-8]', async () => {
  const gatekeeper = new TestGatekeeper();
  gatekeeper.admit = () => {};
  const broker = new TestBroker({ gatekeeper, limits: { connectSeconds: 30 } });
  const newer = broker.open(5);
  await newer.connect('newer');
  const older = broker.open(4);
  await older.connect('older');
  await broker.advance(30);
  assert.deepEqual(outcomeOf(newer), ['connack 88', 'closed']);
  assert.equal(older.receivedHex(), '20 02 00 03');
  assert.equal(older.isClosed, true);
});

it('refuses whoever waits for the gatekeeper when the broker shuts down, with 0x88 [MQTT-3.2.2-8]', async () => {
  const gatekeeper = new TestGatekeeper();
  gatekeeper.admit = () => {};
  const broker = new TestBroker({ gatekeeper });
  const newer = broker.open(5);
  await newer.connect('newer');
  const older = broker.open(4);
  await older.connect('older');
  broker.broker.shutDown();
  await broker.settle();
  assert.deepEqual(outcomeOf(newer), ['connack 88', 'closed']);
  assert.equal(older.receivedHex(), '20 02 00 03');
  assert.equal(older.isClosed, true);
});
