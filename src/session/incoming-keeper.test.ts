/** The receiving side, whose open ids of QoS 2 are kept. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Incoming } from './incoming.ts';

function kept(openIds?: number[]) {
  const told: string[] = [];
  const keeper = {
    opened: (packetId: number) => told.push(`opened ${packetId}`),
    closed: (packetId: number) => told.push(`closed ${packetId}`),
  };
  const incoming = new Incoming(keeper, openIds);
  incoming.resume(10);
  return { incoming, told };
}

describe('Incoming with a keeper', () => {
  it('tells which ids open and close, each once', () => {
    const { incoming, told } = kept();
    incoming.publishedAtLeastOnce();
    incoming.publishedExactlyOnce(7);
    incoming.publishedExactlyOnce(7);
    incoming.resume(10);
    incoming.publishedExactlyOnce(7);
    assert.equal(incoming.release(7), true);
    assert.equal(incoming.release(7), false);
    assert.deepEqual(told, ['opened 7', 'closed 7']);
  });

  it('knows the ids of before, and does not tell of them again [MQTT-4.3.3-10]', () => {
    const { incoming, told } = kept([3, 9]);
    assert.deepEqual([...incoming.openIds()], [3, 9]);
    assert.equal(incoming.publishedExactlyOnce(9), false);
    assert.equal(incoming.publishedExactlyOnce(4), true);
    assert.equal(incoming.release(3), true);
    assert.deepEqual([told, incoming.openCount], [['opened 4', 'closed 3'], 2]);
  });
});
