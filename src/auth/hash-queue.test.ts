/** Work that waits for its turn. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HashQueue } from './hash-queue.ts';

/** A queue, what became of the work in it, and a way to finish what runs. */
function queueOf({ runningMax = 1, waitingMax = 100 } = {}) {
  const queue = new HashQueue({ runningMax, waitingMax });
  const started: string[] = [];
  const turnedAway: string[] = [];
  const running = new Map<string, () => void>();
  const add = (name: string) => {
    queue.add({
      source: name[0],
      turnAway: () => turnedAway.push(name),
      start(finished) {
        started.push(name);
        running.set(name, finished);
      },
    });
  };
  const finish = (name: string) => {
    const finished = running.get(name)!;
    running.delete(name);
    finished();
  };
  const finishAll = () => {
    while (running.size > 0) for (const name of [...running.keys()]) finish(name);
  };
  return { add, finish, finishAll, started, turnedAway };
}

describe('a queue of work', () => {
  it('runs no more at once than it may', () => {
    const { add, finish, started } = queueOf({ runningMax: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) add(name);
    assert.deepEqual(started, ['a1', 'a2']);
    finish('a2');
    assert.deepEqual(started, ['a1', 'a2', 'a3']);
  });

  it('takes the sources in turn', () => {
    const { add, finishAll, started } = queueOf();
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) add(name);
    finishAll();
    assert.deepEqual(started, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('turns the last of the longest away when it is full', () => {
    const { add, finishAll, started, turnedAway } = queueOf({ waitingMax: 3 });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'a5']) add(name);
    assert.deepEqual(turnedAway, ['a4', 'a5']);
    finishAll();
    assert.deepEqual(started, ['a1', 'a2', 'b1', 'a3']);
  });

  it('turns away what comes when all sources have as much in it', () => {
    const { add, turnedAway } = queueOf({ waitingMax: 2 });
    for (const name of ['x', 'a', 'b', 'c']) add(name);
    assert.deepEqual(turnedAway, ['c']);
  });

  it('goes through many that finish at once without running out of stack', () => {
    const queue = new HashQueue({ runningMax: 1, waitingMax: 20_000 });
    let release = (): void => undefined;
    queue.add({
      source: 'first',
      turnAway: assert.fail,
      start: (finished) => {
        release = finished;
      },
    });
    let count = 0;
    for (let index = 0; index < 10_000; index += 1) {
      const start = (finished: () => void) => {
        count += 1;
        finished();
      };
      queue.add({ source: `s${index}`, turnAway: assert.fail, start });
    }
    release();
    assert.equal(count, 10_000);
  });
});
