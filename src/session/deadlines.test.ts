/** The one heap of deadlines, against a sorted list. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Deadlines, notScheduled, type Timed } from './deadlines.ts';

class Alarm implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly name: number;
  readonly #log: string[];
  readonly #then: ((now: number) => void) | undefined;

  constructor(name: number, log: string[], then?: (now: number) => void) {
    this.name = name;
    this.#log = log;
    this.#then = then;
  }

  due(now: number): void {
    this.#log.push(`${this.name}@${now}`);
    this.#then?.(now);
  }
}

/** Nothing takes any time. */
const standing = { now: () => 0 };

describe('Deadlines', () => {
  it('calls what is due and nothing else, whatever was set, moved and cleared', () => {
    const action = fc.record({
      alarm: fc.nat(19),
      at: fc.option(fc.nat(100), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), fc.nat(100), (actions, now) => {
        const log: string[] = [];
        const deadlines = new Deadlines(() => {}, standing);
        const alarms = Array.from({ length: 20 }, (_, name) => new Alarm(name, log));
        const expected = new Map<number, number>();
        for (const { alarm, at } of actions) {
          if (at === undefined) {
            deadlines.clear(alarms[alarm]);
            expected.delete(alarm);
          } else {
            deadlines.set(alarms[alarm], at);
            expected.set(alarm, at);
          }
        }
        assert.equal(deadlines.size, expected.size);
        const earliest = Math.min(...expected.values());
        assert.equal(deadlines.next, expected.size === 0 ? undefined : earliest);
        deadlines.wake(now);
        const due = [...expected].filter(([, at]) => at <= now).map(([name]) => `${name}@${now}`);
        assert.deepEqual(log.toSorted(), due.toSorted());
        assert.equal(deadlines.size, expected.size - due.length);
      }),
    );
  });

  it('calls in the order of time', () => {
    const log: string[] = [];
    const deadlines = new Deadlines(() => {}, standing);
    for (const at of [5, 1, 4, 2, 3]) deadlines.set(new Alarm(at, log), at);
    deadlines.wake(10);
    assert.deepEqual(log, ['1@10', '2@10', '3@10', '4@10', '5@10']);
  });

  it('asks the host to wake it for the earliest, once', () => {
    const asked: number[] = [];
    const deadlines = new Deadlines((at) => asked.push(at), standing);
    const first = new Alarm(1, []);
    deadlines.set(first, 50);
    deadlines.set(new Alarm(2, []), 60);
    deadlines.set(new Alarm(3, []), 40);
    assert.deepEqual(asked, [50, 40]);
    deadlines.wake(45);
    assert.deepEqual(asked, [50, 40, 50]);
  });

  it('lets a deadline set itself again', () => {
    const log: string[] = [];
    const deadlines = new Deadlines(() => {}, standing);
    const alarm: Alarm = new Alarm(1, log, (now) => deadlines.set(alarm, now + 10));
    deadlines.set(alarm, 10);
    for (const now of [9, 10, 15, 20]) deadlines.wake(now);
    assert.deepEqual(log, ['1@10', '1@20']);
  });

  it('takes half a millisecond at a time, and is woken for the rest', () => {
    const log: string[] = [];
    const asked: number[] = [];
    let passed = 0;
    const deadlines = new Deadlines((at) => asked.push(at), { now: () => 10 + passed });
    for (let name = 1; name <= 5; name++) {
      const alarm = new Alarm(name, log, () => {
        passed += 0.25;
      });
      deadlines.set(alarm, name);
    }
    asked.length = 0;
    deadlines.wake(10);
    assert.deepEqual(log.splice(0), ['1@10', '2@10']);
    deadlines.wake(11);
    assert.deepEqual(log.splice(0), ['3@11', '4@11']);
    deadlines.wake(12);
    assert.deepEqual(log.splice(0), ['5@12']);
    assert.deepEqual(asked, [3, 5]);
  });
});
