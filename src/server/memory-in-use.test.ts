/** Tests that garbage is left out of the memory that counts, and nothing else. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { MemoryInUse } from './memory-in-use.ts';

describe('memory in use', () => {
  /** What it tells at these times, when so much is measured. */
  function told(...measured: readonly (readonly [at: number, bytes: number])[]): number[] {
    let bytes = 0;
    const memory = new MemoryInUse(() => bytes);
    return measured.map(([at, now]) => {
      bytes = now;
      return memory.bytes(at);
    });
  }

  it('is the least of a time in which garbage is collected', () => {
    assert.deepEqual(told([0, 10], [100, 90], [200, 12], [600, 80]), [10, 10, 10, 10]);
  });

  it('follows what really grows, within a second', () => {
    const growing = told([0, 10], [100, 500], [600, 510], [1100, 520], [1200, 530]);
    assert.deepEqual(growing, [10, 10, 10, 510, 510]);
  });

  it('follows what shrinks at once', () => {
    assert.deepEqual(told([0, 500], [100, 20]), [500, 20]);
  });

  it('forgets what was measured long ago', () => {
    assert.deepEqual(told([0, 10], [10_000, 500]), [10, 500]);
  });

  it('need not wait for that time when the collector has been through everything', () => {
    let bytes = 10;
    const memory = new MemoryInUse(() => bytes);
    memory.bytes(0);
    bytes = 500;
    memory.collected();
    // It may not have given everything back yet.
    assert.equal(memory.bytes(10), 10);
    bytes = 400;
    assert.equal(memory.bytes(20), 10);
    memory.collected();
    assert.equal(memory.bytes(30), 400);
  });

  it('has what is held in buffers and in the heap, once each', () => {
    const before = new MemoryInUse().bytes(0);
    const buffer = Buffer.alloc(64 * 2 ** 20);
    const list = Array.from({ length: 2 ** 20 }, (_, i) => ({ i }));
    const grown = new MemoryInUse().bytes(0) - before;
    assert.ok(grown > (64 + 16) * 2 ** 20, `${grown} bytes`);
    assert.ok(grown < (64 + 64) * 2 ** 20, `${grown} bytes`);
    assert.equal(buffer.length, 64 * list.length);
  });

  it('has less in it than the resident set, where the program itself is, and mapped files', () => {
    const bytes = new MemoryInUse().bytes(0);
    assert.ok(bytes > 2 ** 20);
    assert.ok(bytes < process.memoryUsage.rss());
  });
});
