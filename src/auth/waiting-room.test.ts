/** Those who wait are called in time, by one timer. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualTimer } from '../../test/harness/manual-timer.ts';
import { WaitingRoom } from './waiting-room.ts';

function room() {
  const timer = new ManualTimer();
  const waitingRoom = new WaitingRoom(timer);
  const called: string[] = [];
  const admit = (name: string, milliseconds: number, source = name) => {
    return waitingRoom.admit(source, milliseconds, () => called.push(name));
  };
  return { timer, called, admit };
}

describe('a waiting room', () => {
  it('calls each when its time has come, whatever their order', () => {
    const { timer, called, admit } = room();
    admit('late', 3000);
    admit('early', 1000);
    admit('between', 2000);
    timer.advance(999);
    assert.deepEqual(called, []);
    timer.advance(1);
    assert.deepEqual(called, ['early']);
    timer.advance(5000);
    assert.deepEqual(called, ['early', 'between', 'late']);
  });

  it('calls those of one moment in the order in which they came', () => {
    const { timer, called, admit } = room();
    for (const name of ['a', 'b', 'c']) admit(name, 1000);
    timer.advance(1000);
    assert.deepEqual(called, ['a', 'b', 'c']);
  });

  it('sets one timer for a thousand guests', () => {
    const { timer, called, admit } = room();
    for (let index = 0; index < 1000; index += 1) admit(`guest ${index}`, 1000 + index);
    assert.equal(timer.pending, 1);
    timer.advance(1999);
    assert.equal(called.length, 1000);
    assert.equal(timer.pending, 0);
  });

  it('has ten places for one source, free again for the next', () => {
    const { timer, called, admit } = room();
    const admitted = Array.from({ length: 11 }, () => admit('guess', 1000, 'one'));
    assert.equal(admitted.filter(Boolean).length, 10);
    assert.equal(admitted.at(-1), false);
    assert.equal(admit('other', 1000), true);
    timer.advance(1000);
    assert.equal(called.length, 11);
    assert.equal(admit('guess', 1000, 'one'), true);
  });

  it('has an end', () => {
    const { admit } = room();
    const admitted = Array.from({ length: 5000 }, (_, index) => admit(`guest ${index}`, 1000));
    assert.equal(admitted.filter(Boolean).length, 4096);
  });

  it('takes a guest who comes in while another is called', () => {
    const timer = new ManualTimer();
    const waitingRoom = new WaitingRoom(timer);
    let calls = 0;
    const again = (): void => {
      calls += 1;
      if (calls < 3) waitingRoom.admit('a', 1000, again);
    };
    waitingRoom.admit('a', 1000, again);
    timer.advance(10_000);
    assert.equal(calls, 3);
  });
});
