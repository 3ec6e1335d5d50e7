/** The receiving side of QoS 1 and 2. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { Incoming } from './incoming.ts';

const isOverrun = (error: unknown): boolean =>
  error instanceof ProtocolError && error.reasonCode === reasonCodes.receiveMaximumExceeded;

function connected(receiveMax: number): Incoming {
  const incoming = new Incoming();
  incoming.resume(receiveMax);
  return incoming;
}

describe('Incoming', () => {
  it('knows a QoS 2 message again until its PUBREL, also on a new connection [MQTT-4.3.3-10]', () => {
    const incoming = connected(10);
    assert.equal(incoming.publishedExactlyOnce(7), true);
    assert.equal(incoming.publishedExactlyOnce(7), false);
    incoming.resume(10);
    assert.equal(incoming.publishedExactlyOnce(7), false);
    assert.equal(incoming.release(7), true);
    assert.equal(incoming.release(7), false);
    assert.equal(incoming.publishedExactlyOnce(7), true, 'the id is free for another message');
  });

  it('refuses more unacknowledged messages than the peer was allowed [MQTT-3.3.4-7]', () => {
    const incoming = connected(2);
    incoming.publishedAtLeastOnce();
    incoming.publishedExactlyOnce(1);
    assert.throws(() => incoming.publishedExactlyOnce(2), isOverrun);
    assert.throws(() => incoming.publishedAtLeastOnce(), isOverrun);
    incoming.acknowledge();
    incoming.publishedAtLeastOnce();
    incoming.release(1);
    incoming.publishedExactlyOnce(2);
    assert.throws(() => incoming.publishedAtLeastOnce(), isOverrun);
  });

  it('does not count a duplicate twice', () => {
    const incoming = connected(1);
    incoming.publishedExactlyOnce(1);
    incoming.publishedExactlyOnce(1);
    incoming.release(1);
    incoming.publishedAtLeastOnce();
  });

  it('counts what an earlier connection left open only when it is sent again', () => {
    const incoming = connected(1);
    incoming.publishedExactlyOnce(1);
    incoming.resume(1);
    incoming.publishedExactlyOnce(2);
    assert.throws(() => incoming.publishedExactlyOnce(1), isOverrun);
    incoming.release(1);
    assert.throws(() => incoming.publishedAtLeastOnce(), isOverrun, 'id 1 was not counted');
    incoming.release(2);
    incoming.publishedAtLeastOnce();
  });
});
