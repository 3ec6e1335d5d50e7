/** A crash after each single step of an exchange: what was acknowledged is there, QoS 2 once. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { LastingClient } from './lasting-client.ts';
import { Stage } from './stage.ts';

const topic = 'a/b';
// Far more than any exchange takes.
const stepsMax = 400;

interface Scenario {
  readonly version: ProtocolVersion;
  readonly published: 1 | 2;
  readonly subscribed: 1 | 2;
  /** The subscriber is away while messages are published, and comes back later. */
  readonly isAway: boolean;
  /** Messages in one go: with many, what is about to be acknowledged is not stored at once. */
  readonly count: number;
}

interface Cast {
  readonly publisher: LastingClient;
  readonly subscriber: LastingClient;
}

function payloadsOf({ count }: Scenario): string[] {
  return Array.from({ length: count }, (_, i) => `m${10 + i}`);
}

/** Both have their sessions, and the subscription is there. */
async function begin({ version, subscribed, isAway }: Scenario) {
  const stage = new Stage();
  const cast = {
    publisher: new LastingClient('publisher', version),
    subscriber: new LastingClient('subscriber', version),
  };
  for (const client of Object.values(cast)) client.come(stage);
  cast.subscriber.subscribe(topic, subscribed);
  await stage.settle();
  assert.ok(cast.subscriber.isSubscribed);
  if (isAway) cast.subscriber.leave();
  await stage.settle();
  return { stage, cast };
}

/** @returns whether there was nothing to do any more before the crash */
async function crashAfter(steps: number, scenario: Scenario): Promise<boolean> {
  const { stage, cast } = await begin(scenario);
  stage.store.hold();
  for (const payload of payloadsOf(scenario))
    cast.publisher.publish(topic, payload, scenario.published);
  let isBack = !scenario.isAway;
  let isOver = false;
  for (let step = 0; step < steps && !isOver; step++) {
    if (await stage.step()) continue;
    // Nothing moves any more: it is time to fetch what waits.
    if (!isBack) cast.subscriber.come(stage);
    else isOver = true;
    isBack = true;
  }
  const acknowledged = [...cast.publisher.acknowledged];
  await finish(stage.crash(), cast);
  check(cast, scenario, acknowledged);
  return isOver;
}

async function finish(stage: Stage, { publisher, subscriber }: Cast): Promise<void> {
  publisher.come(stage);
  subscriber.come(stage);
  await stage.settle();
  assert.deepEqual([publisher.isPresent, subscriber.isPresent], [true, true]);
  assert.ok(publisher.isIdle && subscriber.isIdle, 'every exchange comes to its end');
  assert.deepEqual(stage.events, []);
  const left = Object.keys(stage.store.tally());
  assert.deepEqual(left, ['session', 'subscription'], 'nothing is left in the store');
}

function check(
  { publisher, subscriber }: Cast,
  scenario: Scenario,
  acknowledged: readonly string[],
): void {
  const { published, subscribed } = scenario;
  const payloads = payloadsOf(scenario);
  assert.deepEqual([...publisher.acknowledged].sort(), payloads);
  const { received } = subscriber;
  for (const payload of acknowledged) {
    assert.ok(received.includes(payload), `${payload} was acknowledged, and is lost`);
  }
  const firsts = received.filter((payload, at) => received.indexOf(payload) === at);
  assert.deepEqual(firsts, payloads, 'each at least once, and first in order [MQTT-4.6.0-6]');
  if (Math.min(published, subscribed) === 2) {
    assert.deepEqual(received, payloads, 'each exactly once');
  }
}

const scenarios: Scenario[] = [];
for (const version of [4, 5] as const) {
  for (const published of [1, 2] as const) {
    for (const subscribed of [1, 2] as const) {
      for (const isAway of [false, true]) {
        scenarios.push({ version, published, subscribed, isAway, count: 3 });
        // Of MQTT 5.0, no more than the broker's Receive Maximum.
        if (version === 4) scenarios.push({ version, published, subscribed, isAway, count: 50 });
      }
    }
  }
}

describe('whatever a crash interrupts', () => {
  for (const scenario of scenarios) {
    const { version, published, subscribed, isAway, count } = scenario;
    const what = `${count} messages of QoS ${published}`;
    const who = isAway ? 'a subscriber that comes back' : 'a subscriber that is there';
    const ids = published === 1 ? '[MQTT-4.3.2-4]' : '[MQTT-4.3.3-10]';
    it(`${what} reach ${who} with QoS ${subscribed}, version ${version} ${ids}`, async () => {
      let steps = 0;
      while (!(await crashAfter(steps, scenario))) {
        steps++;
        assert.ok(steps < stepsMax, 'the exchange comes to an end');
      }
      assert.ok(steps > 6, `${steps} steps are too few to be an exchange`);
    });
  }
});
