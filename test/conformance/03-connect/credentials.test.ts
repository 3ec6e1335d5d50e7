/** User name, password and the rest of CONNECT's payload, as the gatekeeper gets to see it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../../../src/broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';
import { assertReceived, lasting } from '../../harness/wire.ts';

const shown = [
  {
    what: 'all of the payload in its order [MQTT3-3.1.3-1, MQTT3-3.1.2-19, MQTT3-3.1.2-21]',
    version: 4,
    bytes: '10 ["MQTT" 04 c6 0000 "id" "will" "gone" "user" 0003 00ff01]',
    sees: { clientId: 'id', userName: 'user', password: '00ff01' },
  },
  {
    what: 'all of the payload in its order [MQTT-3.1.3-1, MQTT-3.1.2-17, MQTT-3.1.2-19]',
    version: 5,
    bytes: '10 ["MQTT" 05 c6 0000 [] "id" [] "will" "gone" "user" 0003 00ff01]',
    sees: { clientId: 'id', userName: 'user', password: '00ff01' },
  },
  {
    what: 'a user name alone [MQTT3-3.1.2-20]',
    version: 4,
    bytes: '10 ["MQTT" 04 86 0000 "id" "will" "gone" "user"]',
    sees: { clientId: 'id', userName: 'user', password: undefined },
  },
  {
    what: 'a user name alone [MQTT-3.1.2-18]',
    version: 5,
    bytes: '10 ["MQTT" 05 86 0000 [] "id" [] "will" "gone" "user"]',
    sees: { clientId: 'id', userName: 'user', password: undefined },
  },
  {
    what: 'a password alone, which MQTT 5.0 allows [MQTT-3.1.2-16]',
    version: 5,
    bytes: '10 ["MQTT" 05 46 0000 [] "id" [] "will" "gone" "key"]',
    sees: { clientId: 'id', userName: undefined, password: '6b6579' },
  },
  {
    what: 'neither, where the flags say so [MQTT3-3.1.2-18, MQTT3-3.1.2-20]',
    version: 4,
    bytes: '10 ["MQTT" 04 06 0000 "id" "will" "gone"]',
    sees: { clientId: 'id', userName: undefined, password: undefined },
  },
  {
    what: 'an empty user name and an empty password',
    version: 4,
    bytes: '10 ["MQTT" 04 c6 0000 "id" "will" "gone" "" ""]',
    sees: { clientId: 'id', userName: '', password: '' },
  },
] as const;

for (const { what, version, bytes, sees } of shown) {
  it(`reads ${what} in version ${version}`, async () => {
    const gatekeeper = new TestGatekeeper();
    const broker = new TestBroker({ gatekeeper });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('will');
    const client = broker.open(version);
    await client.sendBytes(bytes);
    assert.deepEqual(outcomeOf(client), ['connack 00']);
    const { clientId, userName, password } = gatekeeper.admissions[1];
    const hex = password && Buffer.from(password).toString('hex');
    assert.deepEqual({ clientId, userName, password: hex }, sees);
    await client.drop();
    assert.deepEqual(watcher.payloads(), ['gone']);
  });
}

/** What CONNACK says of each refusal: the reason code of 5.0, and the return code of 3.1.1. */
const refusals: readonly { reasonCode: ReasonCode; connack: string; returnCode: string }[] = [
  { reasonCode: reasonCodes.badUserNameOrPassword, connack: '86', returnCode: '04' },
  { reasonCode: reasonCodes.notAuthorized, connack: '87', returnCode: '05' },
  { reasonCode: reasonCodes.banned, connack: '8a', returnCode: '05' },
  { reasonCode: reasonCodes.badAuthenticationMethod, connack: '8c', returnCode: '05' },
  { reasonCode: reasonCodes.serverUnavailable, connack: '88', returnCode: '03' },
  { reasonCode: reasonCodes.serverBusy, connack: '89', returnCode: '03' },
  { reasonCode: reasonCodes.clientIdentifierNotValid, connack: '85', returnCode: '02' },
  // CONNACK has no such codes.
  { reasonCode: reasonCodes.serverShuttingDown, connack: '88', returnCode: '03' },
  { reasonCode: reasonCodes.administrativeAction, connack: '87', returnCode: '05' },
];

describe('a client that the gatekeeper refuses', () => {
  for (const { reasonCode, connack, returnCode } of refusals) {
    const verdict: Verdict = { type: 'refuse', reasonCode, reason: 'so be it' };
    const gatekeeper = () =>
      new TestGatekeeper({
        admit: ({ userName }) => (userName === 'mallory' ? verdict : { type: 'accept' }),
      });

    it(`gets CONNACK 0x${connack} without session present, and is closed [MQTT-3.1.4-2, MQTT-3.2.2-6, MQTT-3.2.2-7, MQTT-3.2.2-8, MQTT-4.13.2-1]`, async () => {
      const broker = new TestBroker({ gatekeeper: gatekeeper() });
      const owner = await broker.connect('id', lasting(5));
      await owner.drop();
      const client = broker.open();
      await client.sendBytes('10 ["MQTT" 05 80 0000 [] "id" "mallory"]');
      assertReceived(client, `20 [00 ${connack} []]`);
      assert.equal(client.isClosed, true);
    });

    it(`gets return code 0x${returnCode} in MQTT 3.1.1, and is closed [MQTT3-3.2.2-4, MQTT3-3.2.2-5]`, async () => {
      const broker = new TestBroker({ gatekeeper: gatekeeper() });
      const owner = await broker.connect('id', lasting(4));
      await owner.drop();
      const client = broker.open(4);
      await client.sendBytes('10 ["MQTT" 04 80 0000 "id" "mallory"]');
      assert.equal(client.receivedHex(), `20 02 00 ${returnCode}`);
      assert.equal(client.isClosed, true);
    });
  }

  it('leaves no session behind, and no taken over client [MQTT-3.1.4-2]', async () => {
    const gatekeeper = new TestGatekeeper({
      admit: ({ userName }) =>
        userName === undefined
          ? { type: 'accept' }
          : { type: 'refuse', reasonCode: reasonCodes.badUserNameOrPassword },
    });
    const broker = new TestBroker({ gatekeeper });
    const owner = await broker.connect('owner');
    for (const clientId of ['owner', 'new']) {
      const client = broker.open();
      const connack = await client.connect(clientId, {
        userName: 'mallory',
        properties: { sessionExpiryInterval: 100 },
      });
      assert.equal(connack?.type === 'connack' && connack.reasonCode, 0x86);
    }
    assert.deepEqual(outcomeOf(owner), []);
    const later = await broker.open().connect('new', { cleanStart: false });
    assert.equal(later?.type === 'connack' && later.sessionPresent, false);
  });

  it('has nothing done of what it sent behind its CONNECT [MQTT-3.1.4-6, MQTT3-3.1.4-5]', async () => {
    const refused: Verdict = { type: 'refuse', reasonCode: reasonCodes.notAuthorized };
    const gatekeeper = new TestGatekeeper({
      admit: ({ clientId }) => (clientId === 'watcher' ? { type: 'accept' } : refused),
    });
    const broker = new TestBroker({ gatekeeper });
    const watcher = await broker.connect('watcher');
    await watcher.subscribe('#');
    const newer = broker.open(5);
    await newer.sendBytes('10 ["MQTT" 05 02 003c [] "id"] 31 ["a" 00 (x)] c0 00');
    assert.deepEqual(outcomeOf(newer), ['connack 87', 'closed']);
    const older = broker.open(4);
    await older.sendBytes('10 ["MQTT" 04 02 003c "id"] 31 ["a" (x)] c0 00');
    assert.equal(older.receivedHex(), '20 02 00 05');
    assert.deepEqual(watcher.received(), []);
    await watcher.subscribe('a');
    assert.deepEqual(watcher.received(), []);
  });
});

it('handles what an accepted client sent behind its CONNECT, after CONNACK', async () => {
  const client = new TestBroker().open();
  await client.sendBytes(
    '10 ["MQTT" 05 02 003c [] "id"] 82 [0001 00 "a" 00] 30 ["a" 00 (x)] c0 00',
  );
  assert.deepEqual(outcomeOf(client), ['connack 00', 'suback', 'publish x', 'pingresp']);
});
