/** Enhanced authentication: challenges before CONNACK, and again while connected. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { ChallengeGatekeeper } from '../../harness/challenge-gatekeeper.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived } from '../../harness/wire.ts';

const method = '15 "reverse"';
const connect = `10 ["MQTT" 05 02 0000 [${method}] "id"]`;

/** AUTH, which both sides write alike. */
function auth(reasonCode: string, data: string): string {
  return `f0 [${reasonCode} [${method} 16 ${data}]]`;
}

const [question, nextQuestion] = [auth('18', '0002 0102'), auth('18', '0002 0304')];
const [reply, nextReply, wrongReply] = [
  auth('18', '0002 0201'),
  auth('18', '0002 0403'),
  auth('18', '0002 ffff'),
];

function brokerWith(rounds: number): TestBroker {
  return new TestBroker({ gatekeeper: new ChallengeGatekeeper(rounds) });
}

/** A client that has proved itself with one challenge. */
async function authenticated(broker = brokerWith(1)): Promise<TestClient> {
  const client = broker.open();
  await client.sendBytes(connect);
  await client.sendBytes(reply);
  assert.deepEqual(outcomeOf(client), ['auth 18', 'connack 00']);
  return client;
}

describe('an authentication method that is not known', () => {
  it('gets CONNACK 0x8C [MQTT-4.12.0-1]', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes('10 ["MQTT" 05 02 0000 [15 "SCRAM-SHA-1"] "id"]');
    assert.deepEqual(outcomeOf(client), ['connack 8c', 'closed']);
  });

  it('gets CONNACK 0x8C from a broker that knows no method at all [MQTT-4.12.0-1]', async () => {
    const client = new TestBroker().open();
    await client.sendBytes(connect);
    assert.deepEqual(outcomeOf(client), ['connack 8c', 'closed']);
  });
});

describe('a challenge', () => {
  it('is an AUTH with 0x18 and the method of CONNECT [MQTT-4.12.0-2, MQTT-4.12.0-5, MQTT-3.15.2-1]', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connect);
    assertReceived(client, question);
  });

  it('that is answered right gets CONNACK with the method [MQTT-4.12.0-5, MQTT-3.2.0-1]', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connect);
    await client.sendBytes(reply);
    const [, connack] = client.received();
    assert.equal(connack.type, 'connack');
    assert.equal(connack.reasonCode, 0);
    assert.equal(connack.properties?.authenticationMethod, 'reverse');
    assert.deepEqual(connack.properties?.authenticationData, Uint8Array.of(0xac));
  });

  it('may be followed by others [MQTT-4.12.0-2, MQTT-4.12.0-5]', async () => {
    const client = brokerWith(2).open();
    await client.sendBytes(connect);
    assertReceived(client, question);
    await client.sendBytes(reply);
    assertReceived(client, nextQuestion);
    await client.sendBytes(nextReply);
    assert.deepEqual(outcomeOf(client), ['connack 00']);
  });

  it('that is answered wrong gets CONNACK 0x87 and the end [MQTT-4.12.0-4, MQTT-3.14.0-1]', async () => {
    const broker = brokerWith(2);
    const owner = await broker.connect('id');
    const client = broker.open();
    await client.sendBytes(connect);
    await client.sendBytes(reply);
    await client.sendBytes(wrongReply);
    assert.deepEqual(outcomeOf(client), ['auth 18', 'auth 18', 'connack 87', 'closed']);
    assert.deepEqual(outcomeOf(owner), [], 'nobody is taken over');
  });

  it('is waited for only as long as for CONNECT', async () => {
    const broker = brokerWith(1);
    const client = broker.open();
    await client.sendBytes(connect);
    await broker.advance(31);
    assert.deepEqual(outcomeOf(client), ['auth 18', 'connack 82', 'closed']);
  });

  const others = {
    'AUTH with 0x19 [MQTT-4.12.0-3]': [auth('19', '0002 0201'), '82'],
    'AUTH with 0x00 [MQTT-4.12.0-3, MQTT-3.15.2-1]': [auth('00', '0002 0201'), '82'],
    'AUTH with 0x01 [MQTT-3.15.2-1]': [auth('01', '0002 0201'), '82'],
    'AUTH without anything [MQTT-4.12.0-3]': ['f0 00', '82'],
    'AUTH with another method [MQTT-4.12.0-5]': ['f0 [18 [15 "other" 16 0002 0201]]', '82'],
    'AUTH without a method [MQTT-4.12.0-5]': ['f0 [18 [16 0002 0201]]', '82'],
    PINGREQ: ['c0 00', '82'],
    PUBLISH: ['31 ["a" 00 (x)]', '82'],
    SUBSCRIBE: ['82 [0001 00 "a" 00]', '82'],
    'PUBLISH with topic alias 0 [MQTT-3.2.2-8]': ['30 ["a" [23 0000] (x)]', '82'],
  } as const;
  for (const [name, [bytes, code]] of Object.entries(others)) {
    it(`that is answered by ${name} gets CONNACK 0x${code}`, async () => {
      const broker = brokerWith(1);
      const watcher = await broker.connect('watcher');
      await watcher.subscribe('#');
      const client = broker.open();
      await client.sendBytes(connect);
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), ['auth 18', `connack ${code}`, 'closed']);
      assert.deepEqual(watcher.received(), []);
    });
  }

  it('that is answered by another CONNECT ends without a word', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connect);
    await client.sendBytes(connect);
    assert.deepEqual(outcomeOf(client), ['auth 18', 'closed']);
  });

  it('that is answered by AUTH with reserved bits is malformed [MQTT-3.15.1-1]', async () => {
    for (const first of ['f1', 'f2', 'f4', 'f8']) {
      const client = brokerWith(1).open();
      await client.sendBytes(connect);
      await client.sendBytes(reply.replace('f0', first));
      assert.deepEqual(outcomeOf(client), ['auth 18', 'connack 81', 'closed']);
    }
  });

  it('that is answered by DISCONNECT ends without a word', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connect);
    await client.sendBytes('e0 00');
    assert.deepEqual(outcomeOf(client), ['auth 18', 'closed']);
  });

  it('holds back what was sent behind its answer until that is judged', async () => {
    const client = brokerWith(2).open();
    await client.sendBytes(`${connect} ${reply} ${nextReply} c0 00`);
    assert.deepEqual(outcomeOf(client), ['auth 18', 'auth 18', 'connack 00', 'pingresp']);
  });
});

describe('without an authentication method', () => {
  it('no AUTH is sent, and CONNACK names none [MQTT-4.12.0-6]', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes('10 ["MQTT" 05 02 0000 [] "id"]');
    const [connack, ...more] = client.received();
    assert.equal(connack.type, 'connack');
    assert.equal(connack.properties?.authenticationMethod, undefined);
    assert.equal(connack.properties?.authenticationData, undefined);
    assert.deepEqual(more, []);
  });

  it('no AUTH is sent, even where the gatekeeper wants to challenge [MQTT-4.12.0-6]', async () => {
    const gatekeeper = new TestGatekeeper({
      admit: () => ({ type: 'challenge', proceed: () => {} }),
    });
    for (const version of [4, 5] as const) {
      const client = new TestBroker({ gatekeeper }).open(version);
      await client.connect('id');
      assert.equal(client.isClosed, true);
      assert.equal(client.receivedHex().slice(0, 2), '20');
    }
  });

  it('CONNACK has no authentication data, whatever the gatekeeper says [MQTT-4.12.0-6]', async () => {
    const gatekeeper = new TestGatekeeper({
      admit: () => ({ type: 'accept', authenticationData: Uint8Array.of(1) }),
    });
    const connack = await new TestBroker({ gatekeeper }).open().connect('id');
    assert.equal(connack?.type, 'connack');
    assert.equal(connack.properties?.authenticationData, undefined);
  });

  for (const [name, bytes] of Object.entries({ '0x18': reply, '0x19': auth('19', '0000') })) {
    it(`AUTH ${name} gets DISCONNECT 0x82 [MQTT-4.12.0-7]`, async () => {
      const client = await brokerWith(1).connect('id');
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), ['disconnect 82', 'closed']);
    });
  }

  it('AUTH in MQTT 3.1.1 closes', async () => {
    const client = await brokerWith(1).connect('id', { version: 4 });
    await client.sendBytes('f0 00');
    assert.deepEqual(outcomeOf(client), ['closed']);
  });
});

describe('authenticating again', () => {
  const again = auth('19', '0000');

  it('goes through challenges to AUTH 0x00 with the same method [MQTT-4.12.1-1, MQTT-3.15.2-1, MQTT-3.2.0-2]', async () => {
    const client = await authenticated();
    await client.sendBytes(again);
    assertReceived(client, question);
    await client.sendBytes(reply);
    assertReceived(client, auth('00', '0001 ac'));
    await client.sendBytes('c0 00');
    assert.deepEqual(outcomeOf(client), ['pingresp']);
  });

  it('may be done any number of times [MQTT-4.12.1-1]', async () => {
    const client = await authenticated();
    for (let times = 0; times < 3; times++) {
      await client.sendBytes(again);
      await client.sendBytes(reply);
      assert.deepEqual(outcomeOf(client), ['auth 18', 'auth 00']);
    }
  });

  it('lets other packets pass meanwhile', async () => {
    const client = await authenticated();
    await client.sendBytes(again);
    await client.sendBytes('82 [0001 00 "a" 00] 32 ["a" 0002 00 (x)] c0 00');
    assert.deepEqual(outcomeOf(client), [
      'auth 18',
      'suback',
      'publish x',
      'puback 00',
      'pingresp',
    ]);
    await client.sendBytes(reply);
    assert.deepEqual(outcomeOf(client), ['auth 00']);
  });

  it('that fails gets DISCONNECT 0x87 and the will published [MQTT-4.12.1-2, MQTT-3.14.2-1]', async () => {
    const broker = brokerWith(1);
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('will');
    const client = broker.open();
    await client.sendBytes(`10 ["MQTT" 05 06 0000 [${method}] "id" [] "will" "gone"]`);
    await client.sendBytes(reply);
    await client.sendBytes(again);
    await client.sendBytes(wrongReply);
    const seen = ['auth 18', 'connack 00', 'auth 18', 'disconnect 87', 'closed'];
    assert.deepEqual(outcomeOf(client), seen);
    assert.deepEqual(watcher.payloads(), ['gone']);
  });

  const codes = {
    badUserNameOrPassword: '87',
    badAuthenticationMethod: '87',
    banned: '87',
    serverUnavailable: '89',
    quotaExceeded: '97',
    clientIdentifierNotValid: '82',
  } as const;
  for (const [reason, code] of Object.entries(codes)) {
    it(`that fails as ${reason} gets DISCONNECT 0x${code}, which its table has [MQTT-4.12.1-2, MQTT-3.14.2-1]`, async () => {
      const reasonCode = reasonCodes[reason as keyof typeof codes];
      const gatekeeper = new TestGatekeeper({
        reauthenticate: () => ({ type: 'refuse', reasonCode }),
      });
      const client = new TestBroker({ gatekeeper }).open();
      await client.sendBytes(connect);
      await client.sendBytes(again);
      assert.deepEqual(outcomeOf(client), ['connack 00', `disconnect ${code}`, 'closed']);
    });
  }

  const faults = {
    'with another method [MQTT-4.12.1-1]': 'f0 [19 [15 "other"]]',
    'with 0x18, as if it had begun [MQTT-4.12.1-1]': reply,
    'without a method [MQTT-4.12.1-1]': 'f0 [19 []]',
  };
  for (const [name, bytes] of Object.entries(faults)) {
    it(`${name} gets DISCONNECT 0x82`, async () => {
      const client = await authenticated();
      await client.sendBytes(bytes);
      assert.deepEqual(outcomeOf(client), ['disconnect 82', 'closed']);
    });
  }

  it('is not begun anew before it has ended', async () => {
    const client = await authenticated();
    await client.sendBytes(again);
    await client.sendBytes(again);
    assert.deepEqual(outcomeOf(client), ['auth 18', 'disconnect 82', 'closed']);
  });
});

describe('the maximum packet size of a client', () => {
  const connectWith = (bytes: string) =>
    `10 ["MQTT" 05 02 0000 [${method} 27 000000${bytes}] "id"]`;

  it('has room for an AUTH of that size, without explanations [MQTT-3.15.2-2, MQTT-3.15.2-3]', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connectWith('13'));
    assertReceived(client, question);
    assert.equal(client.isClosed, false);
  });

  it('that is too small for AUTH ends the exchange', async () => {
    const client = brokerWith(1).open();
    await client.sendBytes(connectWith('12'));
    assert.deepEqual(outcomeOf(client), ['connack 83', 'closed']);
  });
});
