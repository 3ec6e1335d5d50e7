/** What a subscriber must have follows from the order of what happened. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Moment } from './clock.ts';
import { newMessage } from './message.ts';
import { type Expectation, expectationOf, type SubscriptionRecord } from './subscription-record.ts';

/** Ticks at which something happened; what is absent did not. */
interface Case {
  readonly requested: number;
  readonly granted?: number;
  readonly revoking?: number;
  readonly revoked?: number;
  readonly sent?: number;
  readonly acknowledged?: number;
  readonly completed?: number;
  readonly expected: Expectation;
}

describe('a message', () => {
  it('must arrive when it was sent after SUBACK, and acknowledged', () => {
    check({ requested: 1, granted: 2, sent: 3, acknowledged: 4, completed: 5, expected: 'must' });
    check({ requested: 1, granted: 2, sent: 3, acknowledged: 4, expected: 'must' });
  });

  it('must arrive when it was completed before UNSUBSCRIBE', () => {
    const before = { requested: 1, granted: 2, sent: 3, acknowledged: 4, completed: 5 };
    check({ ...before, revoking: 6, revoked: 7, expected: 'must' });
    check({ ...before, completed: 7, revoking: 6, expected: 'may' });
  });

  it('may arrive when it was never acknowledged', () => {
    check({ requested: 1, granted: 2, sent: 3, expected: 'may' });
  });

  it('may arrive when it was on its way while the subscription was made', () => {
    check({ requested: 2, granted: 3, sent: 1, acknowledged: 4, completed: 5, expected: 'may' });
    check({ requested: 1, granted: 3, sent: 2, acknowledged: 4, completed: 5, expected: 'may' });
    check({ requested: 1, sent: 2, acknowledged: 4, completed: 5, expected: 'may' });
  });

  it('never arrives when all of it was before SUBSCRIBE or after UNSUBACK', () => {
    check({ requested: 4, granted: 5, sent: 1, acknowledged: 2, completed: 3, expected: 'never' });
    check({ requested: 1, granted: 2, revoking: 3, revoked: 4, sent: 5, expected: 'never' });
  });
});

function check({ expected, sent, acknowledged, completed, ...life }: Case): void {
  const address = { publisher: 'p', number: 1, topic: 't', qos: 2, retain: false } as const;
  const message = Object.assign(newMessage(address, 0), {
    sent: at(sent),
    acknowledged: at(acknowledged),
    completed: at(completed),
  });
  const record: SubscriptionRecord = {
    ...{ filter: 't', qos: 2, requested: at(life.requested)! },
    ...{ granted: at(life.granted), revoking: at(life.revoking), revoked: at(life.revoked) },
  };
  assert.equal(expectationOf([record], message), expected);
}

function at(tick: number | undefined): Moment | undefined {
  return tick === undefined ? undefined : { tick, seconds: tick, kill: 0 };
}
