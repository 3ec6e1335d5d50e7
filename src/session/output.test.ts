/** What is written during a turn, and what happens when the network takes no more. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link } from './link.ts';
import { Output } from './output.ts';
import { Turn } from './turn.ts';

/** A link that writes down what it gets, and blocks when it is told to. */
class RecordingLink implements Link {
  readonly peer = 'recording';
  readonly writes: number[] = [];
  readonly calls: string[] = [];
  isBlocking = false;
  pendingBytes = 0;

  write(bytes: Uint8Array): boolean {
    this.writes.push(bytes.length);
    if (this.isBlocking) this.pendingBytes += bytes.length;
    return !this.isBlocking;
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.calls.push('close');
  }

  destroy(): void {
    this.calls.push('destroy');
  }
}

function setUp() {
  const scheduled: (() => void)[] = [];
  const turn = new Turn((flush) => scheduled.push(flush));
  const link = new RecordingLink();
  const output = new Output(link, turn);
  const write = (bytes: number) => {
    output.buffer.raw(new Uint8Array(bytes));
    output.written();
  };
  const endTurn = () => {
    for (const flush of scheduled.splice(0)) flush();
  };
  return { scheduled, turn, link, output, write, endTurn };
}

describe('Output', () => {
  it('hands over all packets of a turn in one piece at its end', () => {
    const { scheduled, link, write, endTurn } = setUp();
    for (let i = 0; i < 10; i++) write(100);
    assert.deepEqual([link.writes, scheduled.length], [[], 1]);
    endTurn();
    assert.deepEqual(link.writes, [1000]);
    endTurn();
    assert.deepEqual(link.writes, [1000]);
  });

  it('hands over in one piece what was written while it was held, without the end of a turn', () => {
    const { scheduled, link, output, write, endTurn } = setUp();
    output.hold();
    for (let i = 0; i < 10; i++) write(100);
    assert.deepEqual([link.writes, scheduled.length], [[], 0]);
    output.release();
    assert.deepEqual([link.writes, scheduled.length], [[1000], 0]);
    output.hold();
    output.release();
    write(5);
    endTurn();
    assert.deepEqual(link.writes, [1000, 5]);
  });

  it('keeps what was written while it was held and blocked until the link is drained', () => {
    const { link, output, write } = setUp();
    link.isBlocking = true;
    for (const bytes of [10, 20]) {
      output.hold();
      write(bytes);
      output.release();
    }
    assert.deepEqual(link.writes, [10]);
    link.isBlocking = false;
    link.pendingBytes = 0;
    output.drained();
    assert.deepEqual(link.writes, [10, 20]);
  });

  it('hands over early what would make a turn take much memory', () => {
    const { link, write } = setUp();
    for (let i = 0; i < 7; i++) write(10_000);
    assert.deepEqual(link.writes, [70_000]);
  });

  it('keeps what comes while the link is blocked, and counts it', () => {
    const { link, output, write, endTurn } = setUp();
    link.isBlocking = true;
    write(1000);
    endTurn();
    write(500);
    endTurn();
    assert.deepEqual([link.writes, output.isBlocked, output.backlogBytes], [[1000], true, 1500]);
    link.isBlocking = false;
    link.pendingBytes = 0;
    output.drained();
    assert.deepEqual([link.writes, output.isBlocked, output.backlogBytes], [[1000, 500], false, 0]);
  });

  it('hands over a large payload by reference, in its place', () => {
    const { link, output, write, endTurn } = setUp();
    write(10);
    output.payload(new Uint8Array(70_000));
    write(10);
    output.payload(new Uint8Array(100));
    endTurn();
    assert.deepEqual(link.writes, [10, 70_000, 110]);
  });

  it('sends what waits before it closes, and nothing afterwards', () => {
    const { link, output, write, endTurn } = setUp();
    write(10);
    output.close();
    assert.deepEqual([link.writes, link.calls], [[10], ['close']]);
    write(10);
    endTurn();
    output.close();
    assert.deepEqual([link.writes, link.calls], [[10], ['close']]);
  });

  it('ends a link at once that it has sent nothing on', () => {
    const { link, output } = setUp();
    output.close();
    output.close();
    assert.deepEqual([link.writes, link.calls], [[], ['destroy']]);
  });

  it('shares buffers between connections, and has none while idle', () => {
    const { turn, link, output, write, endTurn } = setUp();
    write(10);
    const { bytes } = output.buffer;
    endTurn();
    const other = new Output(link, turn);
    assert.equal(other.buffer.bytes, bytes);
    assert.equal(other.buffer.length, 0);
  });

  it('does not touch a buffer that the link has kept until that has drained', () => {
    const { turn, link, output, write, endTurn } = setUp();
    link.isBlocking = true;
    write(10);
    const { bytes } = output.buffer;
    endTurn();
    assert.notEqual(new Output(link, turn).buffer.bytes, bytes);
    link.isBlocking = false;
    output.drained();
    assert.equal(new Output(link, turn).buffer.bytes, bytes);
  });

  it('hands a full buffer over instead of having it grow for a payload', () => {
    const { link, output, endTurn } = setUp();
    const size = 20_000;
    for (let i = 0; i < 5; i++) output.payload(new Uint8Array(size));
    endTurn();
    assert.deepEqual(link.writes, [3 * size, 2 * size]);
  });
});

describe('Turn', () => {
  it('leaves what is added while it ends to the next turn', () => {
    const { scheduled, turn, endTurn } = setUp();
    const order: string[] = [];
    turn.add({
      flush: () => {
        order.push('first');
        turn.add({ flush: () => order.push('second') });
      },
    });
    endTurn();
    assert.deepEqual([order, scheduled.length], [['first'], 1]);
    endTurn();
    assert.deepEqual(order, ['first', 'second']);
  });
});
