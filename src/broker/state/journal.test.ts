/** What is committed when, and who is told. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deadlines } from '../../session/deadlines.ts';
import { Turn } from '../../session/turn.ts';
import type { StoreFault } from '../ports.ts';
import { readChanges } from './changes.ts';
import { Journal } from './journal.ts';
import type { Kept } from './kept.ts';
import { readKey, tables } from './keys.ts';

const fault: StoreFault = { code: 'ENOSPC', message: 'full' };

/** Something that is stored under its number. */
class Thing implements Kept {
  isDirty = false;
  dirtyTurn = 0;
  dirtyAt = 0;
  mayWait = false;
  isOver = false;
  storedCount = 0;
  takenBackCount = 0;
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  write(changes: Journal['changes']): boolean {
    if (this.isOver) return false;
    changes.remove(tables.session, this.number);
    return true;
  }

  takeBackRefused(): void {
    this.takenBackCount++;
  }

  stored(): void {
    this.storedCount++;
  }
}

/** A journal on a store that answers when it is told to. */
function stage({ keepsPromises = true } = {}) {
  const commits: number[][] = [];
  const waiting: ((fault?: StoreFault) => void)[] = [];
  const events: string[] = [];
  const flushes: (() => void)[] = [];
  let now = 0;
  const clock = { now: () => now };
  const deadlines = new Deadlines(() => {}, clock);
  const journal = new Journal({
    store: {
      commit(changes, done) {
        const numbers: number[] = [];
        readChanges(changes, {
          put: () => assert.fail(),
          remove: (key) => numbers.push(readKey(key)!.first),
          hold: () => assert.fail(),
        });
        commits.push(numbers);
        waiting.push(done);
      },
      read: () => assert.fail(),
    },
    clock,
    turn: new Turn((flush) => flushes.push(flush)),
    deadlines,
    observer: {
      storeFailed: ({ code }) => events.push(`failed ${code}`),
      storeRecovered: () => events.push('recovered'),
    },
    keepsPromises,
  });
  return {
    journal,
    commits: () => commits.splice(0),
    events,
    change: (number: number) => journal.changes.remove(tables.session, number),
    endTurn: () => {
      for (const flush of flushes.splice(0)) flush();
    },
    answer: (given?: StoreFault) => waiting.shift()!(given),
    waitingCount: () => waiting.length,
    advance: (milliseconds: number) => {
      now += milliseconds;
      deadlines.wake(now);
    },
  };
}

describe('Journal', () => {
  it('commits what has changed in a turn at its end, in one go', () => {
    const { journal, change, commits, endTurn } = stage();
    change(1);
    journal.touch(new Thing(2));
    change(3);
    assert.deepEqual(commits(), []);
    endTurn();
    assert.deepEqual(commits(), [[1, 3, 2]]);
  });

  it('has one commit under way, and gathers the next meanwhile', () => {
    const { change, commits, endTurn, answer, waitingCount } = stage();
    change(1);
    endTurn();
    change(2);
    endTurn();
    change(3);
    endTurn();
    assert.deepEqual([commits(), waitingCount()], [[[1]], 1]);
    answer();
    assert.deepEqual([commits(), waitingCount()], [[[2, 3]], 1]);
    answer();
    assert.deepEqual([commits(), waitingCount()], [[], 0]);
  });

  it('writes a thing once, as it is when the commit begins', () => {
    const { journal, commits, endTurn, answer } = stage();
    const [thing, other] = [new Thing(1), new Thing(2)];
    for (const each of [thing, other, thing, thing]) journal.touch(each);
    other.isOver = true;
    endTurn();
    assert.deepEqual(commits(), [[1]]);
    journal.touch(thing);
    answer();
    assert.deepEqual([thing.storedCount, other.storedCount], [1, 0]);
    assert.deepEqual(commits(), [[1]], 'it has changed since');
  });

  it('tells by numbers what is safe', () => {
    const { journal, change, endTurn, answer } = stage();
    assert.equal(journal.isKept(journal.horizon), true, 'nothing has changed');
    change(1);
    const first = journal.horizon;
    endTurn();
    assert.equal(journal.horizon, first, 'it is under way');
    change(2);
    const second = journal.horizon;
    assert.ok(second > first);
    endTurn();
    assert.deepEqual([journal.isKept(first), journal.isKept(second)], [false, false]);
    answer();
    assert.deepEqual([journal.isKept(first), journal.isKept(second)], [true, false]);
    answer();
    assert.equal(journal.isKept(second), true);
    assert.equal(journal.isKept(journal.horizon), true);
  });

  it('needs no commit for what was over before it had to be written', () => {
    const { journal, commits, endTurn } = stage();
    const thing = new Thing(1);
    journal.touch(thing);
    const horizon = journal.horizon;
    thing.isOver = true;
    endTurn();
    assert.deepEqual([commits(), journal.isKept(horizon)], [[], true]);
  });

  it('tells who waits of each commit, until they wait no more', () => {
    const { journal, change, endTurn, answer } = stage();
    let told = 0;
    const waiter = { kept: () => told++, failed: assert.fail };
    journal.watch(waiter);
    for (const number of [1, 2]) {
      change(number);
      endTurn();
      answer();
      assert.equal(told, number);
    }
    journal.unwatch(waiter);
    change(3);
    endTurn();
    answer();
    assert.equal(told, 2);
  });

  it('hands a commit that has failed over again each second, with what has changed since', () => {
    const { journal, change, commits, endTurn, answer, advance, events } = stage();
    let [kept, failed] = [0, 0];
    journal.watch({ kept: () => kept++, failed: () => failed++ });
    const thing = new Thing(1);
    journal.touch(thing);
    const horizon = journal.horizon;
    endTurn();
    answer(fault);
    assert.deepEqual([journal.isFailing, failed, thing.takenBackCount], [true, 1, 1]);
    change(2);
    endTurn();
    assert.deepEqual(commits(), [[1]]);
    for (let tries = 0; tries < 3; tries++) {
      advance(999);
      assert.deepEqual(commits(), []);
      advance(1);
      assert.deepEqual(commits(), [[1, 2]], 'the same, and what has changed since');
      answer(fault);
    }
    assert.deepEqual([kept, failed, journal.isKept(horizon)], [0, 1, false]);
    advance(1000);
    answer();
    assert.deepEqual([kept, thing.storedCount, journal.isKept(horizon)], [1, 1, true]);
    assert.deepEqual([commits(), journal.isFailing], [[[1, 2]], false]);
    assert.deepEqual(events, ['failed ENOSPC', 'recovered']);
  });

  it('calls back at its end when all is safe', () => {
    const { journal, change, commits, endTurn, answer } = stage();
    let isDone = false;
    change(1);
    endTurn();
    change(2);
    const young = new Thing(3);
    young.mayWait = true;
    journal.touch(young);
    journal.close(() => {
      isDone = true;
    });
    answer();
    assert.deepEqual([commits(), isDone], [[[1], [2, 3]], false]);
    answer();
    assert.equal(isDone, true);
  });

  it('calls back at its end at once when there is nothing to do', () => {
    const { journal } = stage();
    let isDone = false;
    journal.close(() => {
      isDone = true;
    });
    assert.equal(isDone, true);
  });

  for (const gives of ['as before', 'now'] as const) {
    it(`calls back at its end also when the store was failing, and fails ${gives}`, () => {
      const { journal, change, endTurn, answer } = stage();
      let isDone = false;
      change(1);
      endTurn();
      if (gives === 'as before') answer(fault);
      journal.close(() => {
        isDone = true;
      });
      assert.equal(isDone, false, 'it is tried once more');
      answer(fault);
      assert.equal(isDone, true);
    });
  }
});

describe('Journal, where nobody waits', () => {
  it('commits once a second, and all is as good as safe', () => {
    const { journal, change, commits, endTurn, answer, advance } = stage({ keepsPromises: false });
    for (const number of [1, 2, 3]) {
      change(number);
      endTurn();
      assert.equal(journal.isKept(journal.horizon), true);
    }
    advance(999);
    assert.deepEqual(commits(), []);
    advance(1);
    assert.deepEqual(commits(), [[1, 2, 3]]);
    change(4);
    answer();
    assert.deepEqual(commits(), []);
    advance(1000);
    assert.deepEqual(commits(), [[4]]);
    answer();
    advance(10_000);
    assert.deepEqual(commits(), []);
  });

  it('commits at its end', () => {
    const { journal, change, commits, answer } = stage({ keepsPromises: false });
    let isDone = false;
    change(1);
    journal.close(() => {
      isDone = true;
    });
    assert.deepEqual([commits(), isDone], [[[1]], false]);
    answer();
    assert.equal(isDone, true);
  });
});

describe('what may wait', () => {
  const young = () => {
    const thing = new Thing(1);
    thing.mayWait = true;
    return thing;
  };

  it('is left out of commits at first, and need not be written if it is over by then', () => {
    const { journal, change, commits, endTurn, answer, advance } = stage();
    const thing = young();
    journal.touch(thing);
    change(2);
    endTurn();
    assert.deepEqual(commits(), [[2]]);
    thing.isOver = true;
    answer();
    for (let turns = 0; turns < 5; turns++) {
      advance(10);
      endTurn();
    }
    assert.deepEqual(commits(), []);
  });

  it('is written when it has waited in vain, while others keep the broker busy', () => {
    const { journal, change, commits, endTurn, answer, advance } = stage();
    journal.touch(young());
    for (let turns = 0; turns < 5; turns++) {
      change(2);
      endTurn();
      advance(10);
      answer();
    }
    assert.equal(
      commits()
        .flat()
        .filter((number) => number === 1).length,
      1,
    );
  });

  it('is written with the next commit when it may not wait any more', () => {
    const { journal, change, commits, endTurn } = stage();
    const thing = young();
    journal.touch(thing);
    thing.mayWait = false;
    change(2);
    endTurn();
    assert.deepEqual(commits(), [[2, 1]]);
  });
});
