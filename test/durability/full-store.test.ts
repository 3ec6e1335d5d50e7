/** A store that cannot take anything for a while: what is refused, what waits, and what goes on. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolVersion, QoS } from '../../src/packet/version.ts';
import { diskFull } from '../harness/held-store.ts';
import { publishOf, type TestClient } from '../harness/test-broker.ts';
import { durable, Stage } from './stage.ts';

/** Answers as `type id 0xcode`. */
function answers(client: TestClient): string[] {
  return client.received().map((packet: Packet) => {
    if (packet.type === 'publish') return `publish ${new TextDecoder().decode(packet.payload)}`;
    const id = 'packetId' in packet ? ` ${packet.packetId}` : '';
    const codes = 'reasonCodes' in packet ? packet.reasonCodes : [];
    const code = 'reasonCode' in packet ? packet.reasonCode : codes[0];
    return `${packet.type}${id}${code ? ` 0x${code.toString(16)}` : ''}`;
  });
}

async function leaves(stage: Stage, clientId: string, filter: string, qos: QoS): Promise<void> {
  const client = await stage.durable(clientId);
  await client.subscribe(filter, { qos });
  await client.drop();
}

/** A durable subscriber to `t` is away, `r` has a retained message, and nothing can be stored. */
async function full(): Promise<Stage> {
  const stage = new Stage();
  await leaves(stage, 'absent', 't', 2);
  const publisher = await stage.passing('publisher');
  await publisher.publish('t', 'before', { qos: 1, packetId: 1 });
  await publisher.publish('r', 'before', { qos: 1, packetId: 2, retain: true });
  stage.store.fault = diskFull;
  return stage;
}

/** The same, when the broker has noticed. */
async function known(): Promise<Stage> {
  const stage = await full();
  await (await stage.passing('first', { version: 4 })).publish('r', 'first', {
    qos: 0,
    retain: true,
  });
  assert.deepEqual(stage.events, ['failed ENOSPC']);
  stage.events.length = 0;
  return stage;
}

async function recovers(stage: Stage): Promise<void> {
  stage.store.fault = undefined;
  await stage.advance(2);
  assert.equal(stage.events.at(-1), 'recovered');
}

async function waitingFor(stage: Stage, clientId: string): Promise<string[]> {
  return (await stage.durable(clientId)).payloads();
}

async function retained(stage: Stage, topic = 'r'): Promise<string[]> {
  const reader = await stage.passing('reader');
  await reader.subscribe(topic);
  const payloads = reader.payloads();
  await reader.drop();
  return payloads;
}

describe('when the store is found to be full, a PUBLISH that waits', () => {
  for (const qos of [1, 2] as const) {
    const ack = qos === 1 ? 'puback' : 'pubrec';
    it(`is refused with 0x97 for MQTT 5.0, and not delivered later: QoS ${qos}`, async () => {
      const stage = await full();
      const publisher = await stage.passing('publisher 5');
      await publisher.publish('t', 'refused', { qos, packetId: 7 });
      assert.deepEqual(answers(publisher), [`${ack} 7 0x97`]);
      assert.deepEqual(stage.events, ['failed ENOSPC', `dropped t q${qos} for absent: not stored`]);
      await recovers(stage);
      await publisher.publish('t', 'after', { qos, packetId: 7 });
      assert.deepEqual(answers(publisher), [`${ack} 7`]);
      assert.deepEqual(await waitingFor(stage, 'absent'), ['before', 'after']);
    });

    it(`has its PUBACK or PUBREC after recovery for 3.1.1: QoS ${qos}`, async () => {
      const stage = await full();
      const publisher = await stage.passing('publisher 4', { version: 4 });
      await publisher.publish('t', 'waits', { qos, packetId: 7 });
      await stage.advance(30);
      assert.deepEqual(answers(publisher), []);
      await recovers(stage);
      assert.deepEqual(answers(publisher), [`${ack} 7`]);
      assert.deepEqual(await waitingFor(stage, 'absent'), ['before', 'waits']);
      assert.deepEqual(stage.events, ['failed ENOSPC', 'recovered']);
    });
  }

  it('takes its retained message back', async () => {
    const stage = await full();
    const publisher = await stage.passing('publisher 5');
    stage.store.hold();
    await publisher.publish('r', 'refused', { qos: 1, packetId: 7, retain: true });
    assert.deepEqual(await retained(stage), ['refused'], 'until it is known');
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(answers(publisher), ['puback 7 0x97']);
    assert.deepEqual(await retained(stage), ['before']);
    stage.store.release();
    await recovers(stage);
    assert.deepEqual(await retained(stage.crash()), ['before']);
  });

  it('takes its clearing of a retained message back', async () => {
    const stage = await full();
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('r', '', { qos: 1, packetId: 7, retain: true });
    assert.deepEqual(answers(publisher), ['puback 7 0x97']);
    assert.deepEqual(await retained(stage), ['before']);
    await recovers(stage);
    assert.deepEqual(await retained(stage.crash()), ['before']);
  });

  it('takes back the first retained message of a topic', async () => {
    const stage = await full();
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('new', 'refused', { qos: 1, packetId: 7, retain: true });
    assert.deepEqual(await retained(stage, 'new'), []);
    await recovers(stage);
    assert.deepEqual(await retained(stage.crash(), 'new'), []);
    assert.equal(stage.store.tally().retained, 1);
  });

  it('keeps the retained message of a publisher that waits for it', async () => {
    const stage = await full();
    stage.store.hold();
    const older = await stage.passing('publisher 4', { version: 4 });
    await older.publish('r', 'waits', { qos: 1, packetId: 7, retain: true });
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('r', 'refused', { qos: 1, packetId: 7, retain: true });
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(answers(publisher), ['puback 7 0x97']);
    assert.deepEqual(await retained(stage), ['waits']);
    stage.store.release();
    await recovers(stage);
    assert.deepEqual(answers(older), ['puback 7']);
    assert.deepEqual(await retained(stage.crash()), ['waits']);
  });

  it('is refused in its turn, behind what still waits', async () => {
    const stage = await full();
    stage.store.hold();
    const client = stage.open();
    await client.connect('client', { cleanStart: true });
    client.received();
    const packets = [
      publishOf('t', '1', { qos: 1, packetId: 1 }),
      publishOf('nobody', '2', { qos: 1, packetId: 2 }),
      publishOf('t', '3', { qos: 2, packetId: 3 }),
    ];
    await client.send(...packets);
    assert.deepEqual(answers(client), []);
    stage.store.commitNext();
    await stage.settle();
    assert.deepEqual(answers(client), ['puback 1 0x97', 'puback 2 0x10', 'pubrec 3 0x97']);
    await client.send(publishOf('nobody', '4', { qos: 2, packetId: 3 }));
    assert.deepEqual(answers(client), ['pubrec 3'], 'the failure has ended the exchange');
  });

  it('that the subscriber already has is not taken back', async () => {
    const stage = await full();
    stage.store.fault = undefined;
    const subscriber = await stage.durable('present');
    await subscriber.subscribe('p', { qos: 1 });
    stage.store.fault = diskFull;
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('p', 'sent', { qos: 1, packetId: 7 });
    // Its PUBACK may make that unnecessary, so that it is not stored at once.
    await stage.advance(0.1);
    assert.deepEqual(answers(publisher), ['puback 7 0x97']);
    assert.deepEqual(answers(subscriber), ['publish sent']);
    await subscriber.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await recovers(stage);
    assert.equal(stage.store.tally().delivery, 1, 'that of the absent client');
  });
});

describe('while the store is full', () => {
  for (const qos of [1, 2] as const) {
    const ack = qos === 1 ? 'puback' : 'pubrec';
    it(`a PUBLISH for an absent client is refused at once for MQTT 5.0: QoS ${qos}`, async () => {
      const stage = await known();
      const publisher = await stage.passing('publisher 5');
      await publisher.publish('t', 'refused', { qos, packetId: 7 });
      assert.deepEqual(answers(publisher), [`${ack} 7 0x97`]);
      assert.deepEqual(stage.events, []);
      await recovers(stage);
      assert.deepEqual(await waitingFor(stage, 'absent'), ['before']);
    });
  }

  it('a PUBLISH that is to be retained is refused for MQTT 5.0', async () => {
    const stage = await known();
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('r', 'refused', { qos: 1, packetId: 7, retain: true });
    assert.deepEqual(answers(publisher), ['puback 7 0x97']);
    assert.deepEqual(await retained(stage), ['first'], 'of QoS 0 nobody was promised anything');
  });

  it('what need not be stored goes on: QoS 0, and QoS 1 and 2 among passing clients', async () => {
    const stage = await known();
    const subscriber = await stage.passing('subscriber');
    await subscriber.subscribe('p', { qos: 2 });
    const publisher = await stage.passing('publisher 5');
    await publisher.publish('p', '0');
    await publisher.publish('p', '1', { qos: 1, packetId: 1 });
    await publisher.publish('p', '2', { qos: 2, packetId: 2 });
    await publisher.send({ type: 'pubrel', packetId: 2, reasonCode: 0 });
    assert.deepEqual(answers(publisher), ['puback 1', 'pubrec 2', 'pubcomp 2']);
    assert.deepEqual(answers(subscriber), ['publish 0', 'publish 1', 'publish 2']);
    assert.deepEqual(await retained(stage), ['first'], 'reading goes on');
  });

  it('the filters of a durable session are refused, with 0x97 or 0x80', async () => {
    const stage = await full();
    stage.store.fault = undefined;
    const clients: [TestClient, string][] = [];
    for (const [version, code] of [[5, '0x97'] as const, [4, '0x80'] as const]) {
      clients.push([await stage.durable(`client ${version}`, { version }), code]);
    }
    stage.store.fault = diskFull;
    await (await stage.passing('first')).publish('r', 'first', { retain: true });
    for (const [client, code] of clients) {
      const entry = { filter: 'f', qos: 1, noLocal: false } as const;
      const subscriptions = [{ ...entry, retainAsPublished: false, retainHandling: 0 } as const];
      await client.send({ type: 'subscribe', packetId: 3, subscriptions });
      assert.deepEqual(answers(client), [`suback 3 ${code}`]);
    }
    await recovers(stage);
    assert.equal(stage.store.tally().subscription, 1);
  });

  it('an UNSUBSCRIBE has its answer after recovery', async () => {
    const stage = await full();
    stage.store.fault = undefined;
    const client = await stage.durable('client');
    await client.subscribe('f', { qos: 1 });
    stage.store.fault = diskFull;
    await client.send({ type: 'unsubscribe', packetId: 3, filters: ['f'] });
    await stage.advance(10);
    assert.deepEqual(answers(client), []);
    await recovers(stage);
    assert.deepEqual(answers(client), ['unsuback 3']);
  });

  const refusals: readonly [ProtocolVersion, number][] = [
    [5, 0x97],
    [4, 0x03],
  ];
  for (const [version, code] of refusals) {
    for (const isKnown of [false, true]) {
      const when = isKnown ? 'known to be full' : 'found to be full';
      it(`a new durable session is refused, when it is ${when}: version ${version}`, async () => {
        const stage = isKnown ? await known() : await full();
        const client = stage.open(version);
        const properties = version === 5 ? durable.properties : undefined;
        const connack = await client.connect('new', { ...durable, properties });
        assert.equal(connack?.type, 'connack');
        const expected = version === 5 ? code : 0x88;
        assert.ok([code, expected].includes(connack.reasonCode), String(connack.reasonCode));
        assert.equal(client.isClosed, true);
        await recovers(stage);
        assert.equal(stage.store.tally().session, 1, 'that of the absent client');
        assert.equal((await stage.comeIn('new', { version, properties })).isPresent, false);
      });
    }
  }

  it('a session that is there can be used, with what waits in it', async () => {
    const stage = await known();
    const { client, isPresent } = await stage.comeIn('absent');
    assert.equal(isPresent, true);
    assert.deepEqual(answers(client), ['publish before']);
    await client.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await recovers(stage);
    assert.equal(stage.store.tally().delivery, undefined);
  });

  it('what a client has acknowledged does not come again, though the store still has it', async () => {
    const stage = await full();
    stage.store.fault = undefined;
    const publisher = await stage.passing('publisher');
    for (const packetId of [1, 2]) {
      await publisher.publish('t', String(packetId), { qos: 1, packetId });
    }
    const before = await stage.durable('absent');
    assert.deepEqual(answers(before), ['publish before', 'publish 1', 'publish 2']);
    await stage.settle();
    stage.store.fault = diskFull;
    await before.send({ type: 'puback', packetId: 2, reasonCode: 0 });
    await before.drop();
    const { client } = await stage.comeIn('absent');
    assert.deepEqual(answers(client), ['publish before', 'publish 2']);
    assert.equal(stage.store.tally().delivery, 3);
    await recovers(stage);
    assert.equal(stage.store.tally().delivery, 2);
  });

  it('a session that is found to be there when the store is found to be full can be used', async () => {
    const stage = await full();
    const { isPresent } = await stage.comeIn('absent', {
      will: { topic: 'w', payload: new Uint8Array(1), qos: 0, retain: false },
    });
    assert.equal(isPresent, true);
  });

  it('the broker ends all the same, and what was stored before is there again', async () => {
    const stage = await known();
    const publisher = await stage.passing('publisher 4', { version: 4 });
    await publisher.publish('t', 'not acknowledged', { qos: 1, packetId: 7 });
    const next = await stage.restart();
    next.store.fault = undefined;
    assert.deepEqual(await waitingFor(next, 'absent'), ['before']);
  });

  it('it is tried again, told once, and nothing is lost or doubled', async () => {
    const stage = await known();
    const publisher = await stage.passing('publisher 4', { version: 4 });
    for (let packetId = 1; packetId <= 50; packetId++) {
      await publisher.publish('t', String(packetId), { qos: 1, packetId });
    }
    await stage.advance(60);
    assert.deepEqual(stage.events, []);
    await recovers(stage);
    assert.deepEqual(stage.events, ['recovered']);
    assert.equal(answers(publisher).length, 50);
    const next = stage.crash();
    const absent = await next.durable('absent');
    const first = absent.payloads();
    assert.deepEqual(first, ['before', ...Array.from({ length: 19 }, (_, i) => String(i + 1))]);
    assert.equal(next.store.tally().delivery, 51);
  });
});
