/** What a client with a store knows after a restart, and what it sends before the store knows. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, message } from '../../test/harness/client-stage.ts';
import { MemoryOutboxPlace } from '../../test/harness/memory-outbox.ts';
import {
  mqttStage,
  mqttWelcomed,
  reconnected,
  type StageOptions,
} from '../../test/harness/mqtt-client-stage.ts';
import type { PlayedServer } from '../../test/harness/test-network.ts';
import type { Packet } from '../packet/packet.ts';
import type { LostMessage } from './client-events.ts';
import { firstMessageKey } from './outbox-record.ts';

const present = { sessionPresent: true };

describe('a client with a store', () => {
  it('asks for its session, and has the server keep it for a week', async () => {
    const place = new MemoryOutboxPlace();
    const { connect, client, network, server } = await begun(place);
    assert.equal(connect.cleanStart, true, 'of an old one, a new store knows nothing');
    assert.equal(connect.properties?.sessionExpiryInterval, 604_800);
    server.received();
    await network.settled(client.disconnect());
    const [disconnect] = server.received() as (Packet & { type: 'disconnect' })[];
    assert.equal(disconnect.properties, undefined, 'which outlives `disconnect`');
    assert.equal((await begun(place)).connect.cleanStart, false);
  });

  it('remembers that the server has a session, also if nothing is ever published', async () => {
    const place = new MemoryOutboxPlace();
    const { network } = await begun(place);
    await network.settle();
    place.cut(0);
    assert.equal((await begun(place, {}, present)).connect.cleanStart, false);
  });

  it('asks for an old session with a new store, if it is told to, and in MQTT 3.1.1', async () => {
    const told = await begun(new MemoryOutboxPlace(), { cleanStart: false });
    assert.equal(told.connect.cleanStart, false);
    const older = await begun(new MemoryOutboxPlace(), { version: 4 });
    assert.equal(older.connect.cleanStart, false);
  });

  it('needs an identifier', async () => {
    const store = new MemoryOutboxPlace().outbox();
    const { client, network } = mqttStage({ outbox: { store } });
    await assert.rejects(network.settled(client.start()), {
      name: 'RangeError',
      message: /needs a `clientId`/,
    });
  });

  it('refuses the outbox of another client', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network } = await begun(place);
    await network.settled(client.disconnect());
    const other = mqttStage({ clientId: 'other', outbox: { store: place.outbox() } });
    await assert.rejects(other.network.settled(other.client.start()), {
      name: 'RangeError',
      message: /that of the client 'c', not of 'other'/,
    });
    await begun(place); // It was closed.
  });

  it('refuses records that it cannot read', async () => {
    const place = new MemoryOutboxPlace();
    const store = place.store();
    await store.load();
    store.put(0, Uint8Array.of(99));
    await store.close();
    const { client, network } = mqttStage({ clientId: 'c', outbox: { store: place.outbox() } });
    await assert.rejects(network.settled(client.start()), failure('unreadable outbox'));
  });

  it('has `stored` for QoS 1 and 2 alone, and for whoever has a store', async () => {
    const { client, network } = await begun(new MemoryOutboxPlace());
    const publish = client.publish('a', '', { until: 'stored' });
    await assert.rejects(network.settled(publish), RangeError);
    const without = await mqttWelcomed();
    const refused = without.client.publish('a', '', { qos: 1, until: 'stored' });
    await assert.rejects(
      without.network.settled(refused),
      /needs QoS 1 or 2, and an `outbox.store`/,
    );
  });
});

describe('what is published', () => {
  it('is sent at QoS 1 at once, and at QoS 2 when the store has it', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    const release = hold(place);
    const all = [client.publish('a', '1', { qos: 1 }), client.publish('a', '2', { qos: 2 })];
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1']);
    release();
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 2']);
    const again = hold(place);
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 });
    assert.deepEqual(server.heard(), [], 'PUBREL waits, too');
    again();
    await network.settle();
    assert.deepEqual(server.heard(), ['pubrel 2']);
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'pubcomp', packetId: 2, reasonCode: 0 },
    );
    await network.settled(Promise.all(all));
    assert.equal(client.pendingMessages, 0);
    assert.deepEqual(messageKeys(place), []);
  });

  it('is stored once a turn, and not at all where it is over by then', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    const before = place.flushes;
    const all = Array.from({ length: 50 }, () => client.publish('a', '', { qos: 1 }));
    await network.turn();
    assert.ok(place.flushes <= before + 1);
    for (let id = 1; id <= 50; id++) {
      await server.send({ type: 'puback', packetId: id, reasonCode: 0 });
    }
    await network.settled(Promise.all(all));
  });

  it('is sent again by the next program, as far as it has come [MQTT-4.4.0-1] [MQTT-4.6.0-1]', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place, {}, { properties: { receiveMaximum: 3 } });
    for (const [payload, qos] of [
      ['1', 1],
      ['2', 2],
      ['3', 2],
      ['4', 2],
      ['5', 2],
    ] as const) {
      await first.network.settled(first.client.publish('a', payload, stored(qos)));
    }
    await first.server.send({ type: 'pubrec', packetId: 2, reasonCode: 0 });
    assert.equal(first.client.pendingMessages, 5);
    place.cut(0);

    const { client, network, server, opened } = await begun(place, {}, present);
    assert.equal(opened, true);
    assert.equal(client.pendingMessages, 5);
    assert.deepEqual(publishes(server), [
      ['publish', 1, true, '1'],
      ['pubrel', 2, undefined, undefined],
      ['publish', 3, true, '3'],
      ['publish', 4, false, '4'],
      ['publish', 5, false, '5'],
    ]);
    await server.send(
      { type: 'puback', packetId: 1, reasonCode: 0 },
      { type: 'pubcomp', packetId: 2, reasonCode: 0 },
      { type: 'pubrec', packetId: 3, reasonCode: 0 },
      { type: 'pubrec', packetId: 4, reasonCode: 0 },
      { type: 'pubrec', packetId: 5, reasonCode: 0 },
    );
    await server.send(
      { type: 'pubcomp', packetId: 3, reasonCode: 0 },
      { type: 'pubcomp', packetId: 4, reasonCode: 0 },
      { type: 'pubcomp', packetId: 5, reasonCode: 0 },
    );
    assert.equal(client.pendingMessages, 0);
    await network.settled(client.disconnect());
    assert.deepEqual(messageKeys(place), []);
  });

  it('keeps its topic, its flags, its properties and the time it has left', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place);
    const properties = {
      messageExpiryInterval: 100,
      contentType: 'text/plain',
      correlationData: Uint8Array.of(1, 2),
      userProperties: [['a', 'b']] as [string, string][],
    };
    const options = { ...stored(1), retain: true, properties };
    await first.network.settled(first.client.publish('x/y', 'z', options));
    await first.network.settled(
      first.client.publish('x/y', 'gone', {
        ...stored(1),
        properties: { messageExpiryInterval: 10 },
      }),
    );
    await first.server.drop();
    place.cut(0);
    await first.network.advance(40);

    const { server } = await begun(place, { network: first.network });
    const [publish, ...more] = server.received().filter(({ type }) => type === 'publish');
    assert.deepEqual(more, []);
    assert.ok(publish?.type === 'publish');
    assert.equal(publish.topic, 'x/y');
    assert.equal(publish.retain, true);
    assert.deepEqual(publish.properties, { ...properties, messageExpiryInterval: 60 });
    assert.equal(messageKeys(place).length, 2);
  });

  it('gives its payload back to its publisher once it is stored', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    await server.drop();
    const payload = new TextEncoder().encode('before');
    await network.settled(client.publish('a', payload, stored(1)));
    payload.fill(0);
    await network.advance(1);
    await server.letIn(present);
    assert.deepEqual(publishes(server), [['publish', 1, false, 'before']]);
  });

  it('is stored before there is a server, behind what is there already', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place);
    await first.network.settled(first.client.publish('a', '1', stored(2)));
    place.cut(0);
    const outbox = { store: place.outbox() };
    const reconnect = { initially: 'in background' } as const;
    const { client, network, server } = mqttStage({ clientId: 'c', outbox, reconnect });
    await network.settled(client.start());
    await network.settled(client.publish('a', '2', stored(2)));
    assert.equal(client.isConnected, false);
    assert.equal(client.pendingMessages, 2);
    await server.letIn(present);
    assert.deepEqual(publishes(server), [
      ['publish', 1, true, '1'],
      ['publish', 2, false, '2'],
    ]);
    await network.settled(client.disconnect({ drainSeconds: 0 }));
    assert.equal(await client.closed, undefined);
  });

  it('is told to nobody but `lost` when it is refused after it was stored', async () => {
    const { client, network, server } = await begun(new MemoryOutboxPlace());
    const lost: LostMessage[] = [];
    client.on('lost', (message) => lost.push(message));
    await network.settled(client.publish('a', 'x', stored(1)));
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0x87 });
    assert.equal(lost.length, 1);
    assert.equal(lost[0].topic, 'a');
    assert.equal(lost[0].failure.reasonCode, 0x87);
    assert.equal(client.pendingMessages, 0);
  });

  it('stays in the outbox when the client ends before it is acknowledged', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    const lost: LostMessage[] = [];
    client.on('lost', (message) => lost.push(message));
    const waits = client.publish('a', '1', { qos: 1 });
    waits.catch(() => {});
    const isStored = client.publish('a', '2', stored(2));
    await network.settled(client.disconnect({ drainSeconds: 0 }));
    await assert.rejects(waits, failure('disconnected'));
    await isStored;
    server.received();

    const next = await begun(place, {}, present);
    assert.equal(next.client.pendingMessages, 2);
    assert.deepEqual(publishes(next.server), [
      ['publish', 1, true, '1'],
      ['publish', 2, true, '2'],
    ]);
    assert.deepEqual(lost, []);
  });
});

describe('a server that has lost the session', () => {
  it('gets QoS 1 again, and what was never sent; QoS 2 that was is `lost` [MQTT-4.3.2-1]', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place, {}, { properties: { receiveMaximum: 3 } });
    for (const [payload, qos] of [
      ['1', 2],
      ['2', 1],
      ['3', 2],
      ['4', 2],
    ] as const) {
      await first.network.settled(first.client.publish('a', payload, stored(qos)));
    }
    await first.server.send({ type: 'pubrec', packetId: 1, reasonCode: 0 });
    place.cut(0);

    const stage = mqttStage({ clientId: 'c', outbox: { store: place.outbox() } });
    const lost: string[] = [];
    stage.client.on('lost', ({ payload, failure }) => {
      lost.push(`${new TextDecoder().decode(payload)}: ${failure.failure}`);
    });
    const starting = stage.client.start();
    await stage.network.settle();
    assert.equal(stage.client.pendingMessages, 4);
    await stage.server.letIn();
    await stage.network.settled(starting);
    assert.deepEqual(lost, ['3: session lost']);
    assert.deepEqual(publishes(stage.server), [
      ['publish', 1, false, '2'],
      ['publish', 2, false, '4'],
    ]);
    assert.equal(stage.client.pendingMessages, 2);
    // And so it is for the next program.
    place.cut(0);
    const third = await begun(place, {}, present);
    assert.deepEqual(publishes(third.server), [
      ['publish', 1, true, '2'],
      ['publish', 2, true, '4'],
    ]);
  });
});

describe('the bounds of an outbox', () => {
  it('hold for what was loaded', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place);
    for (let i = 0; i < 3; i++) {
      await first.network.settled(first.client.publish('a', String(i), stored(1)));
    }
    place.cut(0);
    const outbox = { messagesMax: 3, whenFull: 'reject' } as const;
    const { client, network, server } = await begun(place, { outbox }, present);
    const refused = client.publish('a', '3', stored(1));
    await assert.rejects(network.settled(refused), failure('dropped', 0x97));
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await network.settled(client.publish('a', '4', stored(1)));
    assert.equal(client.pendingMessages, 3);
  });

  it('drop nothing that was loaded, should they be narrower than before', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place, {}, { properties: { receiveMaximum: 1 } });
    for (let i = 0; i < 20; i++) {
      await first.network.settled(first.client.publish('a', String(i), stored(1)));
    }
    place.cut(0);
    const { server, client } = await begun(place, { outbox: { messagesMax: 2 } });
    assert.equal(client.pendingMessages, 20);
    assert.equal(publishes(server).length, 20);
  });
});

describe('a message of QoS 2 that arrives', () => {
  it('is acknowledged when it is dealt with and the store knows it', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    const reading = client.messages()[Symbol.asyncIterator]();
    const next = reading.next();
    const release = hold(place);
    await server.send(message(2, 7, 'x'));
    assert.equal((await network.settled(next)).value?.text(), 'x');
    void reading.next();
    await network.settle();
    assert.deepEqual(server.heard(), []);
    release();
    await network.settle();
    assert.deepEqual(server.heard(), ['pubrec 7']);
    const again = hold(place);
    await server.send({ type: 'pubrel', packetId: 7, reasonCode: 0 });
    assert.deepEqual(server.heard(), [], 'or the next message with that id would be lost');
    again();
    await network.settle();
    assert.deepEqual(server.heard(), ['pubcomp 7']);
    assert.deepEqual(messageKeys(place), []);
    assert.equal(place.records().length, 1);
  });

  it('is known to the next program, if it was dealt with', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place);
    const reading = first.client.messages()[Symbol.asyncIterator]();
    void reading.next();
    await first.server.send(message(2, 7, 'done'));
    void reading.next();
    await first.network.settle();
    await first.server.send(message(2, 8, 'not yet'));
    place.cut(0);

    const { client, network, server } = await begun(place, {}, present);
    const texts: string[] = [];
    const all = client.messages();
    void (async () => {
      for await (const each of all) texts.push(each.text());
    })();
    await server.send({ ...message(2, 7, 'done'), dup: true });
    await server.send({ ...message(2, 8, 'not yet'), dup: true });
    await network.settle();
    assert.deepEqual(texts, ['not yet']);
    assert.deepEqual(server.heard(), ['pubrec 7', 'pubrec 8']);
  });

  it('is not acknowledged before it is dealt with, also when it comes again', async () => {
    const place = new MemoryOutboxPlace();
    const stage = await begun(place);
    const { client, network, server } = stage;
    const reading = client.messages()[Symbol.asyncIterator]();
    const first = reading.next();
    await server.send(message(2, 7, 'x'));
    await network.settled(first);
    await reconnected(stage);
    server.heard();
    await server.send({ ...message(2, 7, 'x'), dup: true });
    assert.deepEqual(server.heard(), []);
    void reading.next();
    await network.settle();
    assert.deepEqual(server.heard(), ['pubrec 7']);
  });

  it('is forgotten with the session', async () => {
    const place = new MemoryOutboxPlace();
    const first = await begun(place);
    const reading = first.client.messages()[Symbol.asyncIterator]();
    void reading.next();
    await first.server.send(message(2, 7, 'old'));
    void reading.next();
    await first.network.settle();
    place.cut(0);

    const { client, network, server } = await begun(place);
    const next = client.messages()[Symbol.asyncIterator]().next();
    await server.send(message(2, 7, 'new'));
    assert.equal((await network.settled(next)).value?.text(), 'new');
  });
});

describe('a store that fails', () => {
  it('is tried again, and holds up only what needs it', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network, server } = await begun(place);
    const failures: unknown[] = [];
    client.on('storeFailed', ({ error }) => failures.push(error));
    place.failure = new Error('no space');
    const one = client.publish('a', '1', { qos: 1 });
    const two = client.publish('a', '2', stored(2));
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1']);
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await network.settled(one);
    await network.advance(3);
    assert.ok(failures.length >= 3 && failures.length <= 5, `${failures.length}`);
    place.failure = undefined;
    await network.advance(1);
    await network.settled(two);
    assert.deepEqual(server.heard(), ['publish 2']);
  });

  it('is told at the end, when it fails even then', async () => {
    const place = new MemoryOutboxPlace();
    const { client, network } = await begun(place);
    place.failure = new Error('no space');
    const isStored = client.publish('a', '2', stored(2));
    isStored.catch(() => {});
    await network.settled(client.disconnect({ drainSeconds: 0 }));
    await assert.rejects(isStored, /no space/);
    assert.match(String(await client.closed), /no space/);
  });
});

/** A client that has been let in, in another network unless `options` say which. */
async function begun(
  place: MemoryOutboxPlace,
  { outbox, ...options }: StageOptions = {},
  connack: Parameters<PlayedServer['letIn']>[0] = {},
) {
  let opened = false;
  const stage = mqttStage({
    clientId: 'c',
    ...options,
    outbox: { ...outbox, store: place.outbox() },
  });
  stage.client.on('connected', ({ sessionPresent }) => {
    opened = sessionPresent;
  });
  const starting = stage.client.start();
  const connect = await stage.server.letIn(connack);
  await stage.network.settled(starting);
  return { ...stage, connect, opened };
}

function stored(qos: 1 | 2) {
  return { qos, until: 'stored' } as const;
}

/** Flushes take until what is returned is called. */
function hold(place: MemoryOutboxPlace): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  place.held = promise;
  return () => {
    place.held = undefined;
    resolve();
  };
}

function messageKeys(place: MemoryOutboxPlace): number[] {
  return place
    .records()
    .map(({ key }) => key)
    .filter((key) => key >= firstMessageKey);
}

function publishes(server: PlayedServer): unknown[][] {
  return server
    .received()
    .filter((packet) => packet.type === 'publish' || packet.type === 'pubrel')
    .map((packet) =>
      packet.type === 'pubrel'
        ? [packet.type, packet.packetId, undefined, undefined]
        : [packet.type, packet.packetId, packet.dup, new TextDecoder().decode(packet.payload)],
    );
}
