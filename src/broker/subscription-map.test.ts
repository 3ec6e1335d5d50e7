/** A session's subscriptions against a Map, through all the forms that they take. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Subscription } from './subscription.ts';
import {
  type SubscriptionMap,
  subscriptionAt,
  subscriptionCount,
  subscriptionsOf,
  withoutSubscription,
  withSubscription,
} from './subscription-map.ts';

const options = {
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  subscriptionIdentifier: undefined,
} as const;
const subscriber = {
  clientId: 'c',
  isKept: false,
  receivesAll: true,
  loadFor: () => 0,
  deliver() {},
  mayReceive: () => true,
  dropped() {},
};

describe('a session’s subscriptions', () => {
  it('are what a Map would have, in its order', () => {
    const step = fc.record({ filter: fc.nat(14).map(String), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        let map: SubscriptionMap;
        const model = new Map<string, Subscription>();
        for (const { filter, leaves } of steps) {
          if (leaves) {
            map = withoutSubscription(map, filter);
            model.delete(filter);
          } else {
            const subscription = new Subscription(subscriber, filter, options, undefined);
            map = withSubscription(map, subscription);
            model.set(filter, subscription);
          }
          assert.equal(subscriptionAt(map, filter), model.get(filter));
          assert.equal(subscriptionCount(map), model.size);
        }
        assert.deepEqual([...subscriptionsOf(map)], [...model.values()]);
        for (const [filter, subscription] of model) {
          assert.equal(subscriptionAt(map, filter), subscription);
        }
      }),
    );
  });
});
