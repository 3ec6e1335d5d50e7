/** Who of a shared group gets a message. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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

  it('delivers with the lower QoS of message and subscription [MQTT-3.8.4-8]', () => {
    const { deliver } = groupOf({ a: 0 });
    assert.deepEqual([deliver(1, 0), deliver(1, 2)], [['a q0'], ['a']]);
  });
});
