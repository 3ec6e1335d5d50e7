/** Packet ids, and the window of a connection. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Delivery } from '../../src/session/delivery.ts';
import type { Inflight as ByLowBits } from '../../src/session/inflight.ts';
import { Message } from '../../src/session/message.ts';

function delivery(packetId = 0): Delivery {
  const marks = {
    order: 0,
    counted: false,
    wasSent: false,
    held: false,
    terms: undefined,
    retain: false,
  };
  const message = new Message('t', new Uint8Array(10));
  return { ...marks, sequence: 0, message, qos: 1, packetId, state: 'waiting' };
}

type InflightClass = new () => Pick<ByLowBits, keyof ByLowBits>;

/** What every Inflight does. */
export function inflightContract(Inflight: InflightClass): void {
  describe('Inflight', () => {
    idsAndWindow(Inflight);
    deliveries(Inflight);
  });
}

function idsAndWindow(Inflight: InflightClass): void {
  it('gives ids that nobody has, also beside those from before [MQTT-2.2.1-3]', () => {
    const inflight = new Inflight();
    inflight.begin(10);
    for (const packetId of [1, 3]) inflight.restore(delivery(packetId));
    assert.equal(inflight.reservePacketId(), 2);
    const added = delivery();
    inflight.add(added);
    assert.equal(added.packetId, 4);
    assert.deepEqual(
      [...inflight.values()].map(({ packetId }) => packetId),
      [1, 3, 4],
    );
  });

  it('counts in its window what was sent on this connection, each once', () => {
    const inflight = new Inflight();
    inflight.begin(2);
    const [old, added] = [delivery(7), delivery()];
    inflight.restore(old);
    assert.equal(inflight.isFull, false);
    inflight.count(old);
    inflight.count(old);
    assert.equal(inflight.isFull, false);
    inflight.add(added);
    assert.equal(inflight.isFull, true);
    inflight.delete(old);
    assert.equal(inflight.isFull, false);
    inflight.begin(1);
    assert.deepEqual([inflight.isFull, added.counted, inflight.size], [false, false, 1]);
  });

  it('knows its bytes', () => {
    const inflight = new Inflight();
    inflight.begin(10);
    const [one, other] = [delivery(7), delivery()];
    inflight.restore(one);
    inflight.add(other);
    const { bytes, payload } = one.message;
    assert.deepEqual(
      [inflight.messageBytes, inflight.payloadBytes],
      [2 * bytes, 2 * payload.length],
    );
    inflight.delete(one);
    assert.deepEqual([inflight.messageBytes, inflight.payloadBytes], [bytes, payload.length]);
    inflight.clear();
    assert.deepEqual([inflight.messageBytes, inflight.payloadBytes, inflight.size], [0, 0, 0]);
    assert.equal(inflight.isFull, false);
  });
}

function deliveries(Inflight: InflightClass): void {
  it('finds what is there, in the order of sending, whatever comes and goes', () => {
    const ids = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 65_535 }));
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const) }),
      fc.record({ type: fc.constant('restore' as const), packetId: ids }),
      fc.record({ type: fc.constant('delete' as const), index: fc.nat() }),
    );
    const check = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const inflight = new Inflight();
      inflight.begin(65_535);
      const expected = new Map<number, Delivery>();
      for (const each of steps) {
        if (each.type === 'delete') {
          const one = [...expected.values()][each.index % expected.size];
          if (one === undefined) continue;
          inflight.delete(one);
          expected.delete(one.packetId);
          assert.equal(inflight.get(one.packetId), undefined);
          continue;
        }
        const isNew = each.type === 'add';
        const one = delivery(isNew ? 0 : each.packetId);
        if (isNew) inflight.add(one);
        else inflight.restore(one);
        if (isNew) assert.ok(!expected.has(one.packetId), 'nobody has its id');
        expected.delete(one.packetId);
        expected.set(one.packetId, one);
      }
      assert.deepEqual(inflight.values(), [...expected.values()]);
      assert.equal(inflight.size, expected.size);
      for (const one of expected.values()) assert.equal(inflight.get(one.packetId), one);
    });
    fc.assert(check);
  });

  it('tells a delivery from another with its id', () => {
    const inflight = new Inflight();
    inflight.begin(10);
    const one = delivery();
    inflight.add(one);
    assert.equal(inflight.has(one), true);
    assert.equal(inflight.has(delivery(one.packetId)), false);
    inflight.delete(one);
    assert.deepEqual([inflight.has(one), inflight.get(one.packetId)], [false, undefined]);
  });

  it('has room for SUBSCRIBE whatever the window of the peer', () => {
    const inflight = new Inflight();
    inflight.begin(65_535);
    while (!inflight.isFull) inflight.add(delivery());
    assert.notEqual(inflight.reservePacketId(), undefined);
  });
}
