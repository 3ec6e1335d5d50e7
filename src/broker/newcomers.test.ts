/** Those who have not come in are bounded, and those who come in do not notice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../test/harness/outcome.ts';
import { TestBroker } from '../../test/harness/test-broker.ts';
import { TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { type Newcomer, Newcomers } from './newcomers.ts';

describe('newcomers', () => {
  const limits = { newcomersMax: 3, newcomerBytesMax: 100 };

  const named = (names: readonly string[]) => {
    const gone: string[] = [];
    const all = names.map(
      (name): Newcomer => ({ newcomerBytes: 0, crowdOut: () => gone.push(name) }),
    );
    return { all, gone };
  };

  it('lose the one that has waited longest when there are too many', () => {
    const newcomers = new Newcomers();
    const { all, gone } = named(['a', 'b', 'c', 'd', 'e']);
    for (const newcomer of all.slice(0, 3)) newcomers.enter(newcomer, limits);
    newcomers.leave(all[1]);
    newcomers.enter(all[3], limits);
    assert.deepEqual(gone, []);
    newcomers.enter(all[4], limits);
    assert.deepEqual(gone, ['a']);
    assert.equal(newcomers.count, 3);
  });

  it('lose those that have waited longest when there are too many bytes', () => {
    const newcomers = new Newcomers();
    const { all, gone } = named(['a', 'b', 'c']);
    for (const newcomer of all) newcomers.enter(newcomer, limits);
    newcomers.received(all[0], 40, limits);
    newcomers.received(all[1], 60, limits);
    assert.deepEqual(gone, []);
    newcomers.received(all[2], 90, limits);
    assert.deepEqual(gone, ['a', 'b']);
    assert.deepEqual([newcomers.count, newcomers.bytes], [1, 90]);
    newcomers.leave(all[2]);
    assert.deepEqual([newcomers.count, newcomers.bytes], [0, 0]);
  });

  it('do not count one that has left, whatever still comes of it', () => {
    const newcomers = new Newcomers();
    const { all, gone } = named(['a']);
    newcomers.enter(all[0], limits);
    newcomers.leave(all[0]);
    newcomers.received(all[0], 1000, limits);
    newcomers.leave(all[0]);
    assert.deepEqual([gone, newcomers.bytes], [[], 0]);
  });
});

describe('a connection that has not come in', () => {
  it('ends without a word when newcomersMax younger ones have come', async () => {
    const refused: string[] = [];
    const broker = new TestBroker({
      limits: { newcomersMax: 2 },
      observer: { connectionRefused: ({ message }) => refused.push(message) },
    });
    const first = broker.open();
    await first.sendBytes('10 0c 00 04');
    const second = broker.open();
    assert.equal(first.isClosed, false);
    broker.open();
    await broker.settle();
    assert.deepEqual(outcomeOf(first), ['closed']);
    assert.deepEqual(refused, ['too many connections wait to come in']);
    assert.equal(second.isClosed, false);
    assert.equal(broker.broker.connectionCount, 2);
  });

  it('ends when those after it have sent more than newcomerBytesMax', async () => {
    const broker = new TestBroker({ limits: { newcomerBytesMax: 100 } });
    const first = broker.open();
    const second = broker.open();
    await first.sendBytes(`10 7f ${'00 04 '.repeat(20)}`);
    await second.sendBytes(`10 7f ${'00 04 '.repeat(28)}`);
    assert.equal(first.isClosed, false);
    await second.sendBytes('00 00 00');
    assert.deepEqual([first.isClosed, second.isClosed], [true, false]);
  });

  it('is not any more once it has its CONNACK', async () => {
    const broker = new TestBroker({ limits: { newcomersMax: 1, newcomerBytesMax: 50 } });
    const first = await broker.connect('first');
    const second = await broker.connect('second');
    await first.publish('a', 'x'.repeat(100));
    await first.subscribe('a');
    assert.deepEqual([first.isClosed, second.isClosed], [false, false]);
  });

  it('ends while it waits for its verdict, too, and its identifier is told', async () => {
    const refused: unknown[] = [];
    const gatekeeper = Object.assign(new TestGatekeeper(), { admit() {} });
    const broker = new TestBroker({
      gatekeeper,
      limits: { newcomersMax: 1 },
      observer: {
        connectionRefused: ({ clientId, reasonCode }) => refused.push([clientId, reasonCode]),
      },
    });
    const first = broker.open();
    await first.connect('first');
    broker.open();
    await broker.settle();
    assert.equal(first.isClosed, true);
    assert.deepEqual(refused, [['first', reasonCodes.serverBusy]]);
  });

  it('counts while its last bytes are not taken, and ends when it is crowded out', async () => {
    const broker = new TestBroker({ limits: { newcomersMax: 1 } });
    const first = broker.open();
    first.freeze();
    await first.sendBytes('10 ["MQTT" 06 02 003c [] "id"]');
    assert.equal(broker.broker.connectionCount, 1);
    broker.open();
    await first.thaw();
    assert.equal(first.isClosed, true);
    assert.equal(broker.broker.connectionCount, 1);
  });
});
