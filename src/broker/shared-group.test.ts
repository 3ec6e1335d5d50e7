/** Who of a shared group gets a message. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { QoS } from '../packet/version.ts';
import { Message } from '../session/message.ts';
import { SharedGroup } from './shared-group.ts';
import { type Subscriber, Subscription } from './subscription.ts';

/** A group whose members have the given loads; delivering writes the member's name down. */
function groupOf(loads: Record<string, number>) {
  const group = new SharedGroup('a');
  const got: string[] = [];
  const members = Object.keys(loads).map((clientId) => {
    const subscriber: Subscriber = {
      clientId,
      isKept: false,
      loadFor: () => loads[clientId],
      receivesAll: true,
      mayReceive: () => true,
      dropped() {},
      deliver: (_message, qos) => got.push(qos === 1 ? clientId : `${clientId} q${qos}`),
    };
    const options = {
      qos: 1 as QoS,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: undefined,
    };
    const member = new Subscription(subscriber, '$share/g/a', options, group);
    group.add(member);
    return member;
  });
  const deliver = (count: number, qos: QoS = 1) => {
    for (let i = 0; i < count; i++)
      group.deliver(new Message('a', new Uint8Array(), { qos }), false, 0);
    return got.splice(0);
  };
  return { group, members, deliver };
}

describe('SharedGroup', () => {
  it('takes turns', () => {
    const { deliver } = groupOf({ a: 0, b: 0, c: 0 });
    assert.deepEqual(deliver(5), ['a', 'b', 'c', 'a', 'b']);
  });

  it('skips members that cannot send at once', () => {
    const { deliver } = groupOf({ a: 0, b: 3, c: 0 });
    assert.deepEqual(deliver(4), ['a', 'c', 'a', 'c']);
  });

  it('takes the shortest queue when nobody can send at once', () => {
    const { deliver } = groupOf({ a: 3, b: 2, c: Number.POSITIVE_INFINITY });
    assert.deepEqual(deliver(2), ['b', 'b']);
  });

  it('has somebody drop the message when nobody can take it', () => {
    const { deliver } = groupOf({ a: Number.POSITIVE_INFINITY, b: Number.POSITIVE_INFINITY });
    assert.equal(deliver(1).length, 1);
  });

  it('keeps the turn when members leave', () => {
    const { group, members, deliver } = groupOf({ a: 0, b: 0, c: 0 });
    assert.deepEqual(deliver(2), ['a', 'b']);
    group.remove(members[0]);
    assert.deepEqual(deliver(3), ['c', 'b', 'c']);
    group.remove(members[1]);
    group.remove(members[2]);
    assert.deepEqual([group.isEmpty, deliver(1)], [true, []]);
  });

  it('never passes over the one who can send at once, however many cannot', () => {
    const names = Array.from({ length: 500 }, (_, id) => `m${id}`);
    const loads = Object.fromEntries(names.map((name) => [name, 1e9]));
    loads.m300 = 0;
    const { deliver } = groupOf(loads);
    assert.deepEqual(new Set(deliver(100)), new Set(['m300']));
  });

  it('comes back to those who could not take anything, in a while', () => {
    const names = Array.from({ length: 50 }, (_, id) => `m${id}`);
    const loads = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY]));
    const { deliver } = groupOf(loads);
    deliver(50);
    loads.m17 = 3;
    loads.m31 = 0;
    deliver(50);
    assert.deepEqual(new Set(deliver(10)), new Set(['m31']));
    loads.m31 = Number.POSITIVE_INFINITY;
    assert.deepEqual(new Set(deliver(10)), new Set(['m17']));
    for (const name of names) loads[name] = 0;
    deliver(50);
    assert.deepEqual(new Set(deliver(50)), new Set(names));
  });

  it('prefers whoever is there to all who are away', () => {
    const names = Array.from({ length: 100 }, (_, id) => `m${id}`);
    const loads = Object.fromEntries(names.map((name, id) => [name, 1e9 + id]));
    loads.m55 = 70;
    loads.m66 = 60;
    const { deliver } = groupOf(loads);
    assert.deepEqual(new Set(deliver(100)), new Set(['m66']));
  });

  it('does not forget anybody while members come, go, and are busy or not', () => {
    const load = fc.constantFrom(0, 1, 5, 1e9, Number.POSITIVE_INFINITY);
    const step = fc.record({ busy: fc.nat(9), load, leaves: fc.option(fc.nat(9), { freq: 8 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const loads = Object.fromEntries([...'abcdefghij'].map((name) => [name, 0]));
        const { group, members, deliver } = groupOf(loads);
        const there = new Set(members);
        for (const { busy, load, leaves } of steps) {
          loads[members[busy].subscriber.clientId] = load;
          if (leaves !== null && there.delete(members[leaves])) group.remove(members[leaves]);
          const got = deliver(1);
          assert.equal(got.length, Math.min(1, there.size));
          const ids = [...there].map(({ subscriber }) => subscriber.clientId);
          if (got.length > 0) assert.ok(ids.includes(got[0]), `${got[0]} has left`);
        }
        // Whoever is there is found by its turn once all can send.
        for (const name of Object.keys(loads)) loads[name] = 0;
        deliver(40);
        assert.equal(new Set(deliver(there.size)).size, there.size);
        assert.equal(group.isEmpty, there.size === 0);
      }),
    );
  });

  it('delivers with the lower QoS of message and subscription [MQTT-3.8.4-8]', () => {
    const { deliver } = groupOf({ a: 0 });
    assert.deepEqual([deliver(1, 0), deliver(1, 2)], [['a q0'], ['a']]);
  });
});
