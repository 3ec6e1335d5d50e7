/** Retained messages of publishers that may not publish any more: `check_retain_source`. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from '../../../src/packet/reason-codes.ts';
import { Message } from '../../../src/session/message.ts';
import { TestBroker, type TestBrokerOptions } from '../../harness/test-broker.ts';
import { TestGatekeeper } from '../../harness/test-gatekeeper.ts';

/** A gatekeeper that withdraws a topic when it is told to. */
class Fickle extends TestGatekeeper {
  readonly withdrawn = new Set<string>();

  override mayPublish(
    { clientId, userName }: { clientId: string; userName?: string },
    topic: string,
  ) {
    const isWithdrawn = this.withdrawn.has(`${clientId} ${userName} ${topic}`);
    return isWithdrawn ? reasonCodes.notAuthorized : reasonCodes.success;
  }
}

async function scene(options: TestBrokerOptions = {}) {
  const gatekeeper = new Fickle();
  const broker = new TestBroker({ gatekeeper, ...options });
  const seenByNew = async () => {
    const client = await broker.connect('new');
    await client.subscribe('#');
    return client.payloads().sort();
  };
  for (const id of ['1', '2']) {
    const publisher = await broker.connect(id, { userName: 'u' });
    await publisher.publish(`a/${id}`, id, { retain: true });
    await publisher.drop();
  }
  return { broker, gatekeeper, seenByNew };
}

describe('a retained message', () => {
  it('is not sent while its publisher may not publish there', async () => {
    const { gatekeeper, seenByNew } = await scene();
    assert.deepEqual(await seenByNew(), ['1', '2']);
    gatekeeper.withdrawn.add('1 u a/1');
    assert.deepEqual(await seenByNew(), ['2']);
    gatekeeper.withdrawn.clear();
    assert.deepEqual(await seenByNew(), ['1', '2']);
  });

  it('is sent all the same where nobody is to check', async () => {
    const { broker, gatekeeper, seenByNew } = await scene({
      features: { checkRetainSource: false },
    });
    gatekeeper.withdrawn.add('1 u a/1');
    assert.deepEqual(await seenByNew(), ['1', '2']);
    broker.broker.change({ features: { checkRetainSource: true } });
    assert.deepEqual(await seenByNew(), ['2']);
  });

  it('that another client has replaced is judged by that one', async () => {
    const { broker, gatekeeper, seenByNew } = await scene();
    gatekeeper.withdrawn.add('1 u a/1');
    await (await broker.connect('3')).publish('a/1', 'new', { retain: true });
    assert.deepEqual(await seenByNew(), ['2', 'new']);
  });

  it('of a will is judged by whose will it was', async () => {
    const { broker, gatekeeper, seenByNew } = await scene();
    const will = { topic: 'w', payload: Buffer.from('w'), qos: 0, retain: true } as const;
    await (await broker.connect('3', { will, userName: 'u' })).drop();
    assert.deepEqual(await seenByNew(), ['1', '2', 'w']);
    gatekeeper.withdrawn.add('3 u w');
    assert.deepEqual(await seenByNew(), ['1', '2']);
  });

  it("of the broker's own is always sent", async () => {
    const { broker, seenByNew } = await scene();
    broker.broker.publish(new Message('b', Buffer.from('b'), { retain: true }));
    assert.deepEqual(await seenByNew(), ['1', '2', 'b']);
  });

  it('is judged by the gatekeeper that the listener of its publisher has now', async () => {
    const broker = new TestBroker();
    const inner = broker.broker.listener({ name: 'inner', gatekeeper: new TestGatekeeper() });
    await (await broker.connect('1', {}, { listener: inner })).publish('a', '1', { retain: true });
    const refuses = new TestGatekeeper({ publish: () => reasonCodes.notAuthorized });
    const seenByNew = async () => {
      const client = await broker.connect('new');
      await client.subscribe('#');
      return client.payloads();
    };
    assert.deepEqual(await seenByNew(), ['1']);
    inner.change({ name: 'inner', gatekeeper: refuses });
    assert.deepEqual(await seenByNew(), []);
  });
});
