/** How much of a turn a search for retained messages takes, counted: in steps, not in time. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deadlines } from '../session/deadlines.ts';
import { Message } from '../session/message.ts';
import { Outgoing } from '../session/outgoing.ts';
import { Turn } from '../session/turn.ts';
import { ReplayPace } from './replay-pace.ts';
import { RetainedMessages } from './retained-messages.ts';
import { RetainedReplays } from './retained-replay.ts';
import { Settings } from './settings.ts';
import type { Subscriber, Subscription } from './subscription.ts';

/** So many topics that a search has to pass before it may be interrupted. */
const nodesPerPause = 256;
const stepsPerPause = 128;

class CountedRetained extends RetainedMessages {
  pauses = 0;

  override *matching(filter: string): IterableIterator<Message | undefined> {
    for (const message of super.matching(filter)) {
      if (message === undefined) this.pauses++;
      yield message;
    }
  }
}

/**
 * A client that takes everything.
 *
 * @param messageMilliseconds what it takes to send one
 */
function clientOf(topics: Iterable<string>, { messageMilliseconds = 0 } = {}) {
  let now = 0;
  const clock = { now: () => now };
  const turnEnds: (() => void)[] = [];
  const turn = new Turn((flush) => turnEnds.push(flush));
  const settings = new Settings({});
  const retained = new CountedRetained(new Deadlines(() => {}, clock));
  for (const topic of topics) retained.store(new Message(topic, new Uint8Array(1)));
  let sent = 0;
  const outgoing = new Outgoing(settings.outgoing, { dropped: () => assert.fail('dropped') });
  const publish = () => {
    sent++;
    now += messageMilliseconds;
    return undefined;
  };
  outgoing.resume({ canTake: true, publish, pubrel: () => {} }, 10, 0);
  const pace = new ReplayPace(turn);
  const mayStillPublish = () => true;
  const replays = new RetainedReplays(outgoing, retained, {
    ...{ clock, pace, settings, mayStillPublish },
  });
  /** What has been done since this was asked last. */
  const done = () => {
    const work = { sent, pauses: retained.pauses };
    sent = 0;
    retained.pauses = 0;
    return work;
  };
  return {
    subscribe(filter: string) {
      const subscriber = { mayReceive: () => true } as Partial<Subscriber>;
      replays.add({ filter, qos: 0, subscriber } as Subscription);
      return done();
    },
    /** The work of each turn, until there is none. */
    *turns() {
      while (turnEnds.length > 0) {
        for (const flush of turnEnds.splice(0)) flush();
        yield done();
      }
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

describe('a search for retained messages', () => {
  const flat = Array.from({ length: 5000 }, (_, id) => `device-${id}/state`);
  // One level below the other, so that each topic is a path of its own.
  const deep = Array.from({ length: 2000 }, (_, id) => `${id}/b/c/d/e/f/g/h/i/j/k/l/m/n`);

  it('sends a few when the client subscribes, and in a turn what 1,024 steps are', () => {
    const client = clientOf(flat);
    assert.equal(client.subscribe('#').sent, 32);
    const turns = [...client.turns()];
    const steps = turns.map(({ sent, pauses }) => sent + pauses * stepsPerPause);
    // The last step of a turn may be a pause.
    assert.ok(Math.max(...steps) < 1024 + stepsPerPause, steps.join());
    assert.equal(32 + sum(turns.map(({ sent }) => sent)), 5000);
  });

  it('passes some 2,000 levels in a turn where nothing matches', () => {
    const client = clientOf(deep);
    const first = client.subscribe('+/+/+/+/+/+/+/+/+/+/+/+/+/x');
    assert.deepEqual(first, { sent: 0, pauses: 1 });
    const turns = [...client.turns()];
    assert.ok(Math.max(...turns.map(({ pauses }) => pauses)) <= 8, JSON.stringify(turns));
    assert.equal(sum(turns.map(({ sent }) => sent)), 0);
    const pauses = 1 + sum(turns.map((turn) => turn.pauses));
    assert.ok(pauses * nodesPerPause >= 2000 * 13, `${pauses} pauses`);
  });

  it('ends a turn by the clock while messages take long', () => {
    const client = clientOf(flat.slice(0, 1000), { messageMilliseconds: 0.03125 });
    assert.equal(client.subscribe('#').sent, 32);
    const sent = Array.from(client.turns(), (turn) => turn.sent);
    // The first has what the packet that came in its turn has left: 1 of 2 milliseconds.
    assert.deepEqual(sent.slice(0, 3), [32, 64, 64]);
    assert.equal(32 + sum(sent), 1000);
  });
});
