/** Output that is gathered, and the readers of it: quick, slow and gone. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { GatheredOutput } from './gathered-output.ts';

describe('gathered output', () => {
  it('is one write for a turn, whose characters are bytes', async () => {
    const { stream, output } = stage();
    output.write('a\n');
    output.write('\u00ff\n');
    assert.deepEqual(stream.written, []);
    await turn();
    assert.deepEqual(stream.written, ['610aff0a']);
  });

  it('is written early when a turn has much of it', () => {
    const { stream, output } = stage();
    output.write('x'.repeat(70_000));
    assert.equal(stream.written.length, 1);
  });

  it('says when its reader lags, and when that has caught up', async () => {
    const { stream, output } = stage();
    output.write('x'.repeat(70_000));
    assert.equal(output.isBlocked, true);
    const drained = output.drained();
    stream.take();
    await drained;
    assert.equal(output.isBlocked, false);
  });

  it('is nothing to wait for when its reader is gone', async () => {
    const { stream, output, closed } = stage();
    output.write('x'.repeat(70_000));
    const drained = output.drained();
    stream.destroy(new Error('EPIPE'));
    await drained;
    assert.equal(closed.signal.aborted, true);
    output.write('y');
    output.flush();
    assert.equal(stream.written.length, 1);
  });
});

/** A stream whose reader takes nothing until it is told to. */
class SlowStream extends Writable {
  /** What has come, in hexadecimal. */
  readonly written: string[] = [];
  #done: (() => void) | undefined;

  /** Its reader takes what is there. */
  take(): void {
    this.#done?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk.toString('hex'));
    this.#done = done;
  }
}

function stage() {
  const closed = new AbortController();
  const stream = new SlowStream();
  return { closed, stream, output: new GatheredOutput(stream, closed) };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
