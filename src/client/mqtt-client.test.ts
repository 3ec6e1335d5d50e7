/** The client as programs use it: what it promises, and what it leaves behind. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { failure, publishesOf, text } from '../../test/harness/client-stage.ts';
import {
  granted,
  identifierOf,
  mqttStage,
  mqttWelcomed,
  published,
  Reader,
  reconnected,
  type Stage,
  type StageOptions,
} from '../../test/harness/mqtt-client-stage.ts';
import { TestNetwork } from '../../test/harness/test-network.ts';

/** A client that is subscribed to `a`, and who sends it messages of QoS 1. */
async function subscribed(options: StageOptions = {}) {
  const stage = await mqttWelcomed(options);
  const subscription = stage.client.subscribe('a', { qos: 1 });
  const [subscribe] = await granted(stage);
  const identifiers = [identifierOf(subscribe)];
  const send = (...packetIds: number[]) => {
    const packets = packetIds.map((packetId) => {
      return published('a', String(packetId), { packetId, identifiers });
    });
    return stage.server.send(...packets);
  };
  return { ...stage, subscription, send };
}

describe('publishing', () => {
  it('resolves at QoS 0 once the message is on its way, and says when it was dropped', async () => {
    const stage = await mqttWelcomed();
    assert.deepEqual(await stage.client.publish('a', '1'), { reasonCode: 0, isDropped: false });
    await stage.server.drop();
    assert.deepEqual(await stage.client.publish('a', '2'), { reasonCode: 0, isDropped: true });
    assert.ok(stage.events.includes('dropped'));
  });

  it('has QoS 0 wait for the next connection where that is wanted', async () => {
    const stage = await mqttWelcomed({ outbox: { qos0: true } });
    await stage.server.drop();
    assert.deepEqual(await stage.client.publish('a', '1'), { reasonCode: 0, isDropped: false });
    await stage.network.advance(1);
    await stage.server.letIn({ sessionPresent: true });
    assert.deepEqual(publishesOf(stage.server).map(text), ['1']);
  });

  it('tells what the server says', async () => {
    const { client, server, network } = await mqttWelcomed();
    const nobody = client.publish('a', '1', { qos: 1 });
    const refused = assert.rejects(client.publish('b', '2', { qos: 2 }), failure('refused', 0x87));
    await network.settle();
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0x10 });
    await server.send({ type: 'pubrec', packetId: 2, reasonCode: 0x87 });
    assert.deepEqual(await nobody, { reasonCode: 0x10, isDropped: false });
    await network.settled(refused);
  });

  it('rejects what no server could make sense of, and what this one does not offer', async () => {
    const { client } = await mqttWelcomed({}, { properties: { maximumQos: 1 } });
    await assert.rejects(client.publish('a/#', ''), RangeError);
    await assert.rejects(client.publish('a', '', { qos: 2 }), failure('not supported', 0x9b));
  });
});

describe('reading', () => {
  it('has the server wait for a slow reader: nothing is acknowledged before its turn', async () => {
    const { subscription, send, server, network } = await subscribed({ receiveMaximum: 2 });
    const reader = new Reader(subscription, { held: true });
    await send(1, 2);
    assert.deepEqual([reader.texts, server.heard()], [['1'], []]);
    reader.step();
    await network.settle();
    assert.deepEqual([reader.texts, server.heard()], [['1', '2'], ['puback 1']]);
  });

  it('stops at the network when too much waits, and goes on when it is taken', async () => {
    const options = { limits: { inboxMessagesMax: 2 } };
    const { subscription, send, server, network } = await subscribed(options);
    const reader = new Reader(subscription, { held: true });
    await send(1);
    await send(2);
    await send(3);
    assert.ok(server.isHeldUp);
    for (let times = 0; times < 3; times++) {
      reader.step();
      await network.settle();
    }
    assert.deepEqual([reader.texts, server.isHeldUp], [['1', '2', '3'], false]);
  });

  it('stops at many bytes, too', async () => {
    const { subscription, server } = await subscribed({ limits: { inboxBytesMax: 1000 } });
    new Reader(subscription, { held: true });
    await server.send(published('a', 'x'.repeat(1000)));
    await server.send(published('a', 'y'));
    assert.ok(server.isHeldUp);
  });

  it('goes on for a reader that publishes in its loop, and waits for the server', async () => {
    const options = { limits: { inboxMessagesMax: 2 } };
    const stage = await subscribed(options);
    const { subscription, send, server, client, network } = stage;
    const done: string[] = [];
    void (async () => {
      for await (const message of subscription) {
        await client.publish('b', message.text(), { qos: 1 });
        done.push(message.text());
      }
    })();
    await send(1, 2, 3);
    for (let times = 0; times < 3; times++) {
      for (const { packetId } of publishesOf(server)) {
        await server.send({ type: 'puback', packetId, reasonCode: 0 });
      }
      await network.settle();
    }
    assert.deepEqual(done, ['1', '2', '3']);
  });

  it('goes on for a reader that publishes at QoS 0 to a server that does not read', async () => {
    const limits = { inboxMessagesMax: 1, outputBytesMax: 10 };
    const { subscription, send, server, client, network } = await subscribed({ limits });
    let done = 0;
    void (async () => {
      for await (const message of subscription) {
        await client.publish('b', 'x'.repeat(100 + message.bytes.length));
        done++;
      }
    })();
    // It sends as long as somebody takes it, and reads only then.
    server.hold();
    await send(1);
    await send(2);
    assert.equal(server.isHeldUp, false);
    server.release();
    await network.settle();
    assert.equal(done, 2);
  });

  it('goes on for a reader that asks in its loop, and waits for the response', async () => {
    const stage = await subscribed({ limits: { inboxMessagesMax: 2 } });
    const { subscription, server, client, network } = stage;
    const answers: string[] = [];
    void (async () => {
      for await (const message of subscription) {
        answers.push((await client.request('b', message.text())).text());
      }
    })();
    await server.send(...['1', '2', '3'].map((payload) => published('a', payload)));
    const request = server.received().find(({ type }) => type === 'publish');
    assert.ok(request?.type === 'publish');
    await server.send({ type: 'puback', packetId: request.packetId, reasonCode: 0 });
    await server.send(published('a', '4'));
    const { responseTopic, correlationData } = request.properties!;
    const properties = { correlationData };
    await server.send(published(responseTopic!, 'answer', { packetId: 9, properties }));
    await network.settle();
    assert.deepEqual(answers, ['answer']);
  });

  it('acknowledges in the order of arrival, whoever is done first', async () => {
    const stage = await mqttWelcomed();
    const open: PromiseWithResolvers<void>[] = [];
    const handle = () => {
      open.push(Promise.withResolvers());
      return open.at(-1)!.promise;
    };
    stage.client.subscribe('a', handle, { qos: 1, concurrency: 3 });
    await granted(stage);
    for (const packetId of [1, 2, 3]) await stage.server.send(published('a', '', { packetId }));
    open[2].resolve();
    open[1].resolve();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), []);
    open[0].resolve();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), ['puback 1', 'puback 2', 'puback 3']);
  });

  it('leaves acknowledging to its user where that is wanted', async () => {
    const stage = await mqttWelcomed();
    const messages = stage.client
      .subscribe('a', { qos: 1, manualAck: true })
      [Symbol.asyncIterator]();
    await granted(stage);
    const send = (packetId: number) => stage.server.send(published('a', '', { packetId }));
    await send(1);
    await send(2);
    const [first, second] = [await messages.next(), await messages.next()];
    second.value?.ack();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), []);
    first.value?.ack();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), ['puback 1', 'puback 2']);
  });

  it('acknowledges nothing on another connection than the message came by', async () => {
    const stage = await subscribed();
    const reader = new Reader(stage.subscription, { held: true });
    await stage.send(1);
    await reconnected(stage, { sessionPresent: true });
    reader.step();
    await stage.network.settle();
    assert.deepEqual(stage.server.heard(), []);
    await stage.send(1);
    reader.step();
    await stage.network.settle();
    assert.deepEqual(reader.texts, ['1', '1']);
  });

  it('fails with what ended the client, and ends where it was asked to', async () => {
    const lost = await subscribed({ reconnect: false });
    const reader = new Reader(lost.subscription);
    const everything = new Reader(lost.client.messages());
    await lost.server.drop();
    assert.ok(failure('connection lost')(reader.end));
    assert.ok(failure('connection lost')(everything.end));
    const left = await subscribed();
    const other = new Reader(left.subscription);
    await left.network.settled(left.client.disconnect());
    assert.equal(other.end, 'done');
  });
});

describe('a handler that fails', () => {
  it('is told of to whoever listens, and the message counts as dealt with', async () => {
    const stage = await mqttWelcomed();
    const errors: unknown[] = [];
    stage.client.on('error', ({ error, message }) => errors.push([error, message.text()]));
    stage.client.subscribe('a', () => Promise.reject('wrong'));
    await granted(stage);
    await stage.server.send(published('a', '1', { packetId: 1 }));
    assert.deepEqual([errors, stage.server.heard()], [[['wrong', '1']], ['puback 1']]);
  });

  it('is thrown alone where nobody listens, but not once the client has ended', async () => {
    const stage = await mqttWelcomed();
    const wrong = new Error('a handler that fails');
    stage.client.subscribe('a', () => Promise.reject(wrong));
    stage.client.subscribe('b', async () => void (await stage.client.publish('c', '', { qos: 1 })));
    await granted(stage);
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
    await stage.server.send(published('b', ''), published('a', ''));
    await stage.network.settled(stage.client.disconnect({ drainSeconds: 0 }));
    process.setUncaughtExceptionCaptureCallback(null);
    assert.deepEqual(thrown, [wrong]);
  });

  it('may publish, subscribe and disconnect from within', async () => {
    const stage = await mqttWelcomed();
    const { client, network, server } = stage;
    client.subscribe('a', () => {
      void client.publish('b', '').catch(() => {});
      client.subscribe('c', () => {}).granted.catch(() => {});
      void client.disconnect();
    });
    await granted(stage);
    await server.send(published('a', '1', { packetId: 1 }), published('a', '2', { packetId: 2 }));
    await network.settled(client.closed);
    assert.equal(server.heard().at(-1), 'disconnect');
    assert.throws(() => client.subscribe('d'), failure('disconnected'));
    assert.throws(() => client.messages(), failure('disconnected'));
  });
});

describe('disconnecting', () => {
  it('waits for what is on its way, and then says goodbye', async () => {
    const { client, server, network, events, platform } = await mqttWelcomed();
    const sent = client.publish('a', '1', { qos: 1 });
    const leaving = client.disconnect();
    const again = client.disconnect();
    await network.settle();
    assert.deepEqual(server.heard(), ['publish 1']);
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await network.settled(Promise.all([leaving, again]));
    assert.equal((await sent).reasonCode, 0);
    const [disconnect, ...others] = server.received();
    assert.deepEqual(disconnect, {
      type: 'disconnect',
      reasonCode: 0,
      properties: { sessionExpiryInterval: 0 },
    });
    assert.deepEqual([others, events], [[], ['connected', 'disconnected', 'closed']]);
    assert.ok(platform.isStopped);
  });

  it('does not wait longer than it may', async () => {
    const { client, server, network } = await mqttWelcomed();
    const given = assert.rejects(client.publish('a', '', { qos: 1 }), failure('disconnected'));
    const leaving = client.disconnect({ drainSeconds: 3 });
    await network.advance(2.9);
    assert.deepEqual(server.heard(), ['publish 1']);
    await network.advance(0.2);
    await network.settled(Promise.all([leaving, given]));
    assert.deepEqual(server.heard(), ['disconnect']);
  });

  it('is what the end of a scope does', async () => {
    const { client, network } = await mqttWelcomed();
    const scope = async () => {
      await using own = client;
      assert.ok(own.isConnected);
    };
    await network.settled(scope());
    assert.equal(await client.closed, undefined);
  });

  it('leaves a session that is to outlive the program', async () => {
    const { client, network, server } = await mqttWelcomed({ sessionExpirySeconds: 3600 });
    await network.settled(client.disconnect({ reasonCode: 0x04 }));
    const [disconnect] = server.received();
    assert.deepEqual(disconnect, { type: 'disconnect', reasonCode: 4, properties: undefined });
  });

  it('disconnects also when it is asked for what no server could make sense of', async () => {
    const { client, network, server } = await mqttWelcomed({ sessionExpirySeconds: 0 });
    const properties = { sessionExpiryInterval: 10 };
    await assert.rejects(network.settled(client.disconnect({ properties })), RangeError);
    assert.ok(server.isClosed);
    await network.settled(client.closed);
  });

  it('gives up a server that takes nothing any more', async () => {
    const { client, network, server, platform } = await mqttWelcomed();
    server.hold();
    const leaving = client.disconnect();
    await network.advance(6);
    await network.settled(leaving);
    assert.ok(platform.isStopped);
  });
});

describe('what is left of a client that has ended', () => {
  it('is no listener of a signal', async () => {
    const counts = { added: 0, removed: 0 };
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const own = new Set<unknown>();
    Object.assign(signal, {
      addEventListener: (type: 'abort', listener: () => void) => {
        counts.added++;
        own.add(listener);
        add(type, listener);
      },
      removeEventListener: (type: 'abort', listener: () => void) => {
        own.delete(listener);
        remove(type, listener);
      },
    });
    for (const way of ['disconnect', 'drop'] as const) {
      const stage = await mqttWelcomed({ signal, reconnect: false });
      stage.client.on('connected', () => {}, { signal });
      stage.client.subscribe('a', { signal });
      stage.client.subscribe('b', () => {}, { signal });
      await granted(stage);
      stage.client.publish('a', '', { qos: 1, signal }).catch(() => {});
      stage.client.request('a', '', { signal }).catch(() => {});
      await stage.network.settle();
      if (way === 'drop') await stage.server.drop();
      else await stage.network.settled(stage.client.disconnect({ drainSeconds: 0 }));
      await stage.network.settled(stage.client.closed);
      await stage.network.settle();
      assert.equal(own.size, 0, `of ${counts.added} after ${way}`);
    }
  });

  it('is no timer', async () => {
    const stage = await mqttWelcomed({ keepAliveSeconds: 10 });
    stage.client.request('a', '', { timeout: 5000 }).catch(() => {});
    await stage.network.settled(stage.client.disconnect({ drainSeconds: 0 }));
    assert.ok(stage.platform.isStopped);
    // The platform would say that somebody asks for time.
    await stage.network.advance(100);
    await assert.rejects(stage.client.request('a', ''), failure('disconnected'));
  });
});

describe('clients of a real broker in memory', () => {
  it('hear each other at every QoS, through lost connections', async () => {
    const network = new TestNetwork();
    const open = network.broker();
    const client = (clientId: string): Stage =>
      mqttStage({ network, clientId, reach: () => open, random: () => 0 });
    const [one, other] = [client('one').client, client('other').client];
    await network.settled(Promise.all([one.start(), other.start()]));
    const heard: string[] = [];
    const subscription = other.subscribe('a/+', (message) => void heard.push(message.text()), {
      qos: 2,
    });
    assert.deepEqual(await network.settled(subscription.granted), [2]);
    const all: Promise<unknown>[] = [];
    for (let times = 0; times < 10; times++) {
      for (const qos of [1, 2] as const)
        all.push(one.publish(`a/${qos}`, `${qos} ${times}`, { qos }));
      network.cut();
      await network.advance(1);
    }
    await network.settled(Promise.all(all));
    const expected = (qos: number) => Array.from({ length: 10 }, (_, i) => `${qos} ${i}`);
    assert.deepEqual(
      heard.filter((each) => each.startsWith('2')),
      expected(2),
    );
    assert.deepEqual([...new Set(heard.filter((each) => each.startsWith('1')))], expected(1));
    await network.settled(Promise.all([one.disconnect(), other.disconnect()]));
  });
});
