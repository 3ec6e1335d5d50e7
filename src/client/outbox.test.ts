/** What is published and not acknowledged yet: its limits, and what becomes of it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, publishesOf, text } from '../../test/harness/client-stage.ts';
import {
  mqttWelcomed,
  reconnected,
  type StageOptions,
} from '../../test/harness/mqtt-client-stage.ts';
import type { OutboxOptions } from './outbox.ts';

/** A client whose server takes one message at a time, and acknowledges when the test says so. */
async function narrow(outbox: Partial<OutboxOptions>, options: StageOptions = {}) {
  const stage = await mqttWelcomed({ outbox, ...options }, { properties: { receiveMaximum: 1 } });
  const { network, server, client } = stage;
  const outcomes: string[] = [];
  const publish = (payload: string, signal?: AbortSignal) => {
    client.publish('a', payload, { qos: 1, signal }).then(
      () => outcomes.push(`${payload} arrived`),
      (error) => outcomes.push(`${payload} ${error.failure ?? error.message ?? error}`),
    );
  };
  const acknowledge = async () => {
    const packets = publishesOf(server);
    for (const { packetId } of packets) {
      await server.send({ type: 'puback', packetId, reasonCode: 0 });
    }
    return packets.map(text);
  };
  const settle = () => network.settle();
  return { ...stage, outcomes, publish, acknowledge, settle };
}

describe('an outbox', () => {
  it('has a publisher wait until there is room, in order', async () => {
    const { publish, outcomes, acknowledge, client, settle } = await narrow({ messagesMax: 2 });
    for (const payload of ['1', '2', '3', '4']) publish(payload);
    await settle();
    assert.equal(client.pendingMessages, 4);
    const sent: string[] = [];
    for (let times = 0; times < 4; times++) sent.push(...(await acknowledge()));
    assert.deepEqual(sent, ['1', '2', '3', '4']);
    assert.deepEqual(outcomes, ['1 arrived', '2 arrived', '3 arrived', '4 arrived']);
    assert.equal(client.pendingMessages, 0);
  });

  it('bounds bytes, but takes one message of any size', async () => {
    const outbox = { bytesMax: 100, whenFull: 'reject' } as const;
    const { publish, outcomes, acknowledge, settle } = await narrow(outbox);
    publish('x'.repeat(1000));
    publish('2');
    await settle();
    assert.deepEqual(outcomes, ['2 dropped']);
    await acknowledge();
    publish('3');
    await settle();
    await acknowledge();
    assert.deepEqual(outcomes.slice(1), [`${'x'.repeat(1000)} arrived`, '3 arrived']);
  });

  it('tells a publisher that it is full', async () => {
    const { client, network } = await narrow({ messagesMax: 1, whenFull: 'reject' });
    client.publish('a', '1', { qos: 1 }).catch(() => {});
    const second = client.publish('a', '2', { qos: 2 });
    await assert.rejects(network.settled(second), failure('dropped', 0x97));
  });

  it('drops the oldest that was not sent, and only as many as it must', async () => {
    const outbox = { messagesMax: 3, whenFull: 'drop oldest' } as const;
    const { publish, outcomes, acknowledge, settle, client } = await narrow(outbox);
    for (const payload of ['1', '2', '3', '4', '5']) publish(payload);
    await settle();
    assert.deepEqual(outcomes, ['2 dropped', '3 dropped']);
    assert.equal(client.pendingMessages, 3);
    const sent = [...(await acknowledge()), ...(await acknowledge()), ...(await acknowledge())];
    assert.deepEqual(sent, ['1', '4', '5']);
    assert.equal(client.pendingMessages, 0);
  });

  it('refuses the newest where all the others have been sent', async () => {
    const outbox = { messagesMax: 1, whenFull: 'drop oldest' } as const;
    const { publish, outcomes, acknowledge, settle } = await narrow(outbox);
    publish('1');
    publish('2');
    await settle();
    assert.deepEqual(outcomes, ['2 dropped']);
    await acknowledge();
    assert.deepEqual(outcomes, ['2 dropped', '1 arrived']);
  });

  it('keeps messages of QoS 0 out of the way of those that must not be lost', async () => {
    const outbox = { messagesMax: 2, whenFull: 'drop oldest', qos0: true } as const;
    const { publish, outcomes, client, server, settle } = await narrow(outbox);
    await server.drop();
    const zero = await client.publish('a', 'zero');
    assert.deepEqual(zero, { reasonCode: 0, isDropped: false });
    for (const payload of ['1', '2', '3']) publish(payload);
    await settle();
    assert.deepEqual(outcomes, ['1 dropped']);
    assert.equal(client.pendingMessages, 2);
  });
});

describe('an outbox whose publisher gives up', () => {
  it('has the message back before it is sent', async () => {
    const { publish, outcomes, acknowledge, settle, client } = await narrow({ messagesMax: 2 });
    const controller = new AbortController();
    publish('1');
    publish('2', controller.signal);
    publish('3', controller.signal);
    publish('4');
    await settle();
    controller.abort('enough');
    publish('5', controller.signal);
    await settle();
    assert.deepEqual(outcomes.sort(), ['2 enough', '3 enough', '5 enough']);
    assert.deepEqual(await acknowledge(), ['1']);
    assert.deepEqual(await acknowledge(), ['4']);
    assert.equal(client.pendingMessages, 0);
  });

  it('goes on with a message that was sent, but nobody waits for it', async () => {
    const { publish, outcomes, acknowledge, settle, client } = await narrow({});
    const controller = new AbortController();
    publish('1', controller.signal);
    await settle();
    controller.abort('enough');
    await settle();
    assert.deepEqual(outcomes, ['1 enough']);
    assert.equal(client.pendingMessages, 1);
    assert.deepEqual(await acknowledge(), ['1']);
    assert.equal(client.pendingMessages, 0);
  });

  it('listens to no signal any more once the message has arrived', async () => {
    const { publish, acknowledge, settle } = await narrow({ messagesMax: 1 });
    const { signal, listeners } = countingSignal();
    publish('1', signal);
    publish('2', signal);
    await settle();
    assert.equal(listeners(), 2);
    await acknowledge();
    await acknowledge();
    assert.equal(listeners(), 0);
  });
});

describe('an outbox through connections', () => {
  it('sends again what was not acknowledged, and then what has waited', async () => {
    const stage = await narrow({});
    const { publish, acknowledge, outcomes, server, settle } = stage;
    publish('1');
    await settle();
    await server.drop();
    publish('2');
    await reconnected(stage, { sessionPresent: true });
    assert.deepEqual(
      server.received().map((packet) => packet.type === 'publish' && [text(packet), packet.dup]),
      [
        ['1', true],
        ['2', false],
      ],
    );
    await server.send({ type: 'puback', packetId: 1, reasonCode: 0 });
    await server.send({ type: 'puback', packetId: 2, reasonCode: 0 });
    assert.deepEqual(outcomes, ['1 arrived', '2 arrived']);
    assert.deepEqual(await acknowledge(), []);
  });

  it('tells the publisher of QoS 2 when the server has lost the session', async () => {
    const stage = await mqttWelcomed();
    const twice = stage.client.publish('a', '2', { qos: 2 });
    const once = stage.client.publish('a', '1', { qos: 1 });
    const lost = assert.rejects(twice, failure('session lost'));
    await reconnected(stage, { sessionPresent: false });
    await stage.network.settled(lost);
    const [again, ...others] = publishesOf(stage.server);
    assert.deepEqual([text(again), again.dup, others], ['1', false, []]);
    const { packetId } = again;
    await stage.server.send({ type: 'puback', packetId, reasonCode: 0 });
    assert.equal((await once).reasonCode, 0);
  });

  it('keeps the order when the server has lost the session, and waiting messages get room', async () => {
    const stage = await mqttWelcomed({ outbox: { messagesMax: 3 } });
    const { client, server } = stage;
    const lost = assert.rejects(client.publish('a', '1', { qos: 2 }), failure('session lost'));
    await stage.network.settle();
    await server.drop();
    for (const payload of ['2', '3', '4', '5']) {
      client.publish('a', payload, { qos: 1 }).catch(() => {});
    }
    await stage.network.advance(1);
    await server.letIn({ sessionPresent: false });
    await stage.network.settled(lost);
    assert.deepEqual(publishesOf(server).map(text), ['2', '3', '4']);
  });

  it('rejects all that is left when the client ends', async () => {
    const { publish, outcomes, client, network } = await narrow({ messagesMax: 2 });
    for (const payload of ['1', '2', '3']) publish(payload);
    await network.settle();
    await network.settled(client.disconnect({ drainSeconds: 0 }));
    assert.deepEqual(outcomes.sort(), ['1 disconnected', '2 disconnected', '3 disconnected']);
    publish('4');
    await network.settle();
    assert.equal(outcomes.at(-1), '4 disconnected');
  });
});

function countingSignal() {
  const { signal } = new AbortController();
  let count = 0;
  return {
    listeners: () => count,
    signal: Object.assign(signal, {
      addEventListener: () => void count++,
      removeEventListener: () => void count--,
    }),
  };
}
