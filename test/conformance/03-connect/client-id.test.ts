/** Client identifiers: which are accepted, and which the broker gives. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { outcomeOf } from '../../harness/outcome.ts';
import { TestBroker, type TestClient } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

const refusesIds = () =>
  new TestGatekeeper({
    admit: ({ clientId }) =>
      clientId === 'bad'
        ? { type: 'refuse', reasonCode: reasonCodes.clientIdentifierNotValid }
        : { type: 'accept' },
  });

async function assignedId(client: TestClient): Promise<string> {
  const connack = await client.connect('');
  assert.equal(connack?.type, 'connack');
  assert.equal(connack.reasonCode, 0);
  assert.equal(typeof connack.properties?.assignedClientIdentifier, 'string');
  return connack.properties?.assignedClientIdentifier ?? '';
}

const accepted = [
  'a',
  '0123456789',
  'ABCDEFGHIJKLMNOPQRSTUVW',
  'XYZabcdefghijklmnopqrst',
  'uvwxyz',
  'x'.repeat(23),
  'x'.repeat(65_535),
  'a/b+c#$ d',
  'größe 漢字 🦟',
];

for (const clientId of accepted) {
  const name = clientId.length > 30 ? `${clientId.length} characters` : `"${clientId}"`;
  it(`accepts ${name} as client identifier [MQTT-3.1.3-5, MQTT3-3.1.3-5]`, async () => {
    const broker = new TestBroker();
    const newer = broker.open(5);
    await newer.connect(clientId);
    assert.equal(newer.receivedHex().startsWith('20 0e 00 00'), true);
    await newer.drop();
    const older = broker.open(4);
    await older.connect(clientId);
    assert.equal(older.receivedHex(), '20 02 00 00');
  });
}

describe('an empty client identifier', () => {
  it('is replaced by one that no other client has [MQTT-3.1.3-6, MQTT-3.2.2-16]', async () => {
    const broker = new TestBroker();
    const clients = [broker.open(), broker.open(), broker.open()];
    const ids = [];
    for (const client of clients) ids.push(await assignedId(client));
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual(
      clients.map((client) => client.isClosed),
      [false, false, false],
    );
  });

  it('is not replaced by that of a session that waits for its client [MQTT-3.2.2-16]', async () => {
    const properties = { sessionExpiryInterval: 100 };
    const foreseen = await assignedId(new TestBroker().open());
    const broker = new TestBroker();
    const owner = await broker.connect(foreseen, { properties });
    await owner.drop();
    const other = await assignedId(broker.open());
    assert.notEqual(other, foreseen);
    const back = broker.open();
    const connack = await back.connect(foreseen, { cleanStart: false, properties });
    assert.equal(connack?.type === 'connack' && connack.sessionPresent, true);
  });

  it('is replaced by one that holds as if the client had sent it [MQTT-3.1.3-7]', async () => {
    const broker = new TestBroker();
    const properties = { sessionExpiryInterval: 100 };
    const client = broker.open();
    const first = await client.connect('', { properties });
    assert.equal(first?.type, 'connack');
    await client.subscribe('news', { qos: 1 });
    await client.drop();
    const clientId = first.properties?.assignedClientIdentifier ?? '';
    const back = broker.open();
    const second = await back.connect(clientId, { cleanStart: false, properties });
    assert.equal(second?.type === 'connack' && second.sessionPresent, true);
    assert.equal(
      second?.type === 'connack' && second.properties?.assignedClientIdentifier,
      undefined,
    );
  });

  it('begins with the prefix that is set', async () => {
    const broker = new TestBroker({ features: { assignedClientIdPrefix: 'sensor-' } });
    assert.match(await assignedId(broker.open()), /^sensor-./);
  });

  it('is replaced by different ones in MQTT 3.1.1, with clean session [MQTT3-3.1.3-6]', async () => {
    const broker = new TestBroker();
    const clients = [broker.open(4), broker.open(4)];
    for (const client of clients) {
      await client.connect('', { cleanStart: true });
      assert.equal(client.receivedHex(), '20 02 00 00');
    }
    await clients[0].subscribe('news');
    await clients[1].publish('news', 'both are there');
    assert.deepEqual(clients[0].payloads(), ['both are there']);
  });

  it('gets return code 2 in MQTT 3.1.1 without clean session [MQTT3-3.1.3-8, MQTT3-3.1.3-9]', async () => {
    const client = new TestBroker().open(4);
    await client.sendBytes('10 ["MQTT" 04 00 003c ""]');
    assert.equal(client.receivedHex(), '20 02 00 02');
    assert.equal(client.isClosed, true);
  });

  const notAllowed = { features: { zeroLengthClientIdAllowed: false } };

  it('gets 0x80, as from Mosquitto, where it is not allowed [MQTT-3.1.3-8]', async () => {
    const client = new TestBroker(notAllowed).open();
    await client.sendBytes('10 ["MQTT" 05 02 003c [] ""]');
    assert.deepEqual(outcomeOf(client), ['connack 80', 'closed']);
  });

  it('gets return code 2 in MQTT 3.1.1 where it is not allowed [MQTT3-3.1.3-9]', async () => {
    const client = new TestBroker(notAllowed).open(4);
    await client.sendBytes('10 ["MQTT" 04 02 003c ""]');
    assert.equal(client.receivedHex(), '20 02 00 02');
    assert.equal(client.isClosed, true);
  });
});

describe('a client identifier that the gatekeeper refuses', () => {
  it('gets 0x85 [MQTT-3.1.3-8]', async () => {
    const client = new TestBroker({ gatekeeper: refusesIds() }).open();
    await client.sendBytes('10 ["MQTT" 05 02 003c [] "bad"]');
    assert.deepEqual(outcomeOf(client), ['connack 85', 'closed']);
  });

  it('gets return code 2 in MQTT 3.1.1 [MQTT3-3.1.3-9]', async () => {
    const client = new TestBroker({ gatekeeper: refusesIds() }).open(4);
    await client.sendBytes('10 ["MQTT" 04 02 003c "bad"]');
    assert.equal(client.receivedHex(), '20 02 00 02');
    assert.equal(client.isClosed, true);
  });
});

it('refuses a client identifier that is longer than the limit', async () => {
  const broker = new TestBroker({ limits: { clientIdCharactersMax: 4 } });
  const short = broker.open();
  await short.connect('1234');
  assert.deepEqual(outcomeOf(short), []);
  const long = broker.open();
  await long.sendBytes('10 ["MQTT" 05 02 003c [] "12345"]');
  assert.deepEqual(outcomeOf(long), ['connack 85', 'closed']);
});
